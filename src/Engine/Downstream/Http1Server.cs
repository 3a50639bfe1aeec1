using System;
using System.Buffers;
using System.IO.Pipelines;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// The server side of one HTTP/1.1 connection: bytes in, exchanges to the forwarder, one after the other. Between
/// exchanges it holds no buffer and runs no method: what is idle is this object and nothing else.
/// </summary>
internal sealed class Http1Server : DownstreamStream, IDrainable
{
    private static readonly Action<TransportConnection> s_activity =
        static connection => ((Http1Server)connection.Owner!).OnActivityWhileForwarding();

    private static readonly Action<object?> s_readable = static server => ((Http1Server)server!).Continue();

    private readonly AcceptedConnection _accepted;
    private readonly TransportConnection _connection;
    private readonly ReactorState _state;
    private readonly HttpManagerSlot _slot;
    private readonly HttpStats _stats;
    private readonly ReactorTimer _timer;
    private readonly long _acceptedMs;
    private Http1ParseState _parse;
    private Http1BodyFraming _framing;
    private Exchange? _exchange;
    private long _deadlineMs;
    private long _timerDueMs;
    private uint _requests;
    private Waiting _waiting;
    private bool _isDraining;
    private bool _detects;

    public Http1Server(AcceptedConnection accepted, ReactorState state, HttpManagerSlot slot)
        : base(accepted.Transport.Reader, accepted.Transport.Writer)
    {
        _accepted = accepted;
        _connection = accepted.Transport;
        _state = state;
        _slot = slot;
        _stats = slot.Current.StatsFor(state.Reactor.Index);
        _detects = slot.Current.DetectsHttp2;
        _acceptedMs = state.Reactor.NowMs;
        _connection.Owner = this;
        accepted.Session = this;
        _timer = new ReactorTimer(static server => ((Http1Server)server!).OnTimer(), this);
    }

    private enum Waiting : byte
    {
        Nothing,
        NextRequest,
        RestOfHead,
    }

    private enum Preface : byte
    {
        None,
        Begun,
        Whole,
    }

    private enum HeadOutcome : byte
    {
        NeedMore,
        Ready,
        Refused,
        Http2,
    }

    private enum Served : byte
    {
        Waits,
        Ends,
        HandedOver,
    }

    /// <inheritdoc/>
    public override bool IsClosing => _connection.IsClosing;

    private bool IsProperCase => _exchange is { Manager.ProperCaseWords: true };

    /// <summary>Serves the connection until it ends.</summary>
    public void Run()
    {
        _stats.DownstreamCxTotal++;
        _stats.DownstreamCxActive++;
        if (!_detects)
        {
            CountHttp1();
        }

        Continue();
    }

    /// <summary>HTTP/1.0 knows no chunks; for it the end of the connection is the end of the body.</summary>
    public override BodyLength Frame(HttpVersion version, BodyLength body) =>
        body.HasLength ? BodyLength.Counted(body.Length)
            : version == HttpVersion.Http11 ? BodyLength.Chunked
            : BodyLength.UntilClose;

    /// <inheritdoc/>
    public override bool WriteHead(Exchange exchange) => WriteHead(
        exchange.Response,
        exchange.Response.StatusCode == 101 ? ConnectionOption.Upgrade
            : exchange.IsTunnel ? ConnectionOption.None
            : exchange.CloseDownstream ? ConnectionOption.Close
            : exchange.Request.Version == HttpVersion.Http10 ? ConnectionOption.KeepAlive
            : ConnectionOption.None);

    /// <inheritdoc/>
    public override void WriteInterim(ResponseHead head)
    {
        if (WriteHead(head, ConnectionOption.None))
        {
            Writer.Flush();
        }
    }

    /// <inheritdoc/>
    public override void WriteContinue()
    {
        Writer.Append("HTTP/1.1 100 Continue\r\n\r\n"u8);
        Writer.Flush();
    }

    /// <inheritdoc/>
    public override void BeginBody(BodyKind framing) => _framing.Begin(framing, IsProperCase);

    /// <inheritdoc/>
    public override void BeginData(long count) => _framing.BeginData(Writer, count);

    /// <inheritdoc/>
    public override bool EndBody(HttpFields? trailers) => _framing.End(Writer, trailers);

    /// <inheritdoc/>
    public override void EndSending() => _connection.Writer.ShutdownWrite();

