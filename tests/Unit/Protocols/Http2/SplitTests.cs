using System;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Where the input is cut makes no difference.</summary>
public sealed class SplitTests
{
    private const string Post = ":method: POST\n:scheme: http\n:path: /\n:authority: a\n";

    private static byte[] Conversation =>
    [
        .. Frames.Preface, .. Frames.Settings((3, 100), (4, 70_000)), .. Frames.WindowUpdate(0, 1000),
        .. Frames.Headers(1, Post + "content-length: 11\n", endStream: false),
        .. Frames.Data(1, "hello"u8, endStream: false),
        .. Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, [2, .. " world"u8, 0, 0]),
        .. Frames.Headers(1, "grpc-status: 0\n"),
        .. Frames.Frame(FrameType.Headers, FrameFlags.Padded | FrameFlags.Priority | FrameFlags.EndStream, 3,
            [1, 0, 0, 0, 1, 9, .. Frames.Block(Post), 0]),
        .. Frames.Frame(FrameType.Continuation, FrameFlags.None, 3, Frames.Block("x: y\n")),
        .. Frames.Frame(FrameType.Continuation, FrameFlags.EndHeaders, 3, 0x40, 1, (byte)'k', 1, (byte)'v'),
        .. Frames.Frame((FrameType)0x55, FrameFlags.None, 7, 1, 2, 3, 4), .. Frames.Ping(),
        .. Frames.Headers(5, "Bad: x\n"), .. Frames.RstStream(1), .. Frames.Headers(7, Post, endStream: false),
        .. Frames.Frame(FrameType.Data, FrameFlags.Padded | FrameFlags.EndStream, 7, 1, 0), .. Frames.GoAway(0),
    ];

    [Fact]
    public void Conversation_CutAnywhere_MeansTheSame()
    {
        byte[] bytes = Conversation;
        string whole = Run(bytes, bytes.Length, int.MaxValue);
        Assert.Contains("request 3", whole, StringComparison.Ordinal);
        Assert.Contains("refused 5 MalformedFieldName\n", whole, StringComparison.Ordinal);
        Assert.Contains("data 7  END\n", whole, StringComparison.Ordinal);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(whole, Run(bytes, cut, int.MaxValue));
        }

        Assert.Equal(whole, Run(bytes, 0, 1));
        Assert.Equal(whole, Run(bytes, 0, 3));
    }

    private static string Run(byte[] bytes, int cut, int step)
    {
        Http2Peer server = new(Http2Role.Server) { JoinsData = true };
        server.Receive(bytes.AsSpan(0, cut), step);
        server.Receive(bytes.AsSpan(cut), step);
        Assert.False(server.Session.IsFailed);
        return server.TakeEvents() + server.TakeFrames();
    }
}
