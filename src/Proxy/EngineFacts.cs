using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using FastMesh.Engine;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Proxy.Admin;

namespace FastMesh.Proxy;

/// <summary>What is read of the engine's rooms: the one file here that knows their insides.</summary>
internal static class EngineFacts
{
    /// <summary>The transport that <c>auto</c> picks on this host, and why.</summary>
    public static string TransportHere()
    {
        TransportChoice choice = TransportProbe.Choose();
        return $"{(choice.Kind == TransportKind.Uring ? "io_uring" : "epoll")}: {choice.Reason}";
    }

    /// <summary>Clusters with their endpoints as they are now.</summary>
    public static IReadOnlyList<ClusterRow> Clusters(MeshEngine engine) =>
    [
        .. engine.Snapshot.Clusters.Values.Select(cluster => new ClusterRow(
            cluster.Name, TypeName(cluster.Model.Type), [.. cluster.Endpoints.All.Select(Row)])),
    ];

    /// <summary>Counters of all reactors, summed.</summary>
    public static string Stats(MeshEngine engine, StatsFormat format, Regex? filter, bool usedOnly) => format switch
    {
        StatsFormat.Json => engine.Metrics.Json(filter, usedOnly),
        StatsFormat.Prometheus => engine.Metrics.Prometheus(filter, usedOnly),
        _ => engine.Metrics.Text(filter, usedOnly),
    };

    // Read without a lock while reactors count: each number is whole, together they may be a turn apart.
    private static EndpointRow Row(EndpointRuntime endpoint) => new(
        endpoint.UnixPath ?? endpoint.Address.ToIPEndPoint()!.Address.ToString(),
        endpoint.UnixPath is null ? endpoint.Address.Port : 0,
        endpoint.Model.HostName,
        (int)endpoint.Model.Weight,
        endpoint.IsHealthy,
        [
            new AdminStat("rq_active", endpoint.PerReactor.Sum(state => (long)state.ActiveRequests)),
            new AdminStat("rq_total", endpoint.PerReactor.Sum(state => state.TotalRequests)),
        ]);

    private static string TypeName(ClusterType type) => type switch
    {
        ClusterType.StrictDns => "STRICT_DNS",
        ClusterType.LogicalDns => "LOGICAL_DNS",
        ClusterType.OriginalDestination => "ORIGINAL_DST",
        _ => "STATIC",
    };
}
