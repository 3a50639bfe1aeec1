using System;
using System.Threading;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Reactors;

/// <summary>What a <see cref="Reactor"/> is made of.</summary>
/// <param name="Index">Its number in the group, from 0.</param>
/// <param name="Budget">The memory it shares with its siblings.</param>
/// <param name="Logger">Where our own bugs are reported.</param>
/// <param name="Seed">Start of its random numbers.</param>
/// <param name="CreatePoller">Makes the poller, on the reactor's thread.</param>
internal sealed record ReactorSettings(
    int Index, BufferBudget Budget, ILogger Logger, ulong Seed, Func<Reactor, Poller> CreatePoller);

/// <summary>
/// One thread that serves its connections from birth to death. A turn, top to bottom:
/// <code>
/// completions → ready work → timers → mailbox → flush → TurnEnded (newest snapshot)
/// </code>
/// All members belong to the reactor's thread, except where they say otherwise.
/// </summary>
internal sealed class Reactor
{
    private static readonly Action<ILogger, int, Exception?> LogBug = LoggerMessage.Define<int>(
        LogLevel.Error,
        new EventId(1001, "ReactorFault"),
        "reactor {Reactor}: a handler failed; this is a bug in fastmesh");

    // A fault that escapes its handler costs a turn; a reactor that cannot turn at all must not pretend to live.
    private const int FailedTurnsMax = 16;

    // Memory that nobody wanted for so long goes back to the system.
    private const int TrimIntervalMs = 10_000;

    [ThreadStatic]
    private static Reactor? t_current;

    private readonly Mailbox _mailbox = new();
    private readonly ReactorSettings _settings;
    private readonly Action<Exception> _reportBug;
    private Work[] _ready = new Work[16];
    private int _readyCount;
    private Work[] _running = new Work[16];
    private Poller? _poller;
    private volatile bool _stopping;
    private readonly ReactorTimer _trim;
    private ulong _random;
    private long _utcBaseMs;
    private long _utcReadUs;
    private long _lastTurnUs;

    public Reactor(ReactorSettings settings)
    {
        _settings = settings;
        _random = settings.Seed + ((ulong)settings.Index * 0x9E3779B97F4A7C15UL);
        _reportBug = ReportBug;
        Timers = new TimerWheel(this);
        Buffers = new BufferPool(settings.Budget) { Grew = ScheduleTrim };
        _trim = new ReactorTimer(static state => ((Reactor)state!).Trim(), this);
    }

    /// <summary>The reactor that is running on this thread now.</summary>
    public static Reactor? Current => t_current;

    /// <summary>Its number in the group, from 0.</summary>
    public int Index => _settings.Index;

    /// <summary>Monotonic milliseconds, read once a turn.</summary>
    public long NowMs { get; private set; }

    /// <summary>Monotonic microseconds, read once a turn.</summary>
    public long NowUs { get; private set; }

    /// <summary>Wall time in milliseconds since 1970, derived once a turn.</summary>
    public long UtcNowMs => _utcBaseMs + ((NowUs - _utcReadUs) / 1000);

    /// <summary>Turns so far.</summary>
    public long Turn { get; private set; }

    /// <summary>When the last turn ended, in monotonic microseconds; any thread may read it (watchdog).</summary>
    public long LastTurnUs => Volatile.Read(ref _lastTurnUs);

    /// <summary>Every timeout.</summary>
    public TimerWheel Timers { get; }

    /// <summary>All buffers.</summary>
    public BufferPool Buffers { get; }

    /// <summary>True when called from this reactor's thread.</summary>
    public bool InLoop => ReferenceEquals(t_current, this);

    /// <summary>Work is waiting that needs no event: for a simulation to know when time may pass.</summary>
    internal bool HasWork => _readyCount > 0 || _mailbox.HasMail;

    /// <summary>Faults of handlers that the reactor survived.</summary>
    public long Faults { get; private set; }

    /// <summary>Called at the end of each turn.</summary>
    public Action? TurnEnded { get; set; }

    /// <summary>The kernel's side. Set from <see cref="Open"/> on.</summary>
    public Poller Poller => _poller!;