    /// <summary>A counted or chunked body is short by its framing; one until close needs a reset.</summary>
    public override void Cut(BodyKind framing)
    {
        if (framing is BodyKind.Counted or BodyKind.Chunked)
        {
            _connection.Close();
        }
        else
        {
            Abort();
        }
    }

    /// <inheritdoc/>
    public override void Abort() => _connection.Abort(reset: true);

    private bool WriteHead(ResponseHead head, ConnectionOption option)
    {
        Span<byte> span = Writer.GetSpan(Http1Writer.MeasureResponse(head));
        int written = Http1Writer.WriteResponse(head, option, span);
        if (written < 0)
        {
            return false;
        }

        if (IsProperCase)
        {
            Http1NameCase.CapitalizeHead(span[..written]);
        }

        Writer.Advance(written);
        return true;
    }

    private void Continue() => RunAsync().Forget();

    /// <summary>Serves what has arrived, and ends the connection where that is the end of it.</summary>
    /// <returns>True when the connection lives on.</returns>
    private async ReactorTask<bool> RunAsync()
    {
        Exception? failure = null;
        try
        {
            Served served = await ServeArrivedAsync();
            if (served == Served.HandedOver)
            {
                return true;
            }

            if (served == Served.Waits)
            {
                StartWaiting();
                _connection.Reader.WhenReadable(s_readable, this);
                return true;
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
        _stats.DownstreamCxHttp1Active -= _detects ? 0 : 1;
        _stats.DownstreamCxDestroy++;
        _accepted.End(failure);
        return false;
    }

    private async ReactorTask<Served> ServeArrivedAsync()
    {
        while (_connection.Reader.TryRead(out ReadResult read))
        {
            HeadOutcome outcome = read.Buffer.IsEmpty ? HeadOutcome.NeedMore : ReadHead(read.Buffer);
            if (outcome == HeadOutcome.NeedMore)
            {
                if (read.IsCompleted || read.IsCanceled)
                {
                    return Served.Ends;
                }

                continue;
            }

            if (outcome == HeadOutcome.Http2)
            {
                BecomeHttp2();
                return Served.HandedOver;
            }

            _waiting = Waiting.Nothing;
            if (outcome == HeadOutcome.Refused)
            {
                return Served.Ends;
            }

            _connection.IdleActivity = s_activity;
            bool keepAlive = await _state.Forwarder.ForwardAsync(_exchange!);
            _connection.IdleActivity = null;
            ReturnExchange();
            if (!keepAlive || _connection.IsClosing)
            {
                return Served.Ends;
            }
        }

        return Served.Waits;
    }

    private void ReturnExchange()
    {
        _state.Return(_exchange!);
        _exchange = null;
    }

    /// <summary>Three bytes tell "PRI" from every method that HTTP/1 has (RFC 9113 §3.4).</summary>
    private static Preface FindPreface(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[3];
        int length = (int)Math.Min(first.Length, buffer.Length);
        buffer.Slice(0, length).CopyTo(first);
        return !"PRI"u8.StartsWith(first[..length]) ? Preface.None
            : length == first.Length ? Preface.Whole
            : Preface.Begun;
    }

    /// <summary>The bytes seen stay in the reader: the other server begins with them.</summary>
    private void BecomeHttp2()
    {
        _connection.Reader.AdvanceTo(default);
        _state.Reactor.Timers.Cancel(_timer);
        new Http2Server(_accepted, _state, _slot).Run(isCounted: true);
    }

    private void CountHttp1()
    {
        _detects = false;
        _stats.DownstreamCxHttp1Total++;
        _stats.DownstreamCxHttp1Active++;
    }

    private HeadOutcome ReadHead(in ReadOnlySequence<byte> buffer)
    {
        if (_detects)
        {
            Preface preface = FindPreface(buffer);
            if (preface == Preface.Whole)
            {
                return HeadOutcome.Http2;
            }

            if (preface == Preface.Begun)
            {
                _connection.Reader.AdvanceTo(buffer.Start, buffer.End);
                Await(Waiting.RestOfHead, _slot.Current.RequestHeadersTimeoutMs);
                return HeadOutcome.NeedMore;
            }

            CountHttp1();
        }

        Exchange exchange = _exchange ?? BeginExchange();
        TransportReader reader = _connection.Reader;
        ParseStatus status = Http1HeadParser.ParseRequest(
            buffer, exchange.Request, exchange.Manager.Limits, ref _parse, out long consumed,
            out ProtocolError error);
        reader.AdvanceTo(buffer.GetPosition(consumed));
        if (status == ParseStatus.Error)
        {
            Refuse(exchange, ForwardError.DownstreamProtocolError, error.HttpStatus);
            return HeadOutcome.Refused;
        }

        return status == ParseStatus.Done ? HeadOutcome.Ready : HeadOutcome.NeedMore;
    }

    private Exchange BeginExchange()
    {
        Exchange exchange = _accepted.BeginExchange(_state, _slot.Current);
        _exchange = exchange;
        _parse = default;
        exchange.Downstream = this;
        exchange.CloseDownstream = IsLastExchange(exchange.Manager);
        exchange.Record.StreamId = ++_requests;
        Await(Waiting.RestOfHead, exchange.Manager.RequestHeadersTimeoutMs);
        return exchange;
    }

    /// <summary>Draining, or the connection has had its requests or its time: it ends with this response.</summary>
    private bool IsLastExchange(HttpManager manager) =>
        _isDraining
        || _accepted.IsDraining
        || (manager.MaxRequestsPerConnection > 0 && _requests + 1 >= manager.MaxRequestsPerConnection)
        || (manager.MaxConnectionDurationMs > 0
            && _state.Reactor.NowMs - _acceptedMs >= manager.MaxConnectionDurationMs);

    private void Refuse(Exchange exchange, ForwardError error, int status)
    {
        exchange.Manager.StatsFor(_state.Reactor.Index).BeginRequest();
        exchange.RequestComplete = true;
        exchange.CloseDownstream = true;
        LocalReply.Write(exchange, error, status);
        _connection.Writer.Flush();
        exchange.Complete();
        ReturnExchange();
    }

    /// <summary>Ends the connection so that the client can still read our last answer.</summary>
    private void Close()
    {
        if (_exchange is not null)
        {
            ReturnExchange();
        }

        _state.Reactor.Timers.Cancel(_timer);
        _connection.CloseLingering((int)_slot.Current.DelayedCloseTimeoutMs);
    }

    /// <summary>
    /// Nothing to do now: the manager's drain flag makes the next response the last. An idle connection stays until the
    /// drain ends, since closing it could cross a request on its way.
    /// </summary>
    public void BeginDrain() => _isDraining = true;

    private void StartWaiting()
    {
        if (_exchange is null && _waiting != Waiting.RestOfHead)
        {
            HttpManager manager = _slot.Current;
            long limitMs = manager.IdleTimeoutMs;
            if (_requests == 0 && manager.RequestHeadersTimeoutMs > 0)
            {
                // Who connects and says nothing is as slow as who never ends a head.
                limitMs = limitMs > 0
                    ? Math.Min(limitMs, manager.RequestHeadersTimeoutMs)
                    : manager.RequestHeadersTimeoutMs;
            }

            Await(Waiting.NextRequest, limitMs);
        }
    }

    /// <summary>The client went away or sent more while its request is being forwarded.</summary>
    private void OnActivityWhileForwarding()
    {
        if (!_connection.Error.IsNone)
        {
            _exchange?.Interrupt(ForwardError.DownstreamGone);
        }
    }

    /// <summary>
    /// Sets the one deadline; an armed timer that fires earlier just looks again, so that this costs a store.
    /// </summary>
    private void Await(Waiting what, long limitMs)
    {
        _waiting = what;
        if (limitMs <= 0)
        {
            _deadlineMs = long.MaxValue;
            return;
        }

        _deadlineMs = _state.Reactor.NowMs + limitMs;
        if (_timerDueMs == 0 || _timerDueMs > _deadlineMs)
        {
            _timerDueMs = _deadlineMs;
            _state.Reactor.Timers.Schedule(_timer, limitMs);
        }
    }

    private void OnTimer()
    {
        _timerDueMs = 0;
        long now = _state.Reactor.NowMs;
        if (_waiting == Waiting.Nothing || _deadlineMs == long.MaxValue)
        {
            return;
        }

        if (now < _deadlineMs)
        {
            _timerDueMs = _deadlineMs;
            _state.Reactor.Timers.Schedule(_timer, _deadlineMs - now);
            return;
        }

        if (_waiting == Waiting.RestOfHead && _exchange is { } exchange)
        {
            Refuse(exchange, ForwardError.HeadTimedOut, ErrorMapping.Look(ForwardError.HeadTimedOut).Status);
        }
        else if (_waiting == Waiting.NextRequest)
        {
            _slot.Current.StatsFor(_state.Reactor.Index).DownstreamCxIdleTimeout++;
        }

        _connection.Reader.CancelPendingRead();
    }
}
