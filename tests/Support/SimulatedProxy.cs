using System;
using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMesh.Tests.Support;

/// <summary>
/// The HTTP rooms of one proxy on a reactor of a simulated network: one listener, one route, one cluster.
/// </summary>
internal sealed class SimulatedProxy
{
    public SimulatedProxy(
        SimulatedNetwork network,
        NetAddress address,
        SocketTarget upstream,
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings> configure,
        Func<ForwardAction, ForwardAction> route,
        Func<Cluster, Cluster> cluster,
        bool speaksTls = false)
    {
        Reactor = network.AddReactor();
        int index = Reactor.Index;
        var metrics = new MetricsRegistry(index + 1);
        Slot = new HttpManagerSlot(Compile(metrics, configure, route, cluster, upstream));
        ClusterStats = metrics.Cluster("upstream")[index];
        Http2Stats = metrics.Http2()[index];
        UpstreamHttp2Stats = metrics.ClusterHttp2("upstream")[index];
        var state = new ReactorState(Reactor);
        Transports.Listen(Reactor, new ListenOptions { Address = address }, transport =>
        {
            var accepted = new AcceptedConnection(transport, static _ => { });
            Accepted.Add(accepted);
            if (speaksTls)
            {
                SimulatedTls.Accept(accepted, Serve);
            }
            else
            {
                accepted.Run(Serve);
            }
        });

        void Serve(AcceptedConnection connection)
        {
            if (Slot.Current.IsHttp2)
            {
                new Http2Server(connection, state, Slot).Run(isCounted: false);
            }
            else
            {
                new Http1Server(connection, state, Slot).Run();
            }
        }
    }

    public Reactor Reactor { get; }

    public HttpManagerSlot Slot { get; }

    /// <summary>Every connection that it accepted.</summary>
    public List<AcceptedConnection> Accepted { get; } = [];

    public HttpStats Stats => Slot.Current.StatsFor(Reactor.Index);

    public ClusterStats ClusterStats { get; }

    /// <summary>Of its clients.</summary>
    public Http2Stats Http2Stats { get; }

    /// <summary>Of its connections to the upstream.</summary>
    public Http2Stats UpstreamHttp2Stats { get; }

    private static HttpManager Compile(
        MetricsRegistry metrics,
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings> configure,
        Func<ForwardAction, ForwardAction> route,
        Func<Cluster, Cluster> cluster,
        SocketTarget upstream)
    {
        var compiler = new SnapshotCompiler(metrics, new AccessLogSinks(1, NullLogger.Instance));
        var problems = new List<ConfigProblem>();
        Cluster model = cluster(new Cluster
        {
            Name = "upstream",
            Endpoints = [new Endpoint(upstream)],
        });
        HttpConnectionManagerSettings settings = configure(new HttpConnectionManagerSettings
        {
            StatPrefix = "sim",
            Routes = new RouteConfiguration
            {
                VirtualHosts =
                [
                    new VirtualHost
                    {
                        Name = "all",
                        Domains = ["*"],
                        Routes =
                        [
                            new Route
                            {
                                Match = new RouteMatch(),
                                Action = route(new ForwardAction { Cluster = "upstream" }),
                            },
                        ],
                    },
                ],
            },
        });
        var config = new MeshConfig { Clusters = [model] };
        Dictionary<string, ClusterRuntime> clusters = compiler.CompileClusters(config, Snapshot.Empty, problems);
        HttpManager manager = compiler.CompileManager(settings, 80, clusters, "manager", problems);
        return problems.Count == 0
            ? manager
            : throw new InvalidOperationException(string.Join("; ", problems));
    }
}
