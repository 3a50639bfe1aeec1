using System;
using System.Collections.Generic;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMesh.Engine.Transport;

/// <summary>What a simulated network does to those who live in it.</summary>
internal sealed record SimulationOptions
{
    /// <summary>Every delivery takes a time drawn from here, in microseconds.</summary>
    public int DelayMinUs { get; init; } = 10;

    public int DelayMaxUs { get; init; } = 500;

    /// <summary>A delivery carries at most so many bytes, drawn from 1 up: short reads at every place.</summary>
    public int ReadBytesMax { get; init; } = 16 << 10;

    /// <summary>Bytes that a socket takes before a send comes back short.</summary>
    public int SocketBufferBytes { get; init; } = 64 << 10;

    /// <summary>Every n-th connection, on average, is reset, after <see cref="ResetAfterBytesMax"/> at most.</summary>
    public int ResetOneIn { get; init; }

    public int ResetAfterBytesMax { get; init; } = 4096;

    /// <summary>Every n-th connect, on average, is refused.</summary>
    public int RefuseOneIn { get; init; }

    /// <summary>The wall clock at virtual time 0, in milliseconds since 1970.</summary>
    public long UtcStartMs { get; init; } = 1_700_000_000_000;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}

/// <summary>
/// A network in memory with virtual time, in which whole engines run on one thread. All chance comes from one seed:
/// the same seed and the same program give the same run, byte for byte. Reactors made here take turns; time moves
/// only when all of them have nothing left to do.
/// </summary>
internal sealed class SimulatedNetwork
{
    // Turns at one instant; more means that something spins without time passing.
    private const int TurnsPerInstantMax = 100_000;

    private readonly PriorityQueue<SimulatedEvent, (long AtUs, long Number)> _events = new();
    private readonly Dictionary<string, SimulatedListener> _listeners = [];
    private readonly List<Reactor> _reactors = [];
    private readonly ulong _seed;
    private ulong _random;
    private long _eventNumber;
    private ushort _nextPort = 20_000;

    public SimulatedNetwork(ulong seed, SimulationOptions? options = null)
    {
        _seed = seed;
        _random = seed;
        Options = options ?? new SimulationOptions();
    }

    /// <summary>The rules.</summary>
    public SimulationOptions Options { get; }

    /// <summary>Virtual time in microseconds, from 1 s on.</summary>
    public long NowUs { get; private set; } = 1_000_000;

    /// <summary>Deliveries so far.</summary>
    public long Deliveries { get; private set; }

    /// <summary>A fingerprint of everything that was delivered and when: equal for equal runs.</summary>
    public ulong Fingerprint { get; private set; } = 14695981039346656037;

    /// <summary>Resets a connection after so many bytes from its client to its server; -1 for never.</summary>
    public Func<NetAddress, long>? ResetAfter { get; set; }

    /// <summary>Connects to which nothing ever answers.</summary>
    public Func<NetAddress, bool>? LosesConnects { get; set; }

    /// <summary>A reactor that lives in this network, driven by <see cref="RunUntil"/>, not by a thread.</summary>
    public Reactor AddReactor(BufferBudget? budget = null)
    {
        var reactor = new Reactor(new ReactorSettings(
            _reactors.Count,
            budget ?? new BufferBudget(BufferBudget.DefaultBytes),
            Options.Logger,
            _seed,
            made => new SimulatedPoller(made, this)));
        reactor.Open();
        _reactors.Add(reactor);
        return reactor;
    }

    /// <summary>Runs until <paramref name="done"/> says so (true) or the virtual time is over.</summary>
    /// <exception cref="InvalidOperationException">A reactor spins without time passing.</exception>
    public bool RunUntil(Func<bool> done, long timeMaxMs = 60_000)
    {
        long endUs = NowUs + (timeMaxMs * 1000);
        int turnsAtOnce = 0;
        while (!done())
        {
            if (TurnAll())
            {
                if (++turnsAtOnce > TurnsPerInstantMax)
                {
                    throw new InvalidOperationException(FormattableString.Invariant(
                        $"a simulated reactor spins at {NowUs} us; seed {_seed}"));
                }

                continue;
            }

            turnsAtOnce = 0;
            long next = NextTimeUs();
            if (next > endUs)
            {
                NowUs = endUs;
                TurnAll();
                return done();
            }

            NowUs = next;
            Deliver();
        }

        return true;
    }

    internal bool TryListen(string name, SimulatedPoller poller, TransportListener listener) =>
        _listeners.TryAdd(name, new SimulatedListener(poller, listener));

    internal void StopListening(string name) => _listeners.Remove(name);

    internal SimulatedListener? Find(string name) => _listeners.GetValueOrDefault(name);

    internal ushort TakePort() => _nextPort++;

    /// <summary>Has something happen after a delay of chance, in order of its pair.</summary>
    internal long Schedule(long notBeforeUs, SimulatedEvent what)
    {
        long atUs = Math.Max(
            NowUs + Options.DelayMinUs + (long)Next((ulong)(Options.DelayMaxUs - Options.DelayMinUs + 1)),
            notBeforeUs);
        _events.Enqueue(what, (atUs, _eventNumber++));
        return atUs;
    }

    /// <summary>A random number below <paramref name="bound"/>.</summary>
    internal ulong Next(ulong bound)
    {
        ulong z = _random += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (z ^ (z >> 31)) % Math.Max(bound, 1);
    }

    private bool TurnAll()
    {
        bool worked = false;
        foreach (Reactor reactor in _reactors)
        {
            var poller = (SimulatedPoller)reactor.Poller;
            bool due = reactor.Timers.NextDelayMs(NowUs / 1000) == 0;
            if (poller.HasWork || reactor.HasWork || due)
            {
                worked = true;
                reactor.RunTurn();
            }
        }

        return worked;
    }

    private long NextTimeUs()
    {
        long next = _events.TryPeek(out _, out (long AtUs, long) first) ? first.AtUs : long.MaxValue;
        foreach (Reactor reactor in _reactors)
        {
            int delay = reactor.Timers.NextDelayMs(NowUs / 1000);
            if (delay >= 0)
            {
                next = Math.Min(next, ((NowUs / 1000) + delay) * 1000);
            }
        }

        return next;
    }

    private void Deliver()
    {
        while (_events.TryPeek(out SimulatedEvent? what, out (long AtUs, long) key) && key.AtUs <= NowUs)
        {
            _events.Dequeue();
            Deliveries++;
            Fingerprint = (Fingerprint ^ (ulong)NowUs ^ ((ulong)what.Length << 40)) * 1099511628211;
            what.To.Post(what);
        }
    }
}

/// <summary>A name that connections can be made to.</summary>
internal sealed record SimulatedListener(SimulatedPoller Poller, TransportListener Listener);

/// <summary>What arrives at one reactor at one time.</summary>
/// <param name="To">Whose it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Socket">The receiving end.</param>
/// <param name="Length">Bytes, where it carries some.</param>
internal sealed record SimulatedEvent(
    SimulatedPoller To, SimulatedEventKind Kind, SimulatedSocket Socket, int Length = 0);

internal enum SimulatedEventKind
{
    Connect,
    Connected,
    Refused,
    Bytes,
    Room,
    End,
    Reset,
}
