using System;
using System.Buffers;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Both windows in both directions (RFC 9113 §5.2, §6.9).</summary>
public sealed class FlowControlTests
{
    private const string Post = ":method: POST\n:scheme: http\n:path: /\n:authority: a\n";

    [Fact]
    public void BeginData_WindowsAreSmall_SendsWhatTheyAllow()
    {
        Http2Peer server = Answering(out StreamKey stream);
        server.Receive(Frames.Settings((4, 10)));
        server.TakeFrames();
        Assert.Equal(10, server.Session.BeginData(stream, 100, endStream: true));
        Pad(server, 10);
        Assert.Equal(0, server.Session.BeginData(stream, 90, endStream: true));
        server.Receive(Frames.WindowUpdate(1, 5));
        Assert.Equal(5, server.Session.SendableBytes(stream));
        Assert.Equal(5, server.Session.BeginData(stream, 5, endStream: true));
        Pad(server, 5);
        Assert.Equal("DATA 1 10\nDATA 1 5 END\n", server.TakeFrames());
        Assert.Equal(-1, server.Session.BeginData(stream, 1, endStream: true));
    }

    [Fact]
    public void BeginData_NoWindowLeft_StillEndsTheStream()
    {
        Http2Peer server = Answering(out StreamKey stream);
        server.Receive(Frames.Settings((4, 0)));
        server.TakeFrames();
        Assert.Equal(0, server.Session.BeginData(stream, 1, endStream: true));
        Assert.Equal("", server.TakeFrames());
        Assert.Equal(0, server.Session.BeginData(stream, 0, endStream: true));
        Assert.Equal("DATA 1 0 END\n", server.TakeFrames());
    }

    [Fact]
    public void InitialWindow_IsLoweredBelowWhatWasSent_WindowIsNegative()
    {
        Http2Peer server = Answering(out StreamKey stream);
        Pad(server, server.Session.BeginData(stream, 16384, endStream: false));
        server.Receive(Frames.Settings((4, 100)));
        Assert.Equal(100 - 16384, server.Session[stream].SendWindow.Bytes);
        Assert.Equal(0, server.Session.BeginData(stream, 1, endStream: false));
        server.Receive(Frames.WindowUpdate(1, 16384 - 100));
        Assert.Equal(0, server.Session.SendableBytes(stream));
        server.Receive(Frames.WindowUpdate(1, 7));
        Assert.Equal(7, server.Session.SendableBytes(stream));
        server.Receive(Frames.Settings((4, 65535)));
        Assert.Equal(7 + 65435, server.Session[stream].SendWindow.Bytes);
    }

    [Fact]
    public void ConnectionWindow_IsUsedUp_StopsEveryStreamUntilItsUpdate()
    {
        Http2Peer server = Answering(out StreamKey stream);
        server.Receive(Frames.Settings((4, 1 << 20)));
        server.Session.SetPending(stream, true);
        int sent = 0;
        while (server.Session.TryNextToSend(out StreamKey next))
        {
            int count = server.Session.BeginData(next, 100_000, endStream: false);
            Pad(server, count);
            sent += count;
        }

        Assert.Equal(65535, sent);
        server.Receive(Frames.WindowUpdate(0, 3));
        Assert.True(server.Session.TryNextToSend(out _));
        Assert.Equal(3, server.Session.SendableBytes(stream));
    }

    [Fact]
    public void Data_IsConsumed_CreditGoesBackHalfAWindowAtATime()
    {
        Http2Peer server = Http2Peer.Server(
            new Http2Limits { StreamWindowBytes = 65536, ConnectionWindowBytes = 131072 });
        server.ConsumesData = false;
        server.Receive(Frames.Headers(1, Post, endStream: false));
        Send(server, 1, 4 * 16384);
        Assert.Equal("", server.TakeFrames());
        server.Session.ConsumeData(server.LastStream, 32767);
        Assert.Equal("", server.TakeFrames());
        server.Session.ConsumeData(server.LastStream, 1);
        Assert.Equal("WINDOW_UPDATE 1 32768\n", server.TakeFrames());
        server.Session.ConsumeData(server.LastStream, 32768);
        Assert.Equal("WINDOW_UPDATE 0 65536\nWINDOW_UPDATE 1 32768\n", server.TakeFrames());
    }