    /// <summary>
    /// Runs <paramref name="work"/> on the reactor. False, and it never runs, when the reactor has ended: whoever waits
    /// for the outcome must look. Any thread; allocates.
    /// </summary>
    public bool Post(Action<object?> work, object? state)
    {
        bool taken = _mailbox.TryPost(work, state, out bool wasEmpty);
        if (taken && wasEmpty)
        {
            _poller?.Wake();
        }

        return taken;
    }

    /// <summary>Runs <paramref name="work"/> after the completions of the next turn, without an allocation.</summary>
    public void Defer(Action<object?> work, object? state)
    {
        if (_readyCount == _ready.Length)
        {
            Array.Resize(ref _ready, _readyCount * 2);
        }

        _ready[_readyCount++] = new Work(work, state);
    }

    /// <summary>The next random number (splitmix64). Not for secrets.</summary>
    public ulong NextRandom()
    {
        ulong z = _random += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Makes the poller. On the thread that will run the turns.</summary>
    public void Open()
    {
        _poller = _settings.CreatePoller(this);
        BeginTurn();
    }

    /// <summary>Runs turns until <see cref="Stop"/>, then closes everything.</summary>
    public void Run()
    {
        int failedInARow = 0;
        t_current = this;
        while (!_stopping)
        {
            try
            {
                TakeTurn();
                failedInARow = 0;
            }
            catch (Exception error) when (failedInARow < FailedTurnsMax)
            {
                failedInARow++;
                ReportBug(error);
            }
        }

        // While there is a poller to do it with: what was posted in time is done, what comes later is told so.
        _mailbox.Close(_reportBug);
        Poller.Dispose();
        t_current = null;
    }

    /// <summary>Ends <see cref="Run"/> after the current turn. Any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        _poller?.Wake();
    }

    /// <summary>
    /// One turn, for whoever drives the reactor itself. The thread is given back as it was: it may be a shared one,
    /// and what runs there next must not take itself for this reactor.
    /// </summary>
    public void RunTurn()
    {
        Reactor? before = t_current;
        t_current = this;
        try
        {
            TakeTurn();
        }
        finally
        {
            t_current = before;
        }
    }

    private void TakeTurn()
    {
        Poller.Wait(TimeoutMs());
        if (_readyCount > 0)
        {
            RunReady();
        }

        RunTimers();
        if (_mailbox.HasMail)
        {
            _mailbox.Drain(_reportBug);
        }

        Poller.Flush();
        TurnEnded?.Invoke();
        Volatile.Write(ref _lastTurnUs, NowUs);
        Turn++;
    }

    /// <summary>Reads the clocks; called by the poller when the kernel has answered.</summary>
    public void BeginTurn()
    {
        long nowUs = Poller.ReadClockUs();
        NowUs = nowUs;
        NowMs = nowUs / 1000;
        if (nowUs - _utcReadUs > 1_000_000 || _utcBaseMs == 0)
        {
            _utcBaseMs = Poller.ReadUtcMs();
            _utcReadUs = nowUs;
        }
    }

    /// <summary>Reports a fault of a handler and goes on.</summary>
    public void ReportBug(Exception error)
    {
        Faults++;
        LogBug(_settings.Logger, Index, error);
    }

    private int TimeoutMs() => _readyCount > 0 || _mailbox.HasMail || _stopping ? 0 : Timers.NextDelayMs(NowMs);

    private void RunReady()
    {
        (_ready, _running) = (_running, _ready);
        int count = _readyCount;
        _readyCount = 0;
        for (int i = 0; i < count; i++)
        {
            Work work = _running[i];
            _running[i] = default;
            try
            {
                work.Run(work.State);
            }
#pragma warning disable CA1031 // A fault of a handler is our bug; the reactor outlives it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                ReportBug(error);
            }
        }
    }

    private void RunTimers()
    {
        bool done = false;
        while (!done)
        {
            try
            {
                Timers.Advance(NowMs);
                done = true;
            }
#pragma warning disable CA1031 // As above; the timer that failed is out of the wheel, the rest goes on.
            catch (Exception error)
#pragma warning restore CA1031
            {
                ReportBug(error);
            }
        }
    }

    private void ScheduleTrim()
    {
        if (!_trim.IsScheduled)
        {
            Timers.Schedule(_trim, TrimIntervalMs);
        }
    }

    private void Trim()
    {
        Buffers.Trim();
        ScheduleTrim();
    }

    private readonly record struct Work(Action<object?> Run, object? State);
}
