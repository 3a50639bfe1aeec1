using System;

namespace FastMesh.Model;

/// <summary>An address range in CIDR form.</summary>
/// <param name="Address">IPv4 or IPv6 address.</param>
/// <param name="PrefixLength">Leading bits that count.</param>
public sealed record CidrRange(string Address, int PrefixLength);

/// <summary>Where a connection comes from (envoy.config.listener.v3.FilterChainMatch.ConnectionSourceType).</summary>
public enum ConnectionSource
{
    /// <summary>Anywhere.</summary>
    Any,

    /// <summary>This host.</summary>
    SameIpOrLoopback,

    /// <summary>Another host.</summary>
    External,
}

/// <summary>What a connection must be for a chain to serve it (envoy.config.listener.v3.FilterChainMatch).</summary>
public sealed record FilterChainMatch
{
    /// <summary>Matches every connection.</summary>
    public static readonly FilterChainMatch Any = new();

    /// <summary>Destination port, the original one where known; 0 is any.</summary>
    public int DestinationPort { get; init; }

    /// <summary>Destination addresses; empty is any.</summary>
    public ValueList<CidrRange> DestinationRanges { get; init; } = [];

    /// <summary>Server names, exact or <c>*.suffix</c>; empty is any.</summary>
    public ValueList<string> ServerNames { get; init; } = [];

    /// <summary><c>tls</c>, <c>raw_buffer</c>, or empty for any.</summary>
    public string TransportProtocol { get; init; } = "";

    /// <summary>ALPN or sniffed protocols; empty is any.</summary>
    public ValueList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Addresses of the peer on the socket; empty is any.</summary>
    public ValueList<CidrRange> DirectSourceRanges { get; init; } = [];

    /// <summary>Near or far.</summary>
    public ConnectionSource SourceType { get; init; }

    /// <summary>Addresses of the client, after a PROXY header; empty is any.</summary>
    public ValueList<CidrRange> SourceRanges { get; init; } = [];

    /// <summary>Ports of the client; empty is any.</summary>
    public ValueList<int> SourcePorts { get; init; } = [];
}

/// <summary>How a kind of connection is served (envoy.config.listener.v3.FilterChain).</summary>
public sealed record FilterChain
{
    /// <summary>Name; may be empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Which connections.</summary>
    public FilterChainMatch Match { get; init; } = FilterChainMatch.Any;

    /// <summary>What serves them: the terminal network filter.</summary>
    public required NetworkFilter Filter { get; init; }

    /// <summary>How it speaks TLS; null for plaintext.</summary>
    public DownstreamTls? Tls { get; init; }

    /// <summary>Longest handshake (<c>transport_socket_connect_timeout</c>); 0 takes the default.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = DefaultHandshakeTimeout;

    /// <summary>10 s; Envoy has no limit, and a handshake that never ends would hold a connection for ever.</summary>
    public static TimeSpan DefaultHandshakeTimeout { get; } = TimeSpan.FromSeconds(10);
}

/// <summary>The terminal filter of a chain: one of the records below.</summary>
public abstract record NetworkFilter
{
    private protected NetworkFilter()
    {
    }
}

/// <summary>Relays bytes (envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy).</summary>
public sealed record TcpProxySettings : NetworkFilter
{
    /// <summary>Name in the statistics.</summary>
    public required string StatPrefix { get; init; }

    /// <summary>The clusters with their shares; a single cluster has one entry.</summary>
    public required ValueList<TcpClusterShare> Clusters { get; init; }

    /// <summary>Without a byte either way; default 1 h, zero is no limit.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Longest life of a connection; zero is no limit.</summary>
    public TimeSpan MaxDownstreamConnectionDuration { get; init; }

    /// <summary>Endpoints tried before giving up.</summary>
    public int MaxConnectAttempts { get; init; } = 1;

    /// <summary>Logs, one line a connection.</summary>
    public ValueList<AccessLogSettings> AccessLogs { get; init; } = [];
}

/// <summary>One share of a TCP relay.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Weight">Share of the sum of all weights.</param>
public sealed record TcpClusterShare(string Cluster, uint Weight = 1);
