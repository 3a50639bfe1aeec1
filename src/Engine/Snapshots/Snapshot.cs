using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Model;

namespace FastMesh.Engine.Snapshots;

/// <summary>
/// A configuration in its compiled form. Immutable; the one before lives as long as exchanges hold its parts.
/// </summary>
internal sealed class Snapshot
{
    public static readonly Snapshot Empty = new();

    /// <summary>1 for the first configuration, one more for each that follows.</summary>
    public long Version { get; init; }

    public MeshConfig Config { get; init; } = MeshConfig.Empty;

    public Dictionary<string, ClusterRuntime> Clusters { get; init; } = [];

    /// <summary>By filter chain: listener name, then its place.</summary>
    public Dictionary<string, HttpManagerSlot> Managers { get; init; } = [];
}
