using System;

namespace FastMesh.Model;

/// <summary>How a cluster learns its endpoints.</summary>
public enum ClusterType
{
    /// <summary>They stand in the configuration.</summary>
    Static,

    /// <summary>Every address of a name is an endpoint.</summary>
    StrictDns,

    /// <summary>The first address of a name is taken for new connections.</summary>
    LogicalDns,

    /// <summary>The endpoint is where the client wanted to go.</summary>
    OriginalDestination,
}

/// <summary>How an endpoint is picked.</summary>
public enum LoadBalancing
{
    /// <summary>One after the other, by weight.</summary>
    RoundRobin,

    /// <summary>The less busy of a few drawn at random.</summary>
    LeastRequest,

    /// <summary>At random, by weight.</summary>
    Random,

    /// <summary>What the cluster type says; for original destinations.</summary>
    ClusterProvided,
}

/// <summary>Which addresses of a name are used.</summary>
public enum DnsLookupFamily
{
    /// <summary>IPv6, else IPv4.</summary>
    Auto,

    /// <summary>IPv4 only.</summary>
    V4Only,

    /// <summary>IPv6 only.</summary>
    V6Only,

    /// <summary>IPv4, else IPv6.</summary>
    V4Preferred,

    /// <summary>Both.</summary>
    All,
}

/// <summary>Which HTTP is spoken to the endpoints of a cluster.</summary>
public enum UpstreamProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2 with prior knowledge.</summary>
    Http2,

    /// <summary>What the client speaks.</summary>
    UseDownstream,
}

/// <summary>The PROXY protocol header that upstream connections begin with.</summary>
public enum ProxyProtocolVersion
{
    /// <summary>None.</summary>
    None,

    /// <summary>The text form.</summary>
    V1,

    /// <summary>The binary form.</summary>
    V2,
}

/// <summary>Health as the configuration states it.</summary>
public enum HealthStatus
{
    /// <summary>Not stated; taken as healthy.</summary>
    Unknown,

    /// <summary>Healthy.</summary>
    Healthy,

    /// <summary>Gets no traffic while others can take it.</summary>
    Unhealthy,

    /// <summary>Gets no new traffic.</summary>
    Draining,

    /// <summary>As unhealthy.</summary>
    Timeout,

    /// <summary>As healthy, but after all that are.</summary>
    Degraded,
}

/// <summary>One address of a cluster (envoy.config.endpoint.v3.LbEndpoint).</summary>
/// <param name="Target">Address, or a name to resolve.</param>
/// <param name="Weight">Share among the endpoints of its priority, at least 1.</param>
/// <param name="Health">Stated health.</param>
/// <param name="Priority">0 is used first.</param>
public sealed record Endpoint(
    SocketTarget Target,
    uint Weight = 1,
    HealthStatus Health = HealthStatus.Unknown,
    uint Priority = 0)
{
    /// <summary>Name of the host, for <c>auto_host_rewrite</c>; empty takes the address.</summary>
    public string HostName { get; init; } = "";

    /// <summary>Where it stands: endpoints of one locality share its weight.</summary>
    public Locality Locality { get; init; } = Locality.None;
}

/// <summary>
/// A place that endpoints share (envoy.config.endpoint.v3.LocalityLbEndpoints, envoy.config.core.v3.Locality).
/// </summary>
/// <param name="Region">Region.</param>
/// <param name="Zone">Zone.</param>
/// <param name="SubZone">Sub-zone.</param>
/// <param name="Weight">Share of its priority under <see cref="Cluster.LocalityWeighted"/>; 0 gets none then.</param>
public sealed record Locality(string Region, string Zone, string SubZone, uint Weight)
{
    /// <summary>Nothing was said.</summary>
    public static Locality None { get; } = new("", "", "", 0);
}

