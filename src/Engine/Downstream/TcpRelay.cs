using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Downstream;

/// <summary>A cluster and its share of the connections.</summary>
internal readonly record struct RelayCluster(string Name, ClusterRuntime? Runtime, uint Weight);

/// <summary>
/// envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, compiled: opaque bytes between the client and one endpoint.
/// One object per filter chain, shared by the reactors.
/// </summary>
internal sealed class TcpRelay
{
    /// <summary>Idle time after which both sides are closed when the configuration says nothing.</summary>
    public const long DefaultIdleTimeoutMs = 3_600_000;

    /// <summary>
    /// Bytes in one direction from which on the kernel moves the rest by itself: a short conversation is not worth two
    /// pipes and their descriptors, a long one saves the copies.
    /// </summary>
    public const long DefaultSpliceAfterBytes = 1 << 20;

    private readonly RelayCluster[] _clusters;
    private readonly ulong _weightSum;

    /// <param name="clusters">At least one; the weights of several are added up.</param>
    public TcpRelay(RelayCluster[] clusters)
    {
        _clusters = clusters;
        foreach (RelayCluster cluster in clusters)
        {
            _weightSum += cluster.Weight;
        }
    }

    /// <summary>Milliseconds without a byte in either direction; 0 is no limit.</summary>
    public long IdleTimeoutMs { get; init; } = DefaultIdleTimeoutMs;

    /// <summary>Milliseconds a connection may live, busy or not; 0 is no limit.</summary>
    public long MaxDurationMs { get; init; }

    /// <summary>Connects tried before the client is closed; each goes to a newly picked endpoint.</summary>
    public int ConnectAttemptsMax { get; init; } = 1;

    /// <summary>See <see cref="DefaultSpliceAfterBytes"/>; <see cref="long.MaxValue"/> never splices.</summary>
    public long SpliceAfterBytes { get; init; } = DefaultSpliceAfterBytes;

    /// <summary>Counters, one set per reactor.</summary>
    public required TcpStats[] Stats { get; init; }

    public AccessLog[] AccessLogs { get; init; } = [];

    /// <summary>The <see cref="NetworkFilterDelegate"/> of the chain.</summary>
    public void Run(AcceptedConnection connection) =>
        connection.EndAfter(new TcpSession(this, connection).RunAsync());

    /// <summary>The cluster of one connection.</summary>
    /// <param name="random">Any number of the reactor's generator.</param>
    public RelayCluster PickCluster(ulong random)
    {
        if (_clusters.Length == 1 || _weightSum == 0)
        {
            return _clusters[0];
        }

        // The upper half of the product of two 64-bit numbers is a fair share of the sum, without a division.
        ulong point = Math.BigMul(random, _weightSum, out _);
        foreach (RelayCluster cluster in _clusters)
        {
            if (point < cluster.Weight)
            {
                return cluster;
            }

            point -= cluster.Weight;
        }

        return _clusters[^1];
    }
}
