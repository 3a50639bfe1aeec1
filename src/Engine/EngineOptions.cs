using System;
using System.Collections.Generic;
using FastMesh.Engine.Connections;

namespace FastMesh.Engine;

/// <summary>Which kernel interface the reactors use.</summary>
public enum EngineTransport
{
    /// <summary>io_uring where the kernel gives all that is needed, else epoll; the log says why.</summary>
    Auto,

    /// <summary>io_uring, or an error at start.</summary>
    Uring,

    /// <summary>epoll.</summary>
    Epoll,
}

/// <summary>How an engine runs; what it does is its <see cref="Model.MeshConfig"/>.</summary>
public sealed record EngineOptions
{
    /// <summary>Reactor threads; 0 is one per core that the process may use.</summary>
    public int Concurrency { get; init; }

    /// <summary>The kernel interface.</summary>
    public EngineTransport Transport { get; init; }

    /// <summary>Longest time that a drain may take before what is left is cut; default 45 s.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Bytes that all buffers of all connections may hold together; 0 is half of the memory the process may use.
    /// </summary>
    public long MemoryBudgetBytes { get; init; }

    /// <summary>Listening sockets that the process which this one replaces has left to it.</summary>
    internal IReadOnlyList<HandedSockets> Handed { get; init; } = [];

    /// <summary>Downstream connections over all listeners; 0 is half of the process's file descriptors.</summary>
    public int ConnectionsMax { get; init; }

    /// <summary>
    /// TLS handshakes with clients that may be under way, shared out among the reactors; default 4,096. One more ends
    /// the one that has waited longest.
    /// </summary>
    public int HandshakesMax { get; init; } = 4096;

    /// <summary>
    /// How long a key seals session tickets; default 1 h, which is half of what a session lives by default. Tickets
    /// are taken for three times as long.
    /// </summary>
    public TimeSpan TicketKeyLifetime { get; init; } = TimeSpan.FromHours(1);
}
