namespace FastMesh.Model;

/// <summary>Everything an engine is told, immutable (envoy.config.bootstrap.v3.Bootstrap's static part).</summary>
public sealed record MeshConfig
{
    /// <summary>Nothing.</summary>
    public static readonly MeshConfig Empty = new();

    /// <summary>Listeners; names are unique.</summary>
    public ValueList<Listener> Listeners { get; init; } = [];

    /// <summary>Clusters; names are unique.</summary>
    public ValueList<Cluster> Clusters { get; init; } = [];

    /// <summary>Who we are.</summary>
    public NodeIdentity Node { get; init; } = new("", "");

    /// <summary>Where the admin interface listens, or null for none.</summary>
    public SocketTarget? Admin { get; init; }
}

/// <summary>Who this proxy is (envoy.config.core.v3.Node).</summary>
/// <param name="Id">Id of the node.</param>
/// <param name="Cluster">Service cluster of the node.</param>
public sealed record NodeIdentity(string Id, string Cluster);
