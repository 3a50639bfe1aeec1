using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Tls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMesh.Engine;

/// <summary>
/// The data plane: starts reactors, takes configurations, drains, stops. A configuration is compiled and bound as a
/// whole before anything of it is in force; one with errors changes nothing. Members may be called from any thread, one
/// at a time.
/// </summary>
public sealed class MeshEngine : IAsyncDisposable
{
    /// <summary>How often half-full access log buffers are handed to their writers.</summary>
    private const int LogFlushMs = 250;

    /// <summary>Turns in which accepting ends: a cancel, a last look at the queue, what that brings.</summary>
    private const int LastAcceptTurns = 4;

    /// <summary>How long the first answers of DNS may hold up a configuration.</summary>
    private static readonly TimeSpan s_dnsWait = TimeSpan.FromSeconds(5);

    private readonly EngineOptions _options;
    private readonly ILogger _log;
    private readonly ReactorGroup _group;
    private readonly MetricsRegistry _metrics;
    private readonly AccessLogSinks _sinks;
    private readonly SnapshotCompiler _compiler;
    private readonly ListenerBinder _binder;
    private readonly TlsTicketKeys _ticketKeys = new();
    private readonly ConnectionCount _connections = new();
    private readonly ConnectionCount _limited = new();
    private readonly ReactorRooms[] _rooms;
    private readonly Dictionary<ClusterRuntime, DnsRefresh> _dns = [];
    private Snapshot _snapshot = Snapshot.Empty;
    private ListenerSet _listeners = ListenerSet.Empty;
    private int _state;

    /// <summary>Starts the reactors; nothing listens until <see cref="ApplyAsync"/>.</summary>
    /// <exception cref="InvalidOperationException">The transport that was asked for does not work here.</exception>
    public MeshEngine(EngineOptions options, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _log = (loggers ?? NullLoggerFactory.Instance).CreateLogger("FastMesh.Engine");
        _group = ReactorGroup.Start(new ReactorGroupOptions
        {
            Count = options.Concurrency,
            Transport = (TransportKind)(int)options.Transport,
            BufferBudgetBytes = options.MemoryBudgetBytes > 0
                ? options.MemoryBudgetBytes
                : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2,
            Logger = _log,
        });
        EngineLog.Transport(_log, TransportName, _group.Choice.Reason);
        int reactors = _group.Reactors.Length;
        _metrics = new MetricsRegistry(reactors);
        _sinks = new AccessLogSinks(reactors, _log);
        ServerStats.Register(_metrics, () => Status, _sinks);
        _compiler = new SnapshotCompiler(_metrics, _sinks);
        _binder = new ListenerBinder(reactors, options.Handed);
        int connectionsMax = options.ConnectionsMax > 0 ? options.ConnectionsMax : DefaultConnectionsMax();
        _rooms = new ReactorRooms[reactors];
        for (int i = 0; i < reactors; i++)
        {
            int handshakesMax = Math.Max(1, options.HandshakesMax / reactors);
            var pipeline = new AcceptPipeline(i, _connections, _limited, connectionsMax, handshakesMax, _log);
            _rooms[i] = new ReactorRooms(_group.Reactors[i], reactors, pipeline, _sinks, _log);
        }

        RotateTicketKeys(_group.Reactors[0], (long)options.TicketKeyLifetime.TotalMilliseconds);
    }

    /// <summary>Where the engine stands.</summary>
    public EngineStatus Status
    {
        get
        {
            var listeners = new List<ListenerStatus>();
            foreach (CompiledListener listener in _listeners.Listeners)
            {
                listeners.Add(new ListenerStatus(
                    listener.Name,
                    listener.Bound.Length == 0 ? null : listener.Bound[0].Sockets[0].Address.ToIPEndPoint()));
            }

            return new EngineStatus(
                (EngineState)Volatile.Read(ref _state), _snapshot.Version, TransportName, _group.Choice.Reason,
                _rooms.Length, _connections.Active, listeners);
        }
    }

    internal MetricsRegistry Metrics => _metrics;

    internal TlsTicketKeys TicketKeys => _ticketKeys;

    internal Snapshot Snapshot => _snapshot;

    internal ListenerSet Listeners => _listeners;

    /// <summary>What listens, for a process that takes over.</summary>
    internal IReadOnlyList<HandedSockets> ListeningSockets => _binder.Sockets;

    internal AccessLogSinks Sinks => _sinks;

    internal ReactorGroup Group => _group;

    private string TransportName => _group.Choice.Kind == TransportKind.Uring ? "io_uring" : "epoll";

