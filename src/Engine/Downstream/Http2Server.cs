using System;
using System.IO.Pipelines;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// The server side of one HTTP/2 connection: bytes in, one exchange per stream to the forwarder, frames out once per
/// turn. A stream holds its place until its exchange is over, whoever reset it. Reactor thread only.
/// </summary>
internal sealed class Http2Server : IDrainable
{
    private static readonly Action<object?> s_readable = static server => ((Http2Server)server!).ServeArrived();

    private readonly AcceptedConnection _accepted;
    private readonly TransportConnection _connection;
    private readonly ReactorState _state;
    private readonly HttpManagerSlot _slot;
    private readonly HttpStats _stats;
    private readonly Http2Stats _http2Stats;
    private readonly Http2ServerClock _clock;
    private Http2ServerStream[] _streams = [];
    private Exchange? _next;
    private uint _requests;
    private bool _isClosing;

    public Http2Server(AcceptedConnection accepted, ReactorState state, HttpManagerSlot slot)
    {
        _accepted = accepted;
        _connection = accepted.Transport;
        _state = state;
        _slot = slot;
        HttpManager manager = slot.Current;
        _stats = manager.StatsFor(state.Reactor.Index);
        _http2Stats = manager.Http2Stats[state.Reactor.Index];
        _connection.Owner = this;
        accepted.Session = this;
        Link = new Http2Link(_connection, Http2Role.Server, manager.Http2Limits, state.Http2Memory)
        {
            Pumped = EndWhenDrained,
        };
        _clock = new Http2ServerClock(this, state.Reactor);
    }

    public Http2Link Link { get; }

    /// <summary>Streams whose exchange is not over.</summary>
    public int StreamCount { get; private set; }

    /// <summary>It has said that it will take no more streams.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>It takes no more streams.</summary>
    public bool HasDrained { get; private set; }

    public HttpManager Manager => _slot.Current;

    public HttpStats Stats => _stats;

    public Http2Stats Http2Stats => _http2Stats;

    /// <summary>100 (Continue).</summary>
    public ResponseHead Continue => _state.Continue;

    private Http2Session Session => Link.Session;

    /// <summary>Serves the connection until it ends.</summary>
    /// <param name="isCounted">True when the connection was counted before its protocol was known.</param>
    public void Run(bool isCounted)
    {
        if (!isCounted)
        {
            _stats.DownstreamCxTotal++;
            _stats.DownstreamCxActive++;
        }

        _stats.DownstreamCxHttp2Total++;
        _stats.DownstreamCxHttp2Active++;
        Session.Start();
        Link.Wake();
        _clock.Start();
        if (_accepted.IsDraining || Manager.IsDraining)
        {
            BeginDrain();
        }

        ServeArrived();
    }

    /// <summary>Two phases (RFC 9113 §6.8): what is on its way is still served, then nothing new.</summary>
    public void BeginDrain()
    {
        if (IsDraining || Session.IsFailed)
        {
            return;
        }

        IsDraining = true;
        Session.AnnounceGoAway();
        Session.SendPing(Http2ServerClock.DrainPing);
        _http2Stats.GoAwaySent++;
        _clock.OnDrain();
        Link.Wake();
    }

    /// <summary>The second phase: the client has seen the first, or had its time.</summary>
    public void FinishDrain()
    {
        if (!HasDrained)
        {
            HasDrained = true;
            Session.GoAway(Http2ErrorCode.NoError);
            Link.Wake();
        }
    }

    /// <summary>Ends the connection; streams that are under way are lost.</summary>
    public void End(Http2ErrorCode code)
    {
        Session.GoAway(code);
        _http2Stats.GoAwaySent++;
        _isClosing = true;
        _connection.Reader.CancelPendingRead();
    }

