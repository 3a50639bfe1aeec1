using System;
using System.Buffers;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>What a connection allocates and holds.</summary>
public sealed class MemoryTests
{
    private const int IdleBytesMax = 4096;
    private const int StreamBytesMax = 200;

    [Fact]
    public void Exchange_SecondAndLater_AllocatesNothing()
    {
        Http2Session client = Make(Http2Role.Client, out Wire toServer);
        Http2Session server = Make(Http2Role.Server, out Wire toClient);
        Exchanger exchanger = new(client, server, toServer, toClient);
        for (int i = 0; i < 200; i++)
        {
            exchanger.Run();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            exchanger.Run();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(400, exchanger.Answers);
    }

    [Fact]
    public void Session_IdleAfterRequests_HoldsLittle()
    {
        Http2Memory memory = new();
        Wire wire = new();
        Http2Session warm = new(Http2Role.Server, Http2Limits.Default, memory, wire);
        warm.Start();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Http2Session session = new(Http2Role.Server, Http2Limits.Default, memory, wire);
        session.Start();
        long held = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(held, 1, IdleBytesMax / 2);
        GC.KeepAlive(session);
    }

    [Fact]
    public void Stream_OfATable_HoldsLittle()
    {
        StreamTable table = new();
        table.Add(1, StreamState.Open);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < 4096; i++)
        {
            table.Add((2 * i) + 1, StreamState.Open);
        }

        // Growing by doubling has allocated, and dropped, as much again.
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / 2 / 4096;
        Assert.InRange(each, 1, StreamBytesMax);
    }

    private static Http2Session Make(Http2Role role, out Wire wire)
    {
        wire = new Wire();
        Http2Session session = new(role, Http2Limits.Default, new Http2Memory(), wire);
        session.Start();
        return session;
    }

    private sealed class Wire : IBufferWriter<byte>
    {
        private readonly byte[] _bytes = new byte[1 << 16];
        private int _length;

        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

        public void Clear() => _length = 0;

        public void Advance(int count) => _length += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.AsMemory(_length);

        public Span<byte> GetSpan(int sizeHint = 0) => _bytes.AsSpan(_length);
    }

    private sealed class Exchanger(Http2Session client, Http2Session server, Wire toServer, Wire toClient)
    {
        private readonly RequestHead _request = Heads2.Request(HttpMethod.Post, "/path", "x-a", "1", "accept", "*/*");
        private readonly ResponseHead _response = Heads2.Response(200, "server", "x", "content-type", "text/plain");
        private readonly RequestHead _requestIn = new();
        private readonly ResponseHead _responseIn = new();
        private readonly HttpFields _trailersIn = new();
        private readonly HttpFields _trailers = new();
        private readonly byte[] _body = new byte[3000];

        public int Answers { get; set; }

        public void Run()
        {
            if (_trailers.Count == 0)
            {
                _trailers.Append(KnownField.GrpcStatus, "0"u8);
            }

            client.TrySubmitRequest(_request, endStream: false, null, out StreamKey stream);
            toServer.Write(_body.AsSpan(0, client.BeginData(stream, _body.Length, endStream: true)));
            Pass();
            client.Release(stream);
            Pass();
        }

        private void Pass()
        {
            Handler handler = new(this);
            while (toServer.Written.Length + toClient.Written.Length > 0)
            {
                server.Receive(toServer.Written, ref handler);
                toServer.Clear();
                client.Receive(toClient.Written, ref handler);
                toClient.Clear();
                client.OwedSent(client.OwedFrames);
                server.OwedSent(server.OwedFrames);
            }
        }

        private readonly struct Handler(Exchanger owner) : IHttp2Handler
        {
            private readonly Exchanger _owner = owner;

            private Http2Session Server => _owner.ServerSession;

            public RequestHead RequestTarget() => _owner._requestIn;

            public void OnRequest(StreamKey stream, RequestHead head, bool endStream)
            {
            }

            public void OnRequestRefused(int streamId, Http2Fault fault) => throw new InvalidOperationException();

            public ResponseHead ResponseTarget(StreamKey stream) => _owner._responseIn;

            public void OnResponse(StreamKey stream, ResponseHead head, bool endStream)
            {
            }

            public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream)
            {
                bool isServer = Server.Contains(stream) && Server[stream].State == StreamState.HalfClosedRemote;
                if (!endStream || !isServer)
                {
                    return;
                }

                Server.ConsumeData(stream, data.Length);
                Server.SubmitResponse(stream, _owner._response, endStream: false);
                _owner.ServerWire.Write(_owner._body.AsSpan(0, Server.BeginData(stream, 100, endStream: false)));
                Server.SubmitTrailers(stream, _owner._trailers);
                Server.Release(stream);
            }

            public HttpFields TrailersTarget(StreamKey stream) => _owner._trailersIn;

            public void OnTrailers(StreamKey stream, HttpFields trailers)
            {
                _owner.ClientSession.ConsumeData(stream, 100);
                _owner.Answers++;
            }

            public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault) =>
                throw new InvalidOperationException();

            public void OnSettings()
            {
            }

            public void OnPingAck(ulong opaque)
            {
            }

            public void OnGoAway(int lastStreamId, Http2ErrorCode code) => throw new InvalidOperationException();
        }

        private Http2Session ServerSession => server;

        private Http2Session ClientSession => client;

        private Wire ServerWire => toClient;
    }
}