    /// <summary>Puts a configuration in force, all of it or, with an error, nothing.</summary>
    /// <returns>Errors and warnings; empty when all is well.</returns>
    public async Task<IReadOnlyList<ConfigProblem>> ApplyAsync(MeshConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var problems = new List<ConfigProblem>();
        _sinks.BeginNaming();
        _metrics.BeginNaming();
        Dictionary<string, ClusterRuntime> clusters = _compiler.CompileClusters(config, _snapshot, problems);
        var managers = new Dictionary<string, HttpManagerSlot>();
        var compiled = new List<(HttpManagerSlot Slot, HttpManager Manager)>();
        ListenerSet listeners = CompileListeners(config, clusters, managers, compiled, problems);
        if (HasErrors(problems) || !_binder.TryBind(listeners, problems))
        {
            _metrics.UndoNaming();
            return problems;
        }

        await StartDnsAsync(clusters);
        Publish(config, clusters, managers, compiled, listeners);
        await OnAllReactorsAsync(rooms => rooms.Sockets.Adopt(listeners));
        _sinks.EndNaming();
        _metrics.EndNaming();
        Interlocked.CompareExchange(ref _state, (int)EngineState.Live, (int)EngineState.Starting);
        EngineLog.Applied(_log, _snapshot.Version, config.Listeners.Count, config.Clusters.Count);
        return problems;
    }

    /// <summary>Compiles a configuration and tells what is wrong with it; changes nothing.</summary>
    public IReadOnlyList<ConfigProblem> Check(MeshConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var problems = new List<ConfigProblem>();
        _metrics.BeginNaming();
        Dictionary<string, ClusterRuntime> clusters = _compiler.CompileClusters(config, Snapshot.Empty, problems);
        CompileListeners(config, clusters, [], [], problems);
        _metrics.UndoNaming();
        return problems;
    }

    /// <summary>
    /// Stops accepting, tells clients with their next response, and returns when every connection has ended or the time
    /// is over; what is left then is cut.
    /// </summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        Volatile.Write(ref _state, (int)EngineState.Draining);
        EngineLog.Draining(_log, limit.TotalSeconds, _connections.Active);
        foreach (HttpManagerSlot slot in _snapshot.Managers.Values)
        {
            slot.Current.IsDraining = true;
        }

        await OnAllReactorsAsync(static rooms => rooms.Sockets.BeginDrain());

        // What the kernel had accepted before, or holds in its queues, comes in the next turns; then nothing does.
        for (int turn = 0; turn < LastAcceptTurns; turn++)
        {
            await OnAllReactorsAsync(static _ => { });
        }

        long deadlineMs = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (_connections.Active > 0 && Environment.TickCount64 < deadlineMs)
        {
#pragma warning disable RS0030 // The control thread waits here, no reactor does.
            await Task.Delay(20);
#pragma warning restore RS0030
        }

