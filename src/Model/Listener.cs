using System;

namespace FastMesh.Model;

/// <summary>Which way the traffic of a sidecar's listener goes (envoy.config.core.v3.TrafficDirection).</summary>
public enum TrafficDirection
{
    /// <summary>Not said.</summary>
    Unspecified,

    /// <summary>To the application beside us.</summary>
    Inbound,

    /// <summary>From the application beside us.</summary>
    Outbound,
}

/// <summary>Where to listen or connect: an IP address with a port, or a Unix socket.</summary>
/// <param name="Host">IP address, or a host name where a cluster resolves it; empty for a Unix socket.</param>
/// <param name="Port">0 to 65535; 0 lets the kernel choose when listening.</param>
/// <param name="Path">Unix socket path, <c>@name</c> for the abstract namespace; null for IP.</param>
public sealed record SocketTarget(string Host, int Port, string? Path = null)
{
    /// <summary>An IPv6 wildcard listener also takes IPv4 (<c>ipv4_compat</c>).</summary>
    public bool IPv4Compat { get; init; }

    /// <summary>Mode bits of a Unix socket file; 0 leaves them.</summary>
    public int Mode { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        Path ?? (Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}");
}

/// <summary>TCP keepalive probes (envoy.config.core.v3.TcpKeepalive); null values keep the kernel's.</summary>
/// <param name="Probes">Unanswered probes before the connection is given up.</param>
/// <param name="TimeSeconds">Idle seconds before the first probe.</param>
/// <param name="IntervalSeconds">Seconds between probes.</param>
public sealed record TcpKeepalive(uint? Probes, uint? TimeSeconds, uint? IntervalSeconds);

/// <summary>One place where connections are accepted (envoy.config.listener.v3.Listener).</summary>
public sealed record Listener
{
    /// <summary>Default of <see cref="PerConnectionBufferLimitBytes"/>.</summary>
    public const uint DefaultBufferLimitBytes = 1024 * 1024;

    /// <summary>Name; unique. Connections of a listener survive a reload that keeps name and address.</summary>
    public required string Name { get; init; }

    /// <summary>The address.</summary>
    public required SocketTarget Address { get; init; }

    /// <summary>More addresses of the same listener.</summary>
    public ValueList<SocketTarget> AdditionalAddresses { get; init; } = [];

    /// <summary>Chains; the most specific match is taken.</summary>
    public ValueList<FilterChain> FilterChains { get; init; } = [];

    /// <summary>The chain when none matches; null closes the connection.</summary>
    public FilterChain? DefaultFilterChain { get; init; }

    /// <summary>What looks at a connection before a chain is chosen, in order.</summary>
    public ValueList<ListenerFilter> ListenerFilters { get; init; } = [];

    /// <summary>Time for the listener filters; default 15 s, zero is no limit.</summary>
    public TimeSpan ListenerFiltersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>When that time is over: true goes on with what is known, false closes.</summary>
    public bool ContinueOnListenerFiltersTimeout { get; init; }

    /// <summary>Hand a connection to the listener of its original destination, where there is one.</summary>
    public bool UseOriginalDestination { get; init; }

    /// <summary>False: only reached by a hand-over from another listener.</summary>
    public bool BindToPort { get; init; } = true;

    /// <summary>IP_TRANSPARENT: accept connections to addresses that are not ours (TPROXY).</summary>
    public bool Transparent { get; init; }

    /// <summary>IP_FREEBIND: bind an address that does not exist yet.</summary>
    public bool Freebind { get; init; }

    /// <summary>A socket per reactor; false gives the one socket to the first reactor.</summary>
    public bool EnableReusePort { get; init; } = true;

    /// <summary>Connections waiting to be accepted; 0 is the system's maximum.</summary>
    public int TcpBacklogSize { get; init; }

    /// <summary>Keepalive of accepted connections, or null.</summary>
    public TcpKeepalive? TcpKeepalive { get; init; }

    /// <summary>Bytes queued for one connection before reading of the other side stops.</summary>
    public uint PerConnectionBufferLimitBytes { get; init; } = DefaultBufferLimitBytes;

    /// <summary>Connections at once; 0 is no limit of its own.</summary>
    public int ConnectionLimit { get; init; }

    /// <summary>Its connections are not counted against the limit over all listeners.</summary>
    public bool IgnoreGlobalConnectionLimit { get; init; }

    /// <summary>Way of the traffic, for logs and the admin interface.</summary>
    public TrafficDirection TrafficDirection { get; init; }

    /// <summary>Name in the statistics; empty takes the address.</summary>
    public string StatPrefix { get; init; } = "";

    /// <summary>Logs of connections that no filter chain took, and of closed connections.</summary>
    public ValueList<AccessLogSettings> AccessLogs { get; init; } = [];
}

/// <summary>What looks at a connection before its chain is chosen: one of the records below.</summary>
public abstract record ListenerFilter
{
    private protected ListenerFilter()
    {
    }

    /// <summary>Destination ports for which it is left out (<c>filter_disabled</c>), in order, none touching.</summary>
    public ValueList<PortRange> DisabledPorts { get; init; } = [];
}

/// <summary>Ports from the first to the last, both included.</summary>
/// <param name="First">0 to 65535.</param>
/// <param name="Last">At least <paramref name="First"/>.</param>
public sealed record PortRange(int First, int Last);

/// <summary>Reads the destination that a redirect rule replaced.</summary>
public sealed record OriginalDestinationFilter : ListenerFilter;

/// <summary>Reads SNI and ALPN of a ClientHello without decrypting anything.</summary>
/// <param name="MaxClientHelloBytes">Longest ClientHello; more is treated as not TLS. At most 64 KiB.</param>
/// <param name="CloseOnParseErrors">A record that begins like TLS and is not closes the connection.</param>
public sealed record TlsInspectorFilter(int MaxClientHelloBytes = 65536, bool CloseOnParseErrors = false)
    : ListenerFilter;

/// <summary>Tells HTTP/1 and HTTP/2 from other protocols by the first bytes.</summary>
public sealed record HttpInspectorFilter : ListenerFilter;

/// <summary>Reads a PROXY protocol header, version 1 or 2.</summary>
/// <param name="AllowWithout">Connections without a header pass.</param>
public sealed record ProxyProtocolFilter(bool AllowWithout = false) : ListenerFilter;
