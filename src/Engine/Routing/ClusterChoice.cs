using System;
using FastMesh.Engine.Clusters;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>Which cluster a request goes to, and by which share of the route.</summary>
/// <param name="Cluster">The cluster, or null when it does not exist (flag NC).</param>
/// <param name="Share">The share drawn, or null when the route has one cluster.</param>
internal readonly record struct RoutePick(ClusterRuntime? Cluster, RouteShare? Share);

/// <summary>One share of a route.</summary>
internal sealed class RouteShare
{
    /// <summary>The sum of the weights up to and with this one.</summary>
    public required ulong WeightsUpTo { get; init; }

    /// <summary>The cluster, or null when it does not exist or a field names it.</summary>
    public ClusterRuntime? Cluster { get; init; }

    /// <summary>The request field that names the cluster; empty for none.</summary>
    public byte[] ClusterField { get; init; } = [];

    /// <summary>Changes before those of the route.</summary>
    public FieldMutations RequestMutations { get; init; } = FieldMutations.None;

    /// <summary>Changes before those of the route.</summary>
    public FieldMutations ResponseMutations { get; init; } = FieldMutations.None;

    /// <summary>The authority sent upstream; empty for that of the route.</summary>
    public byte[] HostRewrite { get; init; } = [];
}

/// <summary>Picks the cluster of a request: a fixed one, one by share, or one a field names.</summary>
internal sealed class ClusterChoice
{
    /// <summary>No cluster.</summary>
    public static ClusterChoice None { get; } = new();

    /// <summary>The names for fields that say a cluster.</summary>
    public ClusterNames? Names { get; init; }

    /// <summary>The cluster of a route with just one, or null.</summary>
    public ClusterRuntime? Single { get; init; }

    /// <summary>The request field that names the cluster; empty for none.</summary>
    public byte[] ClusterField { get; init; } = [];

    /// <summary>The shares; empty when one of the others is given.</summary>
    public RouteShare[] Shares { get; init; } = [];

    /// <summary>Picks.</summary>
    /// <param name="head">The request.</param>
    /// <param name="random">A fresh random number; not the one of the match, or shares would follow it.</param>
    public RoutePick Pick(RequestHead head, ulong random)
    {
        if (Shares.Length > 0)
        {
            RouteShare share = Draw(random);
            ClusterRuntime? drawn = share.ClusterField.Length > 0 ? Named(head, share.ClusterField) : share.Cluster;
            return new RoutePick(drawn, share);
        }

        return new RoutePick(ClusterField.Length > 0 ? Named(head, ClusterField) : Single, null);
    }

    private RouteShare Draw(ulong random)
    {
        ulong drawn = random % Shares[^1].WeightsUpTo;
        int i = 0;
        while (Shares[i].WeightsUpTo <= drawn)
        {
            i++;
        }

        return Shares[i];
    }

    private ClusterRuntime? Named(RequestHead head, ReadOnlySpan<byte> field) =>
        head.Fields.TryGet(field, out ReadOnlySpan<byte> name) && !name.IsEmpty ? Names!.Find(name) : null;
}
