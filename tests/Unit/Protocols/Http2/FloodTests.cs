using System;
using System.Linq;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Each flood ends the connection with ENHANCE_YOUR_CALM and says what it was.</summary>
public sealed class FloodTests
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

    [Fact]
    public void RapidReset_BeforeResponses_EndsTheConnection()
    {
        Http2Peer server = Http2Peer.Server();
        int resets = Flood(server, i => [.. Frames.Headers((2 * i) + 1, Get), .. Frames.RstStream((2 * i) + 1)]);
        Calm(server, Http2Fault.RapidResetFlood);
        Assert.InRange(resets, 100, 500);
    }

    [Fact]
    public void RapidReset_OfRequestsWhoseWorkGoesOn_IsRefusedByTheStreamLimit()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { StreamsMax = 10 });
        server.ReleasesResets = false;
        for (int id = 1; id <= 19; id += 2)
        {
            server.Receive(Frames.Headers(id, Get), Frames.RstStream(id));
        }

        Assert.Equal(10, server.Session.StreamCount);
        server.TakeEvents();
        server.Receive(Frames.Headers(21, Get));
        Assert.Equal("refused 21 TooManyStreams\n", server.TakeEvents());
        Assert.EndsWith("RST_STREAM 21 RefusedStream\n", server.TakeFrames(), StringComparison.Ordinal);
        Assert.True(server.Session.TryFind(1, out StreamKey first));
        server.Session.Release(first);
        server.Receive(Frames.Headers(23, Get));
        Assert.StartsWith("request 23", server.TakeEvents(), StringComparison.Ordinal);
    }

    [Fact]
    public void RapidReset_MixedWithServedRequests_IsForgiven()
    {
        Http2Peer server = Http2Peer.Server();
        server.OnRequest = (stream, head) =>
        {
            if (head.Method == HttpMethod.Get)
            {
                server.Session.SubmitResponse(stream, Heads2.Response(), endStream: true);
                server.Session.Release(stream);
            }
        };
        for (int i = 0; i < 2000; i++)
        {
            server.Receive(Frames.Headers((4 * i) + 1, Get), Frames.Headers((4 * i) + 3, Get.Replace("GET", "PUT")),
                Frames.RstStream((4 * i) + 3));
        }

        Assert.False(server.Session.IsFailed);
    }

    [Fact]
    public void RapidReset_OverTime_IsRefilled()
    {
        Http2Peer server = Http2Peer.Server();
        server.Session.Tick(0);
        for (int i = 0; i < 2000; i++)
        {
            server.Receive(Frames.Headers((2 * i) + 1, Get), Frames.RstStream((2 * i) + 1));
            server.Session.Tick(i * 100L);
        }

        Assert.False(server.Session.IsFailed);
    }

    [Theory]
    [InlineData("window update by zero")]
    [InlineData("window overflow")]
    [InlineData("data after end")]
    [InlineData("headers after end")]
    [InlineData("self dependency")]
    [InlineData("malformed request")]
    [InlineData("data over content-length")]
    public void MadeYouReset_ByAnyFault_EndsTheConnection(string how)
    {
        Http2Peer server = Http2Peer.Server();
        int requests = Flood(server, i => Provoke(how, (2 * i) + 1));
        Calm(server, Http2Fault.ProvokedResetFlood);
        Assert.InRange(requests, 100, 500);
    }

    [Fact]
    public void RefusedStreams_WithoutEnd_EndTheConnection()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { StreamsMax = 1 });
        Flood(server, i => Frames.Headers((2 * i) + 1, Get));
        Calm(server, Http2Fault.ProvokedResetFlood);
    }

    [Fact]
    public void Continuation_WithoutEnd_EndsTheConnectionWithin64KiB()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.None, 1, Frames.Block(Get)));
        int bytes = 0;
        Flood(server, i =>
        {
            bytes += 16000;
            return Frames.Frame(FrameType.Continuation, FrameFlags.None, 1, new byte[16000]);
        });
        Calm(server, Http2Fault.ContinuationFlood);
        Assert.InRange(bytes, 1, 80_000);
    }

    [Fact]
    public void Continuation_InTinyFrames_EndsTheConnection()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.None, 1, Frames.Block(Get)));
        int frames = Flood(server, i => Frames.Frame(FrameType.Continuation, FrameFlags.None, 1, 0));
        Calm(server, Http2Fault.ContinuationFlood);
        Assert.InRange(frames, 1, 40);
    }

    [Theory]
    [InlineData(FrameType.Data)]
    [InlineData(FrameType.Headers)]
    [InlineData(FrameType.Continuation)]
    internal void EmptyFrames_InARow_EndTheConnection(FrameType type)
    {
        Http2Peer server = Http2Peer.Server();
        byte[] first = type == FrameType.Data
            ? Frames.Headers(1, Get, endStream: false)
            : Frames.Frame(FrameType.Headers, FrameFlags.None, 1, type == FrameType.Headers ? [] : Frames.Block(Get));
        server.Receive(first);
        FrameType next = type == FrameType.Headers ? FrameType.Continuation : type;
        Flood(server, i => Frames.Frame(next, FrameFlags.None, 1));
        Calm(server, Http2Fault.EmptyFrameFlood);
    }

    [Fact]
    public void Settings_WithoutEnd_EndTheConnection() =>
        Drained(Http2Fault.SettingsFlood, i => Frames.Settings((3, 100)));

    [Fact]
    public void SettingsAcks_WithoutEnd_EndTheConnection() =>
        Drained(Http2Fault.SettingsFlood, i => Frames.SettingsAck());

    [Fact]
    public void Pings_WithoutEnd_EndTheConnection() => Drained(Http2Fault.PingFlood, i => Frames.Ping());

    [Fact]
    public void PingAcks_WithoutEnd_EndTheConnection() =>
        Drained(Http2Fault.PingFlood, i => Frames.Ping(FrameFlags.Ack));

    [Fact]
    public void Priorities_WithoutEnd_EndTheConnection() =>
        Drained(Http2Fault.PriorityFlood, i => Frames.Frame(FrameType.Priority, FrameFlags.None, 1, new byte[5]));

    [Fact]
    public void PriorityUpdates_WithoutEnd_EndTheConnection() => Drained(Http2Fault.PriorityFlood,
        i => Frames.Frame(FrameType.PriorityUpdate, FrameFlags.None, 0, 0, 0, 0, 1, (byte)'i'));

    [Fact]
    public void WindowUpdates_WithoutData_EndTheConnection() =>
        Drained(Http2Fault.WindowUpdateFlood, i => Frames.WindowUpdate(0, 1));

    [Fact]
    public void UnknownFrames_WithoutEnd_EndTheConnection() => Drained(Http2Fault.UnknownFrameFlood,
        i => Frames.Frame((FrameType)0x33, FrameFlags.None, 0, 1));

    [Fact]
    public void GoAways_WithoutEnd_EndTheConnection() =>
        Drained(Http2Fault.UnknownFrameFlood, i => Frames.GoAway(0));

    [Fact]
    public void FramesOnClosedStreams_WithoutEnd_EndTheConnection()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get, endStream: false));
        server.Session.Reset(server.LastStream, Http2ErrorCode.Cancel);
        Flood(server, i =>
        {
            server.Session.OwedSent(server.Session.OwedFrames);
            return Frames.Data(1, [1], endStream: false);
        }, 20_000);
        Calm(server, Http2Fault.StrayFrameFlood);
    }

    [Fact]
    public void Acknowledgements_NobodyReads_EndTheConnection()
    {
        Http2Limits limits = new() { PingFrames = new Http2Allowance(100_000, 0) };
        Http2Peer server = Http2Peer.Server(limits);
        int pings = Flood(server, i => Frames.Ping());
        Calm(server, Http2Fault.OwedFrameFlood);
        Assert.InRange(pings, 900, 1100);
    }

    [Fact]
    public void InterimResponses_WithoutEnd_EndTheConnection()
    {
        Http2Peer client = Http2Peer.Client();
        client.Session.TrySubmitRequest(Heads2.Request(), true, null, out _);
        Flood(client, i => Frames.Headers(1, ":status: 103", endStream: false), 20_000);
        Calm(client, Http2Fault.StrayFrameFlood);
    }

    [Fact]
    public void ZeroLengthNames_InManyRequests_EndTheConnection()
    {
        Http2Peer server = Http2Peer.Server();
        string names = string.Concat(Enumerable.Repeat(": \n", 90));
        Flood(server, i => Frames.Headers((2 * i) + 1, Get + names));
        Calm(server, Http2Fault.ProvokedResetFlood);
    }

    private static byte[] Provoke(string how, int id)
    {
        byte[] open = Frames.Headers(id, Get, endStream: false);
        byte[] ended = Frames.Headers(id, Get);
        return how switch
        {
            "window update by zero" => [.. open, .. Frames.WindowUpdate(id, 0)],
            "window overflow" => [.. open, .. Frames.WindowUpdate(id, int.MaxValue)],
            "data after end" => [.. ended, .. Frames.Data(id, [1], false)],
            "headers after end" => [.. ended, .. Frames.Headers(id, "x: y")],
            "self dependency" => [.. open, .. Frames.Frame(FrameType.Priority, FrameFlags.None, id,
                0, 0, (byte)(id >> 8), (byte)id, 0)],
            "malformed request" => Frames.Headers(id, Get + "Upper: x\n"),
            _ => [.. Frames.Headers(id, Get + "content-length: 1\n", endStream: false),
                .. Frames.Data(id, [1, 2], false)],
        };
    }

    // The peer reads everything, so that only the flood itself is charged.
    private static void Drained(Http2Fault fault, Func<int, byte[]> frame)
    {
        Http2Peer server = Http2Peer.Server();
        Flood(server, i =>
        {
            server.Session.OwedSent(server.Session.OwedFrames);
            return frame(i);
        });
        Calm(server, fault);
    }

    private static int Flood(Http2Peer peer, Func<int, byte[]> frame, int max = 5000)
    {
        int count = 0;
        while (!peer.Session.IsFailed && count < max)
        {
            peer.Receive(frame(count++));
        }

        return count;
    }

    private static void Calm(Http2Peer peer, Http2Fault fault)
    {
        Assert.Equal(fault, peer.Session.Fault);
        Assert.True(Http2Error.IsAbuse(fault));
        Assert.EndsWith(" EnhanceYourCalm\n", peer.TakeFrames(), StringComparison.Ordinal);
    }
}
