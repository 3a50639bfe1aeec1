using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Tls;

namespace FastMesh.Engine.Connections;

/// <summary>What the listeners of a snapshot are built with.</summary>
internal sealed record ListenerServices
{
    /// <summary>Reactors of the engine.</summary>
    public required int ReactorCount { get; init; }

    /// <summary>How long a silent client delays an opaque upstream.</summary>
    public long ServerFirstWaitMs { get; init; } = ListenerFilterRun.ServerFirstWaitMs;

    /// <summary>Makes what serves a chain whose filter is an HTTP connection manager.</summary>
    public required Func<FilterChain, NetworkFilterDelegate> HttpManager { get; init; }

    /// <summary>The TLS context of a chain that has one; null after a problem.</summary>
    public Func<FilterChain, TlsContext?> Tls { get; init; } = static _ => null;

    /// <summary>The cluster of a name, or null.</summary>
    public required Func<string, ClusterRuntime?> Clusters { get; init; }

    /// <summary>The counters, one per reactor, of a tcp_proxy's stat_prefix.</summary>
    public required Func<string, TcpStats[]> TcpStats { get; init; }

    /// <summary>The counters, one per reactor, of a listener.</summary>
    public required Func<Listener, ListenerStats[]> ListenerStats { get; init; }

    /// <summary>The logs of a filter, compiled.</summary>
    public required Func<ValueList<AccessLogSettings>, AccessLog[]> AccessLogs { get; init; }
}
