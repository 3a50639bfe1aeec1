using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMesh.Engine.Transport;

/// <summary>Which kernel interface to use.</summary>
internal enum TransportKind
{
    /// <summary>io_uring where it works, else epoll; see <see cref="TransportProbe"/>.</summary>
    Auto,

    /// <summary>io_uring; starting fails where it does not work.</summary>
    Uring,

    /// <summary>epoll.</summary>
    Epoll,
}

/// <summary>What a <see cref="ReactorGroup"/> is made of.</summary>
internal sealed record ReactorGroupOptions
{
    /// <summary>Reactors; 0 for one per processor.</summary>
    public int Count { get; init; }

    public TransportKind Transport { get; init; } = TransportKind.Auto;

    /// <summary>Bytes of all receive and send buffers together.</summary>
    public long BufferBudgetBytes { get; init; } = BufferBudget.DefaultBytes;

    /// <summary>Start of the random numbers; 0 takes one from the clock.</summary>
    public ulong Seed { get; init; }

    public ILogger Logger { get; init; } = NullLogger.Instance;
}

/// <summary>All reactors of an engine, a thread each.</summary>
internal sealed class ReactorGroup
{
    private const int StackBytes = 1 << 20;

    private readonly Thread[] _threads;
    private readonly TaskCompletionSource[] _ended;

    private ReactorGroup(Reactor[] reactors, BufferBudget budget, TransportChoice choice)
    {
        Reactors = reactors;
        Budget = budget;
        Choice = choice;
        _threads = new Thread[reactors.Length];
        _ended = new TaskCompletionSource[reactors.Length];
    }

    /// <summary>The reactors, by index.</summary>
    public Reactor[] Reactors { get; }

    /// <summary>The memory they share.</summary>
    public BufferBudget Budget { get; }

    /// <summary>What was chosen, and why.</summary>
    public TransportChoice Choice { get; }

    /// <summary>Starts the threads; returns when every reactor has its poller.</summary>
    /// <exception cref="InvalidOperationException">The transport that was asked for does not work here.</exception>
    public static ReactorGroup Start(ReactorGroupOptions options)
    {
        TransportChoice choice = TransportProbe.Choose(options.Transport);
        int count = options.Count > 0 ? options.Count : Environment.ProcessorCount;
        var budget = new BufferBudget(options.BufferBudgetBytes);
        ulong seed = options.Seed != 0 ? options.Seed : (ulong)SystemClock.UtcMs() | 1;
        var reactors = new Reactor[count];
        for (int i = 0; i < count; i++)
        {
            reactors[i] = new Reactor(new ReactorSettings(i, budget, options.Logger, seed, choice.Create));
        }

        var group = new ReactorGroup(reactors, budget, choice);
        group.StartThreads();
        return group;
    }

    /// <summary>Stops all reactors after their current turn, closing what is open.</summary>
    public Task StopAsync()
    {
        foreach (Reactor reactor in Reactors)
        {
            reactor.Stop();
        }

        return Task.WhenAll(Array.ConvertAll(_ended, static one => one.Task));
    }

    private void StartThreads()
    {
        using var opened = new CountdownEvent(Reactors.Length);
        Exception? fault = null;
        for (int i = 0; i < Reactors.Length; i++)
        {
            Reactor reactor = Reactors[i];
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ended[i] = ended;
            _threads[i] = new Thread(() => RunThread(reactor, ended, opened, ref fault), StackBytes)
            {
                Name = "reactor " + i.ToString(CultureInfo.InvariantCulture),
                IsBackground = true,
            };
            _threads[i].Start();
        }

        opened.Wait();
        if (fault is { } error)
        {
            _ = StopAsync();
            throw new InvalidOperationException("a reactor could not start: " + error.Message, error);
        }
    }

    private static void RunThread(
        Reactor reactor, TaskCompletionSource ended, CountdownEvent opened, ref Exception? fault)
    {
        try
        {
            reactor.Open();
        }
#pragma warning disable CA1031 // Reported to whoever starts the group.
        catch (Exception error)
#pragma warning restore CA1031
        {
            fault = error;
            ended.SetResult();
            opened.Signal();
            return;
        }

        opened.Signal();
        reactor.Run();
        ended.SetResult();
    }
}