    /// <summary>Resets streams whose responses the client has not taken for too long.</summary>
    /// <returns>When to look again, or <see cref="long.MaxValue"/>.</returns>
    public long ResetStalled(long nowMs, long limitMs)
    {
        long next = long.MaxValue;
        for (int i = StreamCount - 1; i >= 0; i--)
        {
            Http2ServerStream stream = _streams[i];
            if (!stream.IsForwarded)
            {
                continue;
            }

            if (nowMs - stream.LastSentMs >= limitMs)
            {
                _http2Stats.TxFlushTimeout++;
                stream.Reset(Http2ErrorCode.Cancel);
            }
            else
            {
                next = Math.Min(next, stream.LastSentMs + limitMs);
            }
        }

        return next;
    }

    /// <summary>A stream has nothing left but a response that the client has to take.</summary>
    public void WatchStalled() => _clock.OnStalled();

    public void CountReset() => _http2Stats.TxReset++;

    /// <summary>A stream's exchange is over and its response has left.</summary>
    public void OnStreamOver(Http2ServerStream stream)
    {
        Http2ServerStream last = _streams[--StreamCount];
        _streams[stream.Place] = last;
        last.Place = stream.Place;
        _streams[StreamCount] = null!;
        _http2Stats.StreamsActive--;
        if (StreamCount == 0)
        {
            _clock.OnIdle();
        }

        Session.Release(stream.Key);
        _state.Return(stream.Exchange);
        _state.Return(stream);
        Link.Wake();
    }

    /// <summary>Gives back what an idle connection does not need.</summary>
    public void Trim()
    {
        _streams = [];
        Session.Trim();
    }

    /// <summary>Serves what has arrived, and ends the connection where that is the end of it.</summary>
    private void ServeArrived()
    {
        Exception? failure = null;
        try
        {
            bool goesOn = true;
            while (goesOn && _connection.Reader.TryRead(out ReadResult read))
            {
                goesOn = Receive(read);
            }

            if (goesOn)
            {
                _connection.Reader.WhenReadable(s_readable, this);
                return;
            }
        }
#pragma warning disable CA1031 // Our bug ends the connection, not the reactor.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        Close();
        _stats.DownstreamCxActive--;
        _stats.DownstreamCxHttp2Active--;
        _stats.DownstreamCxDestroy++;
        _accepted.End(failure);
    }

    private bool Receive(in ReadResult read)
    {
        var handler = new Handler(this);
        Link.Receive(read.Buffer, ref handler);
        _clock.OnReceived();
        return !read.IsCompleted && !Session.IsFailed && !_isClosing;
    }

    private Exchange NextExchange() => _next ??= _accepted.BeginExchange(_state, _slot.Current);

    private Exchange TakeNext(int streamId)
    {
        Exchange exchange = NextExchange();
        _next = null;
        exchange.Record.StreamId = (uint)streamId;
        exchange.Record.StartUs = _state.Reactor.NowUs;
        exchange.Record.StartUtcMs = _state.Reactor.UtcNowMs;
        exchange.Manager = _slot.Current;
        return exchange;
    }

    private void OnRequest(StreamKey key, bool endStream)
    {
        Exchange exchange = TakeNext(key.Id);
        Http2ServerStream stream = (Http2ServerStream?)_state.RentStream() ?? new Http2ServerStream();
        stream.Begin(this, key, exchange, endStream);
        exchange.Downstream = stream;
        Session.SetOwner(key, stream);
        if (StreamCount == _streams.Length)
        {
            Array.Resize(ref _streams, Math.Max(4, StreamCount * 2));
        }

        stream.Place = StreamCount;
        _streams[StreamCount++] = stream;
        _http2Stats.StreamsActive++;
        _requests++;
        if (exchange.Manager.IsDraining
            || (exchange.Manager.MaxRequestsPerConnection > 0
                && _requests >= exchange.Manager.MaxRequestsPerConnection))
        {
            BeginDrain();
        }

        stream.Forward(_state.Forwarder);
    }

