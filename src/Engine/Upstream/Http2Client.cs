using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The client side of one HTTP/2 connection, shared by its streams. It takes new ones until the server says GOAWAY, it
/// has had its requests, or it rested too long; then it ends with its last stream. Reactor thread only.
/// </summary>
internal sealed class Http2Client
{
    private const ulong KeepalivePing = 1;

    private static readonly Action<object?> s_readable = static client => ((Http2Client)client!).ServeArrived();

    private readonly Http2Pool _pool;
    private readonly ReactorTimer? _keepalive;
    private readonly ResponseHead _unwantedHead = new();
    private readonly HttpFields _unwantedTrailers = new();
    private Http2ClientStream[] _streams = [];
    private List<Http2ClientStream>? _waiting;
    private int _count;
    private int _reserved;
    private bool _isDraining;
    private bool _isPingOut;

    public Http2Client(TransportConnection connection, Http2Pool pool, Http2Memory memory)
    {
        Connection = connection;
        _pool = pool;
        Link = new Http2Link(connection, Http2Role.Client, pool.Cluster.Http2Limits, memory);
        connection.Owner = this;
        IdleUntilMs = pool.Reactor.NowMs + pool.Cluster.IdleTimeoutMs;
        if (pool.Cluster.Http2KeepaliveIntervalMs > 0)
        {
            _keepalive = new ReactorTimer(static client => ((Http2Client)client!).OnKeepalive(), this);
        }

        pool.OnConnected();
    }

    public TransportConnection Connection { get; }

    public Http2Link Link { get; }

    /// <summary>Requests begun on this connection.</summary>
    public long Requests { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>No stream is open or about to be.</summary>
    public bool IsIdle => _count == 0 && _reserved == 0;

    /// <summary>When the pool ends it unless it is used.</summary>
    public long IdleUntilMs { get; private set; }

    /// <summary>Streams that may be opened now: by the server's word, and by ours.</summary>
    public int StreamsFree => _isDraining || IsClosed
        ? 0
        : Math.Min(Link.Session.StreamsFree, StreamsMax - _count) - _reserved;

    private int StreamsMax =>
        Link.Session.SettingsReceived ? _pool.Cluster.Http2Limits.StreamsMax : _pool.StreamsExpected;

    private bool IsDone => _isDraining && IsIdle;

    public void Start()
    {
        Link.Session.Start();
        Link.Wake();
        ArmKeepalive(NextPingMs());
        ServeArrived();
    }

    /// <summary>A stream will be opened in this turn or the next.</summary>
    public void Reserve() => _reserved++;

    /// <summary>It is not.</summary>
    public void Unreserve()
    {
        _reserved--;
        OnLess();
    }

    /// <summary>Tells a stream that was reserved when the server's first SETTINGS are here.</summary>
    public void AwaitSettings(Http2ClientStream stream) => (_waiting ??= []).Add(stream);

    public void ForgetWaiting(Http2ClientStream stream) => _waiting!.Remove(stream);

    /// <summary>Opens a stream that was reserved.</summary>
    public SubmitResult Submit(Http2ClientStream stream, RequestHead head, bool endStream, out StreamKey key)
    {
        _reserved--;
        SubmitResult result = Link.Session.TrySubmitRequest(head, endStream, stream, out key);
        if (result != SubmitResult.Sent)
        {
            OnLess();
            return result;
        }

        Requests++;
        if (_count == _streams.Length)
        {
            Array.Resize(ref _streams, Math.Max(4, _count * 2));
        }

        stream.Place = _count;
        _streams[_count++] = stream;
        _pool.Http2Stats.StreamsActive++;
        Link.Wake();
        if (_pool.Cluster.MaxRequestsPerConnection > 0 && Requests >= _pool.Cluster.MaxRequestsPerConnection)
        {
            Drain();
        }

        return result;
    }

    /// <summary>Nothing is left of a stream's exchange.</summary>
    public void OnStreamOver(Http2ClientStream stream)
    {
        Http2ClientStream last = _streams[--_count];
        _streams[stream.Place] = last;
        last.Place = stream.Place;
        _streams[_count] = null!;
        _pool.Http2Stats.StreamsActive--;
        Link.Session.Release(stream.Key);
        Link.Wake();
        _pool.Recycle(stream);
        OnLess();
    }

    public void CountReset() => _pool.Http2Stats.TxReset++;

    public void Recycle(Http2ClientStream stream) => _pool.Recycle(stream);

    /// <summary>Takes no further stream, and ends with the last one.</summary>
    public void Drain()
    {
        if (_isDraining)
        {
            return;
        }

        _isDraining = true;
        _pool.Remove(this);
        OnLess();
    }

    private void OnLess()
    {
        if (IsClosed)
        {
            return;
        }

        if (IsDone)
        {
            // Not at once: this may be inside of what was just received.
            Connection.Reader.CancelPendingRead();
            return;
        }

        if (IsIdle)
        {
            IdleUntilMs = _pool.Reactor.NowMs + _pool.Cluster.IdleTimeoutMs;
        }

        _pool.OnStreamFree();
    }

    private void ServeArrived()
    {
        try
        {
            while (Connection.Reader.TryRead(out ReadResult read))
            {
                var handler = new Handler(this);
                Link.Receive(read.Buffer, ref handler);
                if (read.IsCompleted || Link.Session.IsFailed || IsDone)
                {
                    Close();
                    return;
                }
            }

            Connection.Reader.WhenReadable(s_readable, this);
        }
#pragma warning disable CA1031 // Our bug ends the connection, not the reactor.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Connection.Reactor.ReportBug(exception);
            Close();
        }
    }