/// <summary>Limits of a cluster over all reactors (envoy.config.cluster.v3.CircuitBreakers.Thresholds).</summary>
/// <param name="MaxConnections">Connections.</param>
/// <param name="MaxPendingRequests">Requests that wait for a connection.</param>
/// <param name="MaxRequests">Requests under way.</param>
/// <param name="MaxRetries">Retries under way.</param>
/// <param name="TrackRemaining">Show what is left of each as <c>remaining_*</c> in the statistics.</param>
public sealed record CircuitBreaker(
    uint MaxConnections = 1024,
    uint MaxPendingRequests = 1024,
    uint MaxRequests = 1024,
    uint MaxRetries = 3,
    bool TrackRemaining = false);

/// <summary>A destination (envoy.config.cluster.v3.Cluster).</summary>
public sealed record Cluster
{
    /// <summary>Name; unique.</summary>
    public required string Name { get; init; }

    /// <summary>Name in the statistics; empty takes the name.</summary>
    public string AltStatName { get; init; } = "";

    /// <summary>How endpoints are learnt.</summary>
    public ClusterType Type { get; init; }

    /// <summary>How one is picked.</summary>
    public LoadBalancing LoadBalancing { get; init; }

    /// <summary>Endpoints drawn by least request; default 2.</summary>
    public int LeastRequestChoices { get; init; } = 2;

    /// <summary>The endpoints, or the names to resolve.</summary>
    public ValueList<Endpoint> Endpoints { get; init; } = [];

    /// <summary>Time to connect; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes queued for one connection before reading of the other side stops.</summary>
    public uint PerConnectionBufferLimitBytes { get; init; } = Listener.DefaultBufferLimitBytes;

    /// <summary>How long an idle connection is kept; default 1 h, zero is no limit.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>TLS to the endpoints; null for none.</summary>
    public UpstreamTls? Tls { get; init; }

    /// <summary>Which HTTP is spoken; default HTTP/1.1.</summary>
    public UpstreamProtocol Protocol { get; init; }

    /// <summary>What HTTP/2 connections offer and may cost.</summary>
    public Http2ProtocolSettings Http2 { get; init; } = Http2ProtocolSettings.UpstreamDefault;

    /// <summary>Requests of one connection; 0 is no limit.</summary>
    public uint MaxRequestsPerConnection { get; init; }

    /// <summary>Fields of a response; default 100.</summary>
    public int MaxHeadersCount { get; init; } = 100;

    /// <summary>Limits over all reactors.</summary>
    public CircuitBreaker CircuitBreaker { get; init; } = new();

    /// <summary>
    /// Source addresses of upstream connections, one for each address family in use; empty lets the kernel choose.
    /// </summary>
    public ValueList<SocketTarget> BindAddresses { get; init; } = [];

    /// <summary>Bind them even where they are not ours (IP_FREEBIND).</summary>
    public bool BindFreely { get; init; }

    /// <summary>Keepalive of upstream connections, or null.</summary>
    public TcpKeepalive? TcpKeepalive { get; init; }

    /// <summary>PROXY protocol header sent first.</summary>
    public ProxyProtocolVersion ProxyProtocol { get; init; }

    /// <summary>
    /// Field names of requests get a capital at the begin of each word (<c>proper_case_words</c>); default false keeps
    /// the case they came in.
    /// </summary>
    public bool ProperCaseWords { get; init; }

    /// <summary>Localities of a priority share its traffic by weight (<c>locality_weighted_lb_config</c>).</summary>
    public bool LocalityWeighted { get; init; }

    /// <summary>Share of healthy endpoints, in percent, under which all are used; 0 never does so.</summary>
    public double HealthyPanicThresholdPercent { get; init; } = 50;

    /// <summary>Time between resolutions; default 5 s.</summary>
    public TimeSpan DnsRefreshRate { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Which addresses of a name are used.</summary>
    public DnsLookupFamily DnsLookupFamily { get; init; }

    /// <summary>How long an original destination is remembered without traffic; default 5 s.</summary>
    public TimeSpan CleanupInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Request field that overrides the original destination, or null.</summary>
    public string? OriginalDestinationField { get; init; }

    /// <summary>Port that replaces that of the original destination; 0 keeps it.</summary>
    public int OriginalDestinationPort { get; init; }
}
