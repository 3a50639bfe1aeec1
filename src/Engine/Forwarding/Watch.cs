using System;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// The time limits of one exchange: whole request, pace of its body, response after the request, silence, whole stream.
/// Setting one is a store; the timer, once armed, stays armed over many exchanges and looks again when it fires too
/// early.
/// </summary>
internal sealed class Watch
{
    /// <summary>What a body of announced length may take before its pace counts.</summary>
    private const int BodyGraceMs = 5_000;

    /// <summary>
    /// The least pace of such a body, on average since it began, without the time that the upstream made it wait. A
    /// modem of 1990 does ten times as much; who sends less holds a connection on purpose. A chunked body has no such
    /// pace: a stream of events may rest, and <c>stream_idle_timeout</c> and <c>request_timeout</c> limit it.
    /// </summary>
    private const int BodyBytesPerSecondMin = 240;

    private readonly Exchange _exchange;
    private readonly ReactorTimer _timer;
    private long _requestMs;
    private long _routeMs;
    private long _streamMs;
    private long _bodyMs;
    private long _tryMs;
    private long _idleLimitMs;
    private long _dueMs;
    private bool _active;

    public Watch(Exchange exchange)
    {
        _exchange = exchange;
        _timer = new ReactorTimer(static watch => ((Watch)watch!).OnTimer(), this);
        Stop();
    }

    /// <summary>Limit on receiving the whole request (<c>request_timeout</c>); 0 is none.</summary>
    public void RequestDeadline(long limitMs) => Set(ref _requestMs, limitMs);

    /// <summary>A counted body begins to be pumped.</summary>
    public void BodyPace()
    {
        _bodyMs = _exchange.Reactor.NowMs;
        _active = true;
        Arm(_bodyMs + BodyGraceMs);
    }

    /// <summary>Limit from the end of the request to the end of the response (<c>timeout</c> of the route).</summary>
    public void RouteDeadline(long limitMs)
    {
        _requestMs = long.MaxValue;
        _bodyMs = 0;
        Set(ref _routeMs, limitMs);
    }

    /// <summary>Limit on the head of the response to one attempt (<c>per_try_timeout</c>); 0 is none.</summary>
    public void TryDeadline(long limitMs)
    {
        _tryMs = long.MaxValue;
        Set(ref _tryMs, limitMs);
    }

    /// <summary>A tunnel has no end of response to wait for: silence and <c>max_stream_duration</c> limit it.</summary>
    public void NoRouteDeadline() => _routeMs = long.MaxValue;

    public void Start(long idleLimitMs, long streamLimitMs)
    {
        Set(ref _streamMs, streamLimitMs);
        _idleLimitMs = idleLimitMs;
        if (idleLimitMs > 0)
        {
            _active = true;
            Arm(_exchange.Reactor.NowMs + idleLimitMs);
        }
    }

    public void Stop()
    {
        _requestMs = long.MaxValue;
        _routeMs = long.MaxValue;
        _streamMs = long.MaxValue;
        _bodyMs = 0;
        _tryMs = long.MaxValue;
        _idleLimitMs = 0;
        _active = false;
    }

    private void Set(ref long deadline, long limitMs)
    {
        if (limitMs > 0)
        {
            _active = true;
            deadline = _exchange.Reactor.NowMs + limitMs;
            Arm(deadline);
        }
    }

    private void Arm(long dueMs)
    {
        if (_dueMs == 0 || dueMs < _dueMs)
        {
            _dueMs = dueMs;
            _exchange.Reactor.Timers.Schedule(_timer, Math.Max(1, dueMs - _exchange.Reactor.NowMs));
        }
    }

    private void OnTimer()
    {
        _dueMs = 0;
        if (!_active)
        {
            return;
        }

        long now = _exchange.Reactor.NowMs;
        long idleMs = _idleLimitMs > 0 ? _exchange.LastActivityMs + _idleLimitMs : long.MaxValue;
        long paceMs = _bodyMs > 0 ? PaceMs(now) : long.MaxValue;
        long next = Math.Min(Math.Min(Math.Min(_requestMs, _routeMs), Math.Min(_streamMs, idleMs)), paceMs);
        if (now < next)
        {
            bool isTryOver = now >= _tryMs;
            _tryMs = isTryOver ? long.MaxValue : _tryMs;
            next = Math.Min(next, _tryMs);
            if (next != long.MaxValue)
            {
                Arm(next);
            }

            if (isTryOver)
            {
                _exchange.AbortAttempt();
            }

            return;
        }

        _exchange.Interrupt(
            now >= _routeMs ? ForwardError.RouteTimedOut
            : now >= _requestMs ? ForwardError.RequestTimedOut
            : now >= _streamMs ? ForwardError.StreamDurationExceeded
            : now >= paceMs ? ForwardError.BodyTooSlow
            : ForwardError.StreamIdle);
    }

    /// <summary>When the body is too slow, unless more of it comes.</summary>
    private long PaceMs(long nowMs)
    {
        BodyPump body = _exchange.RequestBody;
        return _bodyMs + BodyGraceMs + body.WaitedForRoomMs(nowMs) + (body.MovedBytes * 1000 / BodyBytesPerSecondMin);
    }
}
