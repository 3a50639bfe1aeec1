using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Connections;

/// <summary>
/// What one reactor counts for one listener. It outlives the snapshots: a listener of the same name takes it over.
/// </summary>
internal sealed class ListenerState(ListenerStats stats)
{
    public ConnectionTable Table { get; } = new();

    public ListenerStats Stats => stats;
}
