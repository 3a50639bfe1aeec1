using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Fuzz.Engine;
using FastMesh.Tests.Support.Http2;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// What a peer may send to a session: whole, split and byte by byte mean the same, streams stay within their limit, and
/// what the session writes are frames.
/// </summary>
internal abstract class Http2SessionTarget : FuzzTarget
{
    // Windows so large that no input fills them: then credit does not depend on where the input is cut.
    protected static readonly Http2Limits Limits = new()
    {
        StreamsMax = 8,
        StreamWindowBytes = 1 << 20,
        ConnectionWindowBytes = 1 << 21,
        Resets = new Http2Allowance(20, 0),
        SettingsFrames = new Http2Allowance(10, 0),
        PingFrames = new Http2Allowance(10, 0),
        UnknownFrames = new Http2Allowance(10, 0),
        StrayFrames = new Http2Allowance(20, 0),
    };

    public override IReadOnlyList<byte[]> Dictionary { get; } =
    [
        Frames.Settings(), Frames.SettingsAck(), Frames.Ping(), Frames.WindowUpdate(0, 1), Frames.WindowUpdate(1, 0),
        Frames.RstStream(1), Frames.RstStream(3), Frames.GoAway(0), Frames.Data(1, [1, 2], false),
        Frames.Data(3, [1], true), Frames.Data(1, [], true), Frames.Headers(1, "grpc-status: 0"),
        Frames.Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, 0x82),
        Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, 1, 65, 0),
        Frames.Frame(FrameType.Headers, FrameFlags.None, 5, 0x82, 0x86, 0x84), [0, 0, 1, 0x1, 0x5, 0, 0, 0, 7, 0x82],
        [0x40, 1, (byte)'k', 1, (byte)'v'], [0xBE], [0x3F, 0x45], [0, 0, 0, 1], [0, 0, 0, 3], [0x7F, 0xFF, 0xFF, 0xFF],
    ];

    /// <summary>A session that has got the peer's hello.</summary>
    protected abstract Http2Peer Begin();

    public override int Run(byte[] input)
    {
        (string whole, int streams) = Play(input, input.Length, int.MaxValue);
        int cut = Wire.Cut(input);
        Same($"whole and split at {cut}", whole, Play(input, cut, int.MaxValue).Events);
        if (input.Length < 2000)
        {
            Same("whole and byte by byte", whole, Play(input, 0, 1).Events);
        }

        return (int)Wire.Hash(Words.Latin(Shape(whole))) ^ streams;
    }

    private (string Events, int Streams) Play(byte[] input, int cut, int step)
    {
        Http2Peer peer = Begin();
        peer.Receive(input.AsSpan(0, cut), step);
        peer.Receive(input.AsSpan(cut), step);
        string frames = peer.TakeFrames();
        Holds(peer.Session.StreamCount <= Limits.StreamsMax, "more streams than the limit");
        Holds(!peer.Session.IsFailed || frames.Contains("GOAWAY", StringComparison.Ordinal), "failed without GOAWAY");
        return (peer.TakeEvents() + peer.Session.Fault, peer.Session.StreamCount);
    }

    // The first words of the first events: enough to tell what is new.
    private static string Shape(string events)
    {
        StringBuilder shape = new();
        foreach (string line in events.Split('\n'))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            shape.Append(line.AsSpan(0, space < 0 ? line.Length : space)).Append(line.Length < 40 ? "" : "+");
            if (shape.Length > 200)
            {
                break;
            }
        }

        return shape.ToString();
    }
}

/// <summary>A server session and any client.</summary>
internal sealed class Http2ServerTarget : Http2SessionTarget
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

    public override string Name => "http2-server";

    public override IEnumerable<byte[]> Seeds =>
    [
        [.. Frames.Headers(1, Get), .. Frames.Headers(3, Get + "cookie: a\ncookie: b"), .. Frames.RstStream(3)],
        [.. Frames.Headers(1, Get + "content-length: 3", false), .. Frames.Data(1, [1, 2, 3], false),
            .. Frames.Headers(1, "grpc-status: 0"), .. Frames.WindowUpdate(0, 100), .. Frames.Ping()],
        [.. Frames.Frame(FrameType.Headers, FrameFlags.EndStream, 1, Frames.Block(Get)),
            .. Frames.Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, Frames.Block("x: y")),
            .. Frames.Settings((4, 100), (1, 0)), .. Frames.GoAway(0)],
        [.. Frames.Headers(1, ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /\n:authority: a", false),
            .. Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, 2, 1, 2, 0, 0), .. Frames.Data(1, [], true)],
    ];

    protected override Http2Peer Begin()
    {
        Http2Peer server = new(Http2Role.Server, Limits) { JoinsData = true };
        server.Receive(Frames.Preface, Frames.Settings());
        server.OnRequest = (stream, head) =>
        {
            ResponseHead response = new() { StatusCode = 200 };
            response.Fields.CopyFrom(head.Fields);
            response.Body = head.Body;
            bool ends = (stream.Id & 4) == 0;
            if (server.Session.SubmitResponse(stream, response, ends) == SubmitResult.Sent && (stream.Id & 8) == 0)
            {
                server.Session.Release(stream);
            }
        };
        return server;
    }
}

/// <summary>A client session with requests under way, and any server.</summary>
internal sealed class Http2ClientTarget : Http2SessionTarget
{
    public override string Name => "http2-client";

    public override IEnumerable<byte[]> Seeds =>
    [
        [.. Frames.Headers(1, ":status: 200"), .. Frames.Headers(3, ":status: 100", false),
            .. Frames.Headers(3, ":status: 200\ncontent-length: 2", false), .. Frames.Data(3, [1, 2], true)],
        [.. Frames.Headers(5, ":status: 200", false), .. Frames.Headers(5, "grpc-status: 0"), .. Frames.GoAway(3)],
        [.. Frames.Headers(7, ":status: 304\ncontent-length: 9"), .. Frames.RstStream(1, Http2ErrorCode.NoError),
            .. Frames.Settings((3, 1), (4, 5)), .. Frames.Ping(FrameFlags.Ack), .. Frames.WindowUpdate(1, 7)],
    ];

    protected override Http2Peer Begin()
    {
        Http2Peer client = new(Http2Role.Client, Limits) { JoinsData = true };
        client.Receive(Frames.Settings());
        HttpMethod[] methods = [HttpMethod.Get, HttpMethod.Post, HttpMethod.Head, HttpMethod.Connect];
        foreach (HttpMethod method in methods)
        {
            RequestHead head = new();
            head.SetMethod(method);
            head.SetAuthority("a:1"u8);
            head.SetPath("/"u8);
            client.Session.TrySubmitRequest(head, method == HttpMethod.Get, null, out _);
        }

        return client;
    }
}
