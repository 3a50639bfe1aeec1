using System;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// The time limits of one exchange: whole request, response after the request, silence, whole stream. Setting one is a
/// store; the timer, once armed, stays armed over many exchanges and looks again when it fires too early.
/// </summary>
internal sealed class Watch
{
    private readonly Exchange _exchange;
    private readonly ReactorTimer _timer;
    private long _requestMs;
    private long _routeMs;
    private long _streamMs;
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

    /// <summary>Limit from the end of the request to the end of the response (<c>timeout</c> of the route).</summary>
    public void RouteDeadline(long limitMs)
    {
        _requestMs = long.MaxValue;
        Set(ref _routeMs, limitMs);
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
        long next = Math.Min(Math.Min(_requestMs, _routeMs), Math.Min(_streamMs, idleMs));
        if (now < next)
        {
            if (next != long.MaxValue)
            {
                Arm(next);
            }

            return;
        }

        _exchange.Interrupt(
            now >= _routeMs ? ForwardError.RouteTimedOut
            : now >= _requestMs ? ForwardError.RequestTimedOut
            : now >= _streamMs ? ForwardError.StreamDurationExceeded
            : ForwardError.StreamIdle);
    }
}
