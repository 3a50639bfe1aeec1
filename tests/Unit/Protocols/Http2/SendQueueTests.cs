using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Who writes next: fair by bytes, whatever the frames.</summary>
public sealed class SendQueueTests
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

    [Fact]
    public void Streams_WithLargeAndSmallFrames_GetTheSameBytes()
    {
        (Http2Peer server, StreamKey[] streams) = Open(3);
        server.Receive(Frames.Settings((4, int.MaxValue)), Frames.WindowUpdate(0, int.MaxValue - 65535));
        int[] frame = [16384, 100, 5000];
        Dictionary<int, int> sent = streams.ToDictionary(stream => stream.Id, _ => 0);
        for (int i = 0; i < 20_000; i++)
        {
            Assert.True(server.Session.TryNextToSend(out StreamKey next));
            int count = server.Session.BeginData(next, frame[Array.IndexOf(streams, next)], endStream: false);
            sent[next.Id] += count;
        }

        Assert.InRange(sent.Values.Max() - sent.Values.Min(), 0, 2 * SendQueue.QuantumBytes);
    }

    [Fact]
    public void Stream_WithoutWindow_DoesNotHoldOthersUp()
    {
        (Http2Peer server, StreamKey[] streams) = Open(3);
        server.Receive(Frames.WindowUpdate(0, 1 << 20));
        Drain(server);
        server.Receive(Frames.WindowUpdate(streams[1].Id, 10));
        Assert.True(server.Session.TryNextToSend(out StreamKey next));
        Assert.Equal(streams[1], next);
        Assert.Equal(10, server.Session.BeginData(next, 1000, endStream: false));
        Assert.False(server.Session.TryNextToSend(out _));
    }

    [Fact]
    public void Stream_HasNothingMore_LeavesTheQueue()
    {
        (Http2Peer server, StreamKey[] streams) = Open(2);
        server.Session.SetPending(streams[0], false);
        Assert.True(server.Session.TryNextToSend(out StreamKey next));
        Assert.Equal(streams[1], next);
        server.Session.BeginData(streams[1], 0, endStream: true);
        Assert.False(server.Session.TryNextToSend(out _));
        server.Session.SetPending(streams[0], true);
        Assert.True(server.Session.TryNextToSend(out next));
        Assert.Equal(streams[0], next);
    }

    [Fact]
    public void Streams_LeaveInAnyOrder_QueueStaysWhole()
    {
        Random random = new(7);
        for (int round = 0; round < 200; round++)
        {
            (Http2Peer server, StreamKey[] streams) = Open(9);
            List<StreamKey> left = [.. streams];
            while (left.Count > 0)
            {
                StreamKey gone = left[random.Next(left.Count)];
                left.Remove(gone);
                server.Session.Release(gone);
                HashSet<StreamKey> seen = [];
                for (int i = 0; i < left.Count; i++)
                {
                    Assert.True(server.Session.TryNextToSend(out StreamKey next));
                    seen.Add(next);
                    Assert.Equal(0, server.Session.SendWindowBytes == 0 ? 0 : Take(server, next));
                }

                Assert.True(seen.SetEquals(left));
            }

            Assert.False(server.Session.TryNextToSend(out _));
        }
    }

    // Uses a whole quantum, so that the next stream has its turn, and gives it back to both windows.
    private static int Take(Http2Peer server, StreamKey stream)
    {
        int count = server.Session.BeginData(stream, SendQueue.QuantumBytes, endStream: false);
        server.Output.ResetWrittenCount();
        server.Receive(Frames.WindowUpdate(0, (uint)count), Frames.WindowUpdate(stream.Id, (uint)count));
        return SendQueue.QuantumBytes - count;
    }

    private static void Drain(Http2Peer server)
    {
        while (server.Session.TryNextToSend(out StreamKey next))
        {
            server.Output.Write(new byte[server.Session.BeginData(next, 1 << 20, endStream: false)]);
        }
    }

    private static (Http2Peer Server, StreamKey[] Streams) Open(int count)
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { WindowUpdatesPerDataMax = 1000 });
        StreamKey[] streams = new StreamKey[count];
        for (int i = 0; i < count; i++)
        {
            server.Receive(Frames.Headers((2 * i) + 1, Get));
            streams[i] = server.LastStream;
            server.Session.SubmitResponse(streams[i], Heads2.Response(), endStream: false);
            server.Session.SetPending(streams[i], true);
        }

        return (server, streams);
    }
}