    /// <summary>A request that the session answered or reset itself still has its record.</summary>
    private void OnRequestRefused(int streamId, Http2Fault fault)
    {
        _http2Stats.Count(fault);
        Exchange exchange = TakeNext(streamId);
        exchange.Manager.StatsFor(_state.Reactor.Index).BeginRequest();
        ExchangeRecord record = exchange.Record;
        record.Protocol = HttpVersion.Http2;
        bool isTooLarge = fault is Http2Fault.HeaderListTooLarge or Http2Fault.TooManyFields;
        record.ResponseCode = isTooLarge ? 431 : 0;
        record.ResponseCodeDetails = fault switch
        {
            Http2Fault.HeaderListTooLarge => "request_headers_too_large",
            Http2Fault.TooManyFields => "http2.too_many_headers",
            Http2Fault.TooManyStreams => "http2.too_many_streams",
            _ => ErrorMapping.Look(ForwardError.DownstreamMessagingError).Details,
        };
        record.Flags = fault == Http2Fault.TooManyStreams
            ? ResponseFlags.None
            : ResponseFlags.DownstreamProtocolError;
        exchange.Complete();
        _state.Return(exchange);
        EndOnMalformed(fault);
    }

    private void OnReset(StreamKey key, Http2Fault fault)
    {
        _http2Stats.Count(fault);
        _ = fault == Http2Fault.None ? _http2Stats.RxReset++ : _http2Stats.TxReset++;
        ((Http2ServerStream?)Session.OwnerOf(key))?.OnReset(
            fault == Http2Fault.None ? ForwardError.DownstreamReset : ForwardError.DownstreamMessagingError);
        EndOnMalformed(fault);
    }

    private void EndOnMalformed(Http2Fault fault)
    {
        if (_slot.Current.EndsConnectionOnMalformedMessage && Http2Error.IsMalformedMessage(fault) && !_isClosing)
        {
            _isClosing = true;
            Session.GoAway(Http2ErrorCode.ProtocolError);
        }
    }

    private void EndWhenDrained()
    {
        if (HasDrained && StreamCount == 0 && Session.SettingsReceived && !_isClosing)
        {
            _isClosing = true;
            _connection.Reader.CancelPendingRead();
        }
    }

    private void Close()
    {
        _clock.Stop();
        Link.Pumped = null;
        _isClosing = true;
        if (Session.IsFailed)
        {
            _http2Stats.Count(Session.Fault);
            _http2Stats.GoAwaySent++;
            _stats.DownstreamCxProtocolError++;
        }

        if (_next is { } unused)
        {
            _next = null;
            _state.Return(unused);
        }

        // Who ends at once leaves the table; the others leave it when their upstream work is gone.
        ForwardError reason = Session.IsFailed ? ForwardError.DownstreamMessagingError : ForwardError.DownstreamGone;
        for (int i = StreamCount - 1; i >= 0; i--)
        {
            if (i < StreamCount)
            {
                _streams[i].OnReset(reason);
            }
        }

        Session.ReleaseMemory();
        _connection.CloseLingering((int)_slot.Current.DelayedCloseTimeoutMs);
    }

    private readonly struct Handler(Http2Server server) : IHttp2Handler
    {
        public RequestHead RequestTarget() => server.NextExchange().Request;

        public void OnRequest(StreamKey stream, RequestHead head, bool endStream) =>
            server.OnRequest(stream, endStream);

        public void OnRequestRefused(int streamId, Http2Fault fault) => server.OnRequestRefused(streamId, fault);

        public ResponseHead ResponseTarget(StreamKey stream) => throw new NotSupportedException();

        public void OnResponse(StreamKey stream, ResponseHead head, bool endStream) =>
            throw new NotSupportedException();

        public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream) =>
            ((Http2ServerStream?)server.Session.OwnerOf(stream))?.OnData(data, offset, endStream);

        public HttpFields TrailersTarget(StreamKey stream) =>
            ((Http2ServerStream)server.Session.OwnerOf(stream)!).Exchange.RequestTrailers;

        public void OnTrailers(StreamKey stream, HttpFields trailers)
        {
            server._http2Stats.Trailers++;
            ((Http2ServerStream?)server.Session.OwnerOf(stream))?.OnEnd();
        }

        public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault) => server.OnReset(stream, fault);

        public void OnSettings()
        {
        }

        public void OnPingAck(ulong opaque) => server._clock.OnPingAck(opaque);

        public void OnGoAway(int lastStreamId, Http2ErrorCode code)
        {
        }
    }
}