    [Fact]
    public void Data_OverTheStreamWindow_ResetsTheStream()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { StreamWindowBytes = 16384 });
        server.ConsumesData = false;
        server.Receive(Frames.Headers(1, Post, endStream: false));
        Send(server, 1, 16384);
        server.Receive(Frames.Data(1, [1], false));
        Assert.EndsWith(
            "reset 1 FlowControlError StreamWindowExceeded\n", server.TakeEvents(), StringComparison.Ordinal);
        Assert.Equal("RST_STREAM 1 FlowControlError\n", server.TakeFrames());
    }

    [Fact]
    public void Data_OverTheConnectionWindow_EndsTheConnection()
    {
        Http2Peer server = Http2Peer.Server(
            new Http2Limits { StreamWindowBytes = 1 << 20, ConnectionWindowBytes = 65535 });
        server.ConsumesData = false;
        server.Receive(Frames.Headers(1, Post, endStream: false));
        Send(server, 1, 65535);
        server.Receive(Frames.Data(1, [1], false));
        Assert.Equal(Http2Fault.ConnectionWindowExceeded, server.Session.Fault);
        Assert.Equal("GOAWAY 1 FlowControlError\n", server.TakeFrames());
    }

    [Fact]
    public void Data_BeforeSettingsAreAcknowledged_IsHeldToTheDefaultWindow()
    {
        Http2Peer server = new(Http2Role.Server, new Http2Limits { StreamWindowBytes = 1000 });
        server.ConsumesData = false;
        server.Receive(Frames.Preface, Frames.Settings(), Frames.Headers(1, Post, endStream: false));
        Send(server, 1, 16384);
        Assert.False(server.Session.IsFailed);
        server.TakeFrames();
        server.Receive(Frames.SettingsAck());
        Assert.Equal(1000 - 16384, server.Session[server.LastStream].ReceiveWindow.Bytes);
    }

    [Fact]
    public void Padding_IsCreditedAtOnce()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { StreamWindowBytes = 512, ConnectionWindowBytes = 65535 });
        server.ConsumesData = false;
        server.Receive(Frames.Headers(1, Post, endStream: false));
        byte[] padded = new byte[256];
        padded[0] = 255;
        server.Receive(Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, padded));
        Assert.Equal("WINDOW_UPDATE 1 256\n", server.TakeFrames());
        Assert.Equal(0, server.Session[server.LastStream].Unconsumed);
    }

    [Fact]
    public void Release_WithUnreadData_GivesTheConnectionItsCreditBack()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { ConnectionWindowBytes = 65535 });
        server.ConsumesData = false;
        server.Receive(Frames.Headers(1, Post, endStream: false));
        Send(server, 1, 40_000);
        server.Session.Release(server.LastStream);
        Assert.Equal("RST_STREAM 1 Cancel\nWINDOW_UPDATE 0 40000\n", server.TakeFrames());
        Assert.Equal(0, server.Session.StreamCount);
    }

    [Fact]
    public void Data_AfterReset_IsDroppedAndCreditedToTheConnection()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { ConnectionWindowBytes = 65535 });
        server.Receive(Frames.Headers(1, Post, endStream: false));
        server.Session.Reset(server.LastStream, Http2ErrorCode.Cancel);
        server.TakeEvents();
        server.TakeFrames();
        Send(server, 1, 32767);
        Assert.Equal("", server.TakeEvents());
        Assert.Equal("WINDOW_UPDATE 0 32767\n", server.TakeFrames());
    }

    [Fact]
    public void Data_IsResetBetweenItsPieces_RestIsDropped()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Post, endStream: false));
        server.OnData = (stream, end) => server.Session.Reset(stream, Http2ErrorCode.Cancel);
        server.TakeEvents();
        server.Receive(Frames.Data(1, "abcdef"u8, endStream: true), step: 10);
        Assert.Equal("data 1 a\n", server.TakeEvents());
        server.Receive(Frames.Headers(3, Post));
        Assert.StartsWith("request 3", server.TakeEvents(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 100, true, 100)]
    [InlineData(int.MaxValue, 1, false, int.MaxValue)]
    [InlineData(-5, int.MaxValue, true, int.MaxValue - 5)]
    public void Window_IsIncreased_StopsAt2To31(int bytes, int increment, bool fits, int after)
    {
        FlowWindow window = new(bytes);
        Assert.Equal(fits, window.TryAdd(increment));
        Assert.Equal(after, window.Bytes);
    }

    private static Http2Peer Answering(out StreamKey stream)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Post));
        stream = server.LastStream;
        server.Session.SubmitResponse(stream, Heads2.Response(), endStream: false);
        server.TakeFrames();
        return server;
    }

    private static void Pad(Http2Peer peer, int count) => peer.Output.Write(new byte[count]);

    private static void Send(Http2Peer peer, int id, int bytes)
    {
        for (; bytes > 0; bytes -= Math.Min(bytes, 16384))
        {
            peer.Receive(Frames.Data(id, new byte[Math.Min(bytes, 16384)], endStream: false));
        }
    }
}