    private void Close()
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        _isDraining = true;
        _pool.Remove(this);
        if (_keepalive is { } timer)
        {
            _pool.Reactor.Timers.Cancel(timer);
        }

        Http2Session session = Link.Session;
        ForwardError reason = session.IsFailed ? ForwardError.UpstreamProtocolError
            : Connection.Error.IsNone ? ForwardError.UpstreamClosed
            : ForwardError.UpstreamReset;
        _pool.Http2Stats.Count(session.Fault);
        _pool.Http2Stats.GoAwaySent++;
        session.GoAway(Http2ErrorCode.NoError);
        for (int i = _count - 1; i >= 0; i--)
        {
            if (i < _count)
            {
                _streams[i].OnLost(reason);
            }
        }

        EndWaiting(ForwardError.UpstreamRefused);
        session.ReleaseMemory();
        Connection.Close();
        _pool.OnClosed();
    }

    private void EndWaiting(ForwardError error)
    {
        List<Http2ClientStream>? waiting = _waiting;
        _waiting = null;
        foreach (Http2ClientStream stream in waiting ?? [])
        {
            stream.OnSettings(error);
        }
    }

    private void OnSettings()
    {
        _pool.OnSettings(Link.Session.PeerSettings.StreamsMax);
        EndWaiting(ForwardError.None);
    }

    private void OnKeepalive()
    {
        if (_isPingOut)
        {
            _pool.Http2Stats.KeepaliveTimeout++;
            Connection.Abort(reset: true);
            return;
        }

        _isPingOut = true;
        Link.Session.SendPing(KeepalivePing);
        Link.Wake();
        ArmKeepalive(_pool.Cluster.Http2KeepaliveTimeoutMs);
    }

    private void OnPingAck(ulong opaque)
    {
        if (opaque == KeepalivePing && _isPingOut)
        {
            _isPingOut = false;
            ArmKeepalive(NextPingMs());
        }
    }

    private long NextPingMs() => Http2Keepalive.DelayMs(
        _pool.Cluster.Http2KeepaliveIntervalMs, _pool.Cluster.Model.Http2.KeepaliveJitterPercent,
        _pool.Reactor.NextRandom());

    private void ArmKeepalive(long delayMs)
    {
        if (_keepalive is { } timer)
        {
            _pool.Reactor.Timers.Schedule(timer, Math.Max(1, delayMs));
        }
    }

    private void OnReset(StreamKey key, Http2ErrorCode code, Http2Fault fault)
    {
        _pool.Http2Stats.Count(fault);
        _ = fault == Http2Fault.None ? _pool.Http2Stats.RxReset++ : _pool.Http2Stats.TxReset++;
        if (fault == Http2Fault.None && code == Http2ErrorCode.RefusedStream)
        {
            _pool.Http2Stats.StreamRefusedErrors++;
        }

        StreamOf(key)?.OnLost(
            fault != Http2Fault.None ? ForwardError.UpstreamProtocolError
            : code == Http2ErrorCode.RefusedStream ? ForwardError.UpstreamRefused
            : ForwardError.UpstreamReset);
    }

    private Http2ClientStream? StreamOf(StreamKey key) => (Http2ClientStream?)Link.Session.OwnerOf(key);

    private readonly struct Handler(Http2Client client) : IHttp2Handler
    {
        public RequestHead RequestTarget() => throw new NotSupportedException();

        public void OnRequest(StreamKey stream, RequestHead head, bool endStream) => throw new NotSupportedException();

        public void OnRequestRefused(int streamId, Http2Fault fault) => throw new NotSupportedException();

        public ResponseHead ResponseTarget(StreamKey stream) =>
            client.StreamOf(stream)?.ResponseTarget ?? client._unwantedHead;

        public void OnResponse(StreamKey stream, ResponseHead head, bool endStream) =>
            client.StreamOf(stream)?.OnHead(endStream);

        public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream) =>
            client.StreamOf(stream)?.OnData(data, offset, endStream);

        public HttpFields TrailersTarget(StreamKey stream) =>
            client.StreamOf(stream)?.ResponseTrailers ?? client._unwantedTrailers;

        public void OnTrailers(StreamKey stream, HttpFields trailers)
        {
            client._pool.Http2Stats.Trailers++;
            client.StreamOf(stream)?.OnEnd();
        }

        public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault) =>
            client.OnReset(stream, code, fault);

        public void OnSettings() => client.OnSettings();

        public void OnPingAck(ulong opaque) => client.OnPingAck(opaque);

        public void OnGoAway(int lastStreamId, Http2ErrorCode code) => client.Drain();
    }
}
