using System;
using System.Collections.Generic;
using System.Globalization;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Tests.Unit.Engine.Clusters;

/// <summary>Clusters and endpoints in a few words.</summary>
internal static class Mesh
{
    public static Endpoint At(
        int last, uint weight = 1, HealthStatus health = HealthStatus.Unknown, uint priority = 0) =>
        new(new SocketTarget($"10.0.0.{last}", 80), weight, health, priority);

    public static ClusterRuntime Static(LoadBalancing policy, params Endpoint[] endpoints) =>
        Run(new Cluster { Name = "c", LoadBalancing = policy, Endpoints = [.. endpoints] });

    public static ClusterRuntime Run(Cluster model, int reactors = 2)
    {
        var stats = new ClusterStats[reactors];
        for (int i = 0; i < reactors; i++)
        {
            stats[i] = new ClusterStats();
        }

        return new ClusterRuntime(model, stats);
    }

    public static EndpointSet Set(double panicPercent, params Endpoint[] endpoints)
    {
        var runtimes = new EndpointRuntime[endpoints.Length];
        for (int i = 0; i < runtimes.Length; i++)
        {
            NetAddress address = Address(endpoints[i].Target.ToString());
            runtimes[i] = new EndpointRuntime(address, null, endpoints[i], 1);
        }

        return new EndpointSet(runtimes, panicPercent);
    }

    public static NetAddress Address(string text) =>
        NetAddress.TryParse(text, out NetAddress address) ? address : throw new ArgumentException(text);

    /// <summary>How often each endpoint, named by its last number, is picked.</summary>
    public static SortedDictionary<int, int> Picks(ClusterRuntime cluster, int count, int reactor = 0)
    {
        var picks = new SortedDictionary<int, int>();
        ulong random = 42;
        for (int i = 0; i < count; i++)
        {
            random = (random * 6364136223846793005UL) + 1442695040888963407UL;
            Count(picks, cluster.Pick(new PickContext { ReactorIndex = reactor, Random = random }).Endpoint!);
        }

        return picks;
    }

    public static void Count(SortedDictionary<int, int> picks, EndpointRuntime endpoint)
    {
        int last = int.Parse(
            endpoint.Address.ToIPAddress()!.ToString().Split('.')[3], CultureInfo.InvariantCulture);
        picks[last] = picks.GetValueOrDefault(last) + 1;
    }
}
