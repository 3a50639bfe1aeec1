using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Tests.Unit.Engine.Transport;
using FastMesh.Tls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>One reactor with listeners and clusters on loopback.</summary>
internal sealed class TestMesh : IAsyncDisposable
{
    private readonly TestReactors _reactors;
    private readonly Dictionary<string, ClusterRuntime> _clusters = [];
    private readonly Dictionary<string, ListenerStats[]> _stats = [];
    private readonly ListenerBinder _binder = new(1, []);
    private readonly AcceptPipeline _pipeline;
    private readonly ListenerSockets _sockets;
    private ListenerSet _set = ListenerSet.Empty;

    public TestMesh(
        string kind = nameof(TransportKind.Epoll), int globalMax = int.MaxValue, int handshakesMax = 1,
        ILogger? logger = null)
    {
        _reactors = new TestReactors(Enum.Parse<TransportKind>(kind));
        _pipeline = new AcceptPipeline(0, new ConnectionCount(), new ConnectionCount(), globalMax, handshakesMax, logger ?? NullLogger.Instance);
        _sockets = new ListenerSockets(Reactor, 1, _pipeline, NullLogger.Instance);
    }

    public Reactor Reactor => _reactors.Reactor;

    public TcpStats[] Tcp { get; } = [new()];

    public Func<ValueList<AccessLogSettings>, AccessLog[]> AccessLogs { get; set; } = static _ => [];

    /// <summary>How long a listener filter waits for a client that says nothing.</summary>
    public int ServerFirstWaitMs { get; set; } = 50;

    /// <summary>Serves chains that speak TLS.</summary>
    public TlsContext? Tls { get; set; }

    /// <summary>Serves chains that are not tcp_proxy.</summary>
    public NetworkFilterDelegate Handler { get; set; } = static connection => connection.End();

    public static FilterChain Relay(string cluster, FilterChainMatch? match = null, TcpProxySettings? settings = null) =>
        new()
        {
            Name = "to " + cluster,
            Match = match ?? FilterChainMatch.Any,
            Filter = settings ?? new TcpProxySettings { StatPrefix = "t", Clusters = [new(cluster)] },
        };

    public static FilterChain Http(FilterChainMatch? match = null) => new()
    {
        Name = "http",
        Match = match ?? FilterChainMatch.Any,
        Filter = new HttpConnectionManagerSettings
        {
            StatPrefix = "h",
            Routes = new RouteConfiguration { Name = "r" },
        },
    };

    public static Listener Listener(string name, params FilterChain[] chains) => new()
    {
        Name = name,
        Address = new SocketTarget("127.0.0.1", 0),
        FilterChains = [.. chains],
    };

    public ClusterRuntime AddCluster(string name, params int[] ports) =>
        AddCluster(new Cluster { Name = name }, ports);

    public ClusterRuntime AddCluster(Cluster model, params int[] ports)
    {
        Endpoint[] endpoints = Array.ConvertAll(ports, port => new Endpoint(new SocketTarget("127.0.0.1", port)));
        return _clusters[model.Name] = new ClusterRuntime(model with { Endpoints = [.. endpoints] }, [new ClusterStats()]);
    }

    public async Task<List<ConfigProblem>> ApplyAsync(params Listener[] listeners)
    {
        List<ConfigProblem> problems = [];
        ListenerServices services = new()
        {
            ReactorCount = 1,
            ServerFirstWaitMs = ServerFirstWaitMs,
            HttpManager = _ => connection => Handler(connection),
            Tls = _ => Tls,
            Clusters = _clusters.GetValueOrDefault,
            TcpStats = _ => Tcp,
            ListenerStats = listener => _stats.TryGetValue(listener.Name, out ListenerStats[]? known)
                ? known
                : _stats[listener.Name] = [new ListenerStats()],
            AccessLogs = AccessLogs,
        };
        ListenerSet set = new ListenerCompiler(services, _set, problems).Compile([.. listeners]);
        if (problems.Count == 0 && _binder.TryBind(set, problems))
        {
            _set = set;
            await OnReactorAsync(() => _sockets.Adopt(set));
        }

        return problems;
    }

    public int PortOf(string name) => Find(name).Bound[0].Sockets[0].Address.Port;

    public Task<Peer> ConnectAsync(string name, int receiveBufferBytes = 0) =>
        Peer.ConnectAsync(PortOf(name), receiveBufferBytes);

    public ListenerStats StatsOf(string name) => Find(name).States[0].Stats;

    public Task<int> ConnectionsAsync() => _reactors.RunAsync(_ => ValueTask.FromResult(_sockets.ConnectionCount));

    public Task BeginDrainAsync() => OnReactorAsync(_sockets.BeginDrain);

    public Task CloseConnectionsAsync() => OnReactorAsync(_sockets.CloseConnections);

    /// <summary>Waits until the reactor has done what it knew about; then counters can be read.</summary>
    public Task SettleAsync() => OnReactorAsync(static () => { });

    public async Task OnReactorAsync(Action action) => await _reactors.RunAsync(_ =>
    {
        action();
        return ValueTask.FromResult(true);
    });

    public ValueTask DisposeAsync() => _reactors.DisposeAsync();

    private CompiledListener Find(string name) => Array.Find(_set.Listeners, listener => listener.Name == name)!;
}
