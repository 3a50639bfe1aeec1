using System;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// The time limits of one HTTP/2 connection: silence without streams, an unfinished field block, its age, the phases of
/// its drain, responses that are not taken, and PINGs that ask whether the client lives. Setting one is a store; the
/// timer stays armed and looks again when it fires too early.
/// </summary>
internal sealed class Http2ServerClock
{
    /// <summary>What the PING of a drain carries.</summary>
    public const ulong DrainPing = 0;

    private const ulong KeepalivePing = 1;

    /// <summary>An idle connection keeps the memory of its streams so long: bursts come again.</summary>
    private const int TrimAfterMs = 10_000;

    // Stands for the preface and the first SETTINGS.
    private const int BeforeSettings = -1;

    private readonly Http2Server _server;
    private readonly Reactor _reactor;
    private readonly ReactorTimer _timer;
    private readonly long _beganMs;
    private long _dueMs;
    private long _idleSinceMs;
    private long _headDueMs = long.MaxValue;
    private int _head;
    private long _drainDueMs = long.MaxValue;
    private long _stalledDueMs = long.MaxValue;
    private long _pingDueMs = long.MaxValue;
    private long _pingAckDueMs = long.MaxValue;
    private bool _hasTrimmed;
    private bool _isStopped;

    public Http2ServerClock(Http2Server server, Reactor reactor)
    {
        _server = server;
        _reactor = reactor;
        _timer = new ReactorTimer(static clock => ((Http2ServerClock)clock!).OnTimer(), this);
        _beganMs = reactor.NowMs;
        _idleSinceMs = _beganMs;
    }

    public void Start()
    {
        // The preface and SETTINGS are a head, too.
        OnReceived();
        PlanPing(_server.Manager);
        Arm(NextDueMs(_server.Manager));
    }

    public void Stop()
    {
        _isStopped = true;
        _reactor.Timers.Cancel(_timer);
    }

    /// <summary>Bytes came: a field block may have begun or ended with them.</summary>
    public void OnReceived()
    {
        Http2Session session = _server.Link.Session;
        int head = session.SettingsReceived ? session.HeadBeingRead : BeforeSettings;
        if (head == _head)
        {
            return;
        }

        _head = head;
        _headDueMs = long.MaxValue;
        if (head != 0 && _server.Manager.RequestHeadersTimeoutMs is > 0 and long limitMs)
        {
            _headDueMs = _reactor.NowMs + limitMs;
            Arm(_headDueMs);
        }
    }

    public void OnIdle()
    {
        _idleSinceMs = _reactor.NowMs;
        _hasTrimmed = false;
        Arm(_idleSinceMs + TrimAfterMs);
    }

    public void OnDrain()
    {
        _drainDueMs = _reactor.NowMs + _server.Manager.DrainTimeoutMs;
        Arm(_drainDueMs);
    }

    public void OnStalled()
    {
        if (_stalledDueMs == long.MaxValue && _server.Manager.StreamIdleTimeoutMs is > 0 and long limitMs)
        {
            _stalledDueMs = _reactor.NowMs + limitMs;
            Arm(_stalledDueMs);
        }
    }

    public void OnPingAck(ulong opaque)
    {
        if (opaque == DrainPing && _server.IsDraining)
        {
            _server.FinishDrain();
        }
        else if (opaque == KeepalivePing)
        {
            _pingAckDueMs = long.MaxValue;
        }
    }

    private void OnTimer()
    {
        _dueMs = 0;
        HttpManager manager = _server.Manager;
        if (!EndsNow(manager))
        {
            Act(manager);
            Arm(NextDueMs(manager));
        }
    }

    /// <summary>Whether a limit that ends the connection is over; it is ended then.</summary>
    private bool EndsNow(HttpManager manager)
    {
        long now = _reactor.NowMs;
        if (now >= _pingAckDueMs)
        {
            _server.Http2Stats.KeepaliveTimeout++;
            _server.End(Http2ErrorCode.NoError);
        }
        else if (now >= _headDueMs)
        {
            _server.Stats.DownstreamRqHeaderTimeout++;
            _server.End(Http2ErrorCode.EnhanceYourCalm);
        }
        else if (now >= IdleDueMs(manager))
        {
            _server.Stats.DownstreamCxIdleTimeout++;
            _server.End(Http2ErrorCode.NoError);
        }
        else
        {
            return false;
        }

        return true;
    }

    private void Act(HttpManager manager)
    {
        long now = _reactor.NowMs;
        if (now >= AgeDueMs(manager))
        {
            _server.Stats.DownstreamCxMaxDurationReached++;
            _server.BeginDrain();
        }

        if (now >= _drainDueMs)
        {
            _drainDueMs = long.MaxValue;
            _server.FinishDrain();
        }

        if (now >= _stalledDueMs)
        {
            _stalledDueMs = _server.ResetStalled(now, manager.StreamIdleTimeoutMs);
        }

        if (now >= _pingDueMs)
        {
            _server.Link.Session.SendPing(KeepalivePing);
            _server.Link.Wake();
            _pingAckDueMs = now + manager.KeepaliveTimeoutMs;
            PlanPing(manager);
        }

        if (now >= TrimDueMs)
        {
            _hasTrimmed = true;
            _server.Trim();
        }
    }

    private void PlanPing(HttpManager manager)
    {
        _pingDueMs = manager.KeepaliveIntervalMs == 0
            ? long.MaxValue
            : _reactor.NowMs + Http2Keepalive.DelayMs(
                manager.KeepaliveIntervalMs, manager.KeepaliveJitterPercent, _reactor.NextRandom());
    }

    private long NextDueMs(HttpManager manager)
    {
        long stored = Math.Min(Math.Min(_headDueMs, _drainDueMs), Math.Min(_stalledDueMs, _pingDueMs));
        long derived = Math.Min(Math.Min(IdleDueMs(manager), AgeDueMs(manager)), TrimDueMs);
        return Math.Min(Math.Min(stored, _pingAckDueMs), derived);
    }

    private long TrimDueMs =>
        _server.StreamCount == 0 && !_hasTrimmed ? _idleSinceMs + TrimAfterMs : long.MaxValue;

    private long IdleDueMs(HttpManager manager) =>
        _server.StreamCount == 0 && manager.IdleTimeoutMs > 0 ? _idleSinceMs + manager.IdleTimeoutMs : long.MaxValue;

    private long AgeDueMs(HttpManager manager) =>
        manager.MaxConnectionDurationMs > 0 && !_server.IsDraining
            ? _beganMs + manager.MaxConnectionDurationMs
            : long.MaxValue;

    private void Arm(long dueMs)
    {
        if (!_isStopped && dueMs != long.MaxValue && (_dueMs == 0 || dueMs < _dueMs))
        {
            _dueMs = dueMs;
            _reactor.Timers.Schedule(_timer, Math.Max(1, dueMs - _reactor.NowMs));
        }
    }
}