        await OnAllReactorsAsync(static rooms => rooms.Sockets.CloseConnections());
    }

    /// <summary>Opens access logs anew, after a rotation.</summary>
    public void ReopenLogs() => _sinks.Reopen();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _state, (int)EngineState.Stopped) == (int)EngineState.Stopped)
        {
            return;
        }

        foreach (DnsRefresh refresh in _dns.Values)
        {
            refresh.Dispose();
        }

        await _group.StopAsync();
        _sinks.Dispose();
    }

    private static bool HasErrors(List<ConfigProblem> problems) =>
        problems.Exists(static problem => problem.Severity == ConfigSeverity.Error);

    /// <summary>Half of the descriptors, so that each downstream connection can have an upstream one.</summary>
    private static int DefaultConnectionsMax() => Math.Max(16, DescriptorReserve.ProcessLimit / 2);

    private ListenerSet CompileListeners(
        MeshConfig config,
        Dictionary<string, ClusterRuntime> clusters,
        Dictionary<string, HttpManagerSlot> managers,
        List<(HttpManagerSlot Slot, HttpManager Manager)> compiled,
        List<ConfigProblem> problems)
    {
        var places = new Dictionary<FilterChain, (string Key, int Port)>(ReferenceEqualityComparer.Instance);
        foreach (Listener listener in config.Listeners)
        {
            for (int i = 0; i < listener.FilterChains.Count; i++)
            {
                places.TryAdd(listener.FilterChains[i], ($"{listener.Name}.filter_chains[{i}]", listener.Address.Port));
            }

            if (listener.DefaultFilterChain is { } chain)
            {
                places.TryAdd(chain, (listener.Name + ".default_filter_chain", listener.Address.Port));
            }
        }

        var services = new ListenerServices
        {
            ReactorCount = _rooms.Length,
            Clusters = name => clusters.GetValueOrDefault(name),
            TcpStats = _metrics.Tcp,
            ListenerStats = listener => _metrics.Listener(
                listener.StatPrefix.Length > 0 ? listener.StatPrefix : listener.Address.ToString()),
            AccessLogs = logs => _compiler.CompileLogs(logs, "listener", problems),
            Tls = chain => TlsCompiler.CompileServer(chain.Tls!, _ticketKeys, places[chain].Key, problems),
            HttpManager = chain =>
            {
                (string key, int port) = places[chain];
                HttpManager manager = _compiler.CompileManager(
                    (HttpConnectionManagerSettings)chain.Filter, port, clusters, key, problems);
                HttpManagerSlot slot = _snapshot.Managers.GetValueOrDefault(key) ?? new HttpManagerSlot(manager);
                managers[key] = slot;
                compiled.Add((slot, manager));
                return connection => Serve(connection, slot);
            },
        };
        return new ListenerCompiler(services, _listeners, problems).Compile(config.Listeners);
    }

    private void Serve(AcceptedConnection connection, HttpManagerSlot slot)
    {
        ReactorState state = _rooms[connection.Transport.Reactor.Index].State;
        bool isChosen = connection.Transport.Tls is { } tls && tls.Session.ApplicationProtocol.SequenceEqual("h2"u8);
        if (slot.Current.IsHttp2 || (isChosen && slot.Current.DetectsHttp2))
        {
            new Http2Server(connection, state, slot).Run(isCounted: false);
        }
        else
        {
            new Http1Server(connection, state, slot).Run();
        }
    }

    private void Publish(
        MeshConfig config,
        Dictionary<string, ClusterRuntime> clusters,
        Dictionary<string, HttpManagerSlot> managers,
        List<(HttpManagerSlot Slot, HttpManager Manager)> compiled,
        ListenerSet listeners)
    {
        foreach ((HttpManagerSlot slot, HttpManager manager) in compiled)
        {
            slot.Current = manager;
        }

        foreach ((string key, HttpManagerSlot slot) in _snapshot.Managers)
        {
            if (!managers.ContainsKey(key))
            {
                slot.Current.IsDraining = true;
            }
        }

        foreach ((string name, ClusterRuntime cluster) in _snapshot.Clusters)
        {
            if (clusters.GetValueOrDefault(name) != cluster)
            {
                Retire(cluster);
            }
        }

        foreach (ClusterRuntime cluster in clusters.Values)
        {
            _metrics.SetClusterGauges(cluster.StatName, new ClusterGauges(cluster));
        }

        _snapshot = new Snapshot
        {
            Version = _snapshot.Version + 1,
            Config = config,
            Clusters = clusters,
            Managers = managers,
        };
        _listeners = listeners;
    }

    private void Retire(ClusterRuntime cluster)
    {
        cluster.IsRetired = true;
        foreach (EndpointRuntime endpoint in cluster.Endpoints.All)
        {
            endpoint.IsRetired = true;
        }

        if (_dns.Remove(cluster, out DnsRefresh? refresh))
        {
            refresh.Dispose();
        }
    }

    private async Task StartDnsAsync(Dictionary<string, ClusterRuntime> clusters)
    {
        var first = new List<Task>();
        foreach (ClusterRuntime cluster in clusters.Values)
        {
            if (cluster.Model.Type is ClusterType.StrictDns or ClusterType.LogicalDns && !_dns.ContainsKey(cluster))
            {
                var refresh = new DnsRefresh(cluster, _rooms.Length, _log);
                _dns.Add(cluster, refresh);
                first.Add(refresh.StartAsync());
            }
        }

        if (first.Count > 0)
        {
            await Task.WhenAny(Task.WhenAll(first), DelayAsync(s_dnsWait));
        }
    }

    private static Task DelayAsync(TimeSpan time)
    {
#pragma warning disable RS0030 // The control thread waits here, no reactor does.
        return Task.Delay(time);
#pragma warning restore RS0030
    }

    private Task OnAllReactorsAsync(Action<ReactorRooms> work)
    {
        var done = new Task[_rooms.Length];
        for (int i = 0; i < done.Length; i++)
        {
            ReactorRooms rooms = _rooms[i];
            var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            done[i] = finished.Task;
            bool taken = rooms.Reactor.Post(
                _ =>
                {
                    try
                    {
                        work(rooms);
                        finished.SetResult();
                    }
                    catch (Exception exception)
                    {
                        finished.SetException(exception);
                    }
                },
                null);
            if (!taken)
            {
                // The reactor has ended, and with it all that the work was about.
                finished.SetResult();
            }
        }

        return Task.WhenAll(done);
    }

    /// <summary>Any thread may rotate; this one has a timer.</summary>
    private void RotateTicketKeys(Reactor reactor, long lifetimeMs)
    {
        ReactorTimer? timer = null;
        timer = new ReactorTimer(
            _ =>
            {
                _ticketKeys.Rotate();
                reactor.Timers.Schedule(timer!, lifetimeMs);
            },
            null);
        reactor.Post(_ => reactor.Timers.Schedule(timer, lifetimeMs), null);
    }

    /// <summary>What the engine keeps on one reactor.</summary>
    private sealed class ReactorRooms
    {
        private readonly AccessLogSinks _sinks;
        private readonly ReactorTimer _logTimer;

        public ReactorRooms(
            Reactor reactor, int reactorCount, AcceptPipeline pipeline, AccessLogSinks sinks, ILogger log)
        {
            Reactor = reactor;
            State = new ReactorState(reactor);
            Sockets = new ListenerSockets(reactor, reactorCount, pipeline, log);
            _sinks = sinks;
            _logTimer = new ReactorTimer(static rooms => ((ReactorRooms)rooms!).FlushLogs(), this);
            reactor.Post(static rooms => ((ReactorRooms)rooms!).FlushLogs(), this);
        }

        public Reactor Reactor { get; }

        public ReactorState State { get; }

        public ListenerSockets Sockets { get; }

        private void FlushLogs()
        {
            _sinks.Flush(Reactor.Index);
            Reactor.Timers.Schedule(_logTimer, LogFlushMs);
        }
    }
}
