using System.Collections.Generic;
using System.Net;

namespace FastMesh.Engine;

/// <summary>Where an engine stands in its life.</summary>
public enum EngineState
{
    /// <summary>Not listening yet.</summary>
    Starting,

    /// <summary>All listeners are bound.</summary>
    Live,

    /// <summary>No new connections; what is in flight finishes.</summary>
    Draining,

    /// <summary>Nothing runs any more.</summary>
    Stopped,
}

/// <summary>One bound listener.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Address">The address the kernel gave, port included; null when it is not bound to a port.</param>
public sealed record ListenerStatus(string Name, EndPoint? Address);

/// <summary>What an engine does now.</summary>
/// <param name="State">Where it stands in its life.</param>
/// <param name="Version">Number of the snapshot in force; 1 is the first.</param>
/// <param name="Transport">Kernel interface in use: <c>io_uring</c> or <c>epoll</c>.</param>
/// <param name="TransportReason">Why that one.</param>
/// <param name="Concurrency">Reactor threads.</param>
/// <param name="DownstreamConnections">Connections accepted and still open.</param>
/// <param name="Listeners">Listeners in force.</param>
public sealed record EngineStatus(
    EngineState State,
    long Version,
    string Transport,
    string TransportReason,
    int Concurrency,
    int DownstreamConnections,
    IReadOnlyList<ListenerStatus> Listeners);
