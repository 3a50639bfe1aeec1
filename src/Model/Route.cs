using System;
using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>One rule: what it matches and what is done (envoy.config.route.v3.Route).</summary>
public sealed record Route
{
    /// <summary>Name, for logs; may be empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>What must hold for the route to be taken.</summary>
    public required RouteMatch Match { get; init; }

    /// <summary>What is done.</summary>
    public required RouteAction Action { get; init; }

    /// <summary>
    /// Bytes of a request body that are kept so that it can be sent again (<c>per_request_buffer_limit_bytes</c>); null
    /// takes the virtual host's.
    /// </summary>
    public uint? RequestBufferLimitBytes { get; init; }

    /// <summary>Changes to every request of this route.</summary>
    public FieldMutation RequestFields { get; init; } = FieldMutation.None;

    /// <summary>Changes to every response of this route.</summary>
    public FieldMutation ResponseFields { get; init; } = FieldMutation.None;
}

/// <summary>How the path of a <see cref="RouteMatch"/> is compared; the query never takes part.</summary>
public enum PathMatchKind
{
    /// <summary>The path starts with the bytes of the value (<c>prefix</c>).</summary>
    Prefix,

    /// <summary>The path equals the value (<c>path</c>).</summary>
    Exact,

    /// <summary>The path equals the value or continues with <c>/</c> (<c>path_separated_prefix</c>).</summary>
    SegmentPrefix,

    /// <summary>The whole path matches an RE2 expression (<c>safe_regex</c>).</summary>
    Regex,

    /// <summary>Any CONNECT request, and no other (<c>connect_matcher</c>).</summary>
    Connect,
}

/// <summary>The condition of a route; all that is said must hold (envoy.config.route.v3.RouteMatch).</summary>
public sealed record RouteMatch
{
    /// <summary>How the path is compared.</summary>
    public PathMatchKind PathKind { get; init; }

    /// <summary>The path, prefix or expression; unused for <see cref="PathMatchKind.Connect"/>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>ASCII case of the path counts; always so for <see cref="PathMatchKind.Regex"/>.</summary>
    public bool CaseSensitive { get; init; } = true;

    /// <summary>Tests of request fields.</summary>
    public IReadOnlyList<FieldMatcher> Fields { get; init; } = [];

    /// <summary>Tests of query parameters.</summary>
    public IReadOnlyList<QueryParameterMatcher> QueryParameters { get; init; } = [];

    /// <summary>Only gRPC requests (<c>content-type: application/grpc</c>).</summary>
    public bool Grpc { get; init; }

    /// <summary>The share of requests that match, or null for all.</summary>
    public RuntimeFraction? Fraction { get; init; }
}

/// <summary>A share (envoy.type.v3.FractionalPercent; runtime keys have no layer here and are ignored).</summary>
/// <param name="Numerator">How many of <paramref name="Denominator"/>.</param>
/// <param name="Denominator">100, 10,000 or 1,000,000.</param>
public sealed record RuntimeFraction(uint Numerator, uint Denominator = 100);

/// <summary>What a route does: one of the sealed records below.</summary>
public abstract record RouteAction
{
    private protected RouteAction()
    {
    }
}

/// <summary>The status of a request whose cluster does not exist.</summary>
public enum ClusterNotFoundStatus
{
    /// <summary>503.</summary>
    ServiceUnavailable,

    /// <summary>404.</summary>
    NotFound,

    /// <summary>500.</summary>
    InternalServerError,
}

/// <summary>
/// Forwards to a cluster (envoy.config.route.v3.RouteAction). Exactly one of <see cref="Cluster"/>,
/// <see cref="ClusterField"/> and <see cref="WeightedClusters"/> is given.
/// </summary>
public sealed record ForwardAction : RouteAction
{
    /// <summary>Default of <see cref="Timeout"/>.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(15);

    /// <summary>The cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>The request field that names the cluster (<c>cluster_header</c>).</summary>
    public string? ClusterField { get; init; }

    /// <summary>Clusters by share; empty when one of the others is given.</summary>
    public IReadOnlyList<WeightedCluster> WeightedClusters { get; init; } = [];

    /// <summary>The answer when the cluster does not exist (<c>cluster_not_found_response_code</c>).</summary>
    public ClusterNotFoundStatus ClusterNotFound { get; init; }

    /// <summary>Replaces the matched prefix or path, or null.</summary>
    public string? PrefixRewrite { get; init; }

    /// <summary>Rewrites the path without its query, or null; not together with a prefix rewrite.</summary>
    public RegexRewrite? PathRewrite { get; init; }

    /// <summary>The authority sent upstream, or null; at most one of the host rewrites is given.</summary>
    public string? HostRewriteLiteral { get; init; }

    /// <summary>The authority becomes the host name of the chosen endpoint (<c>auto_host_rewrite</c>).</summary>
    public bool AutoHostRewrite { get; init; }

    /// <summary>The authority becomes the value of this field, where present.</summary>
    public string? HostRewriteField { get; init; }

    /// <summary>The authority becomes the rewritten path, or null (<c>host_rewrite_path_regex</c>).</summary>
    public RegexRewrite? HostRewritePathRegex { get; init; }

    /// <summary>Appends the original authority to <c>x-forwarded-host</c> when it is rewritten.</summary>
    public bool AppendForwardedHost { get; init; }

    /// <summary>From the end of the request to the end of the response; zero is unlimited.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Without a byte either way; null takes the connection manager's; zero is unlimited.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Longest life of a stream; null takes the connection manager's; zero is unlimited.</summary>
    public TimeSpan? MaxStreamDuration { get; init; }

    /// <summary>When the request is sent again; null takes the virtual host's.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>
    /// Lets <c>grpc-timeout</c> of a gRPC request stand for <see cref="Timeout"/>, up to this; zero has no limit, null
    /// does not look at it (<c>max_grpc_timeout</c>).
    /// </summary>
    public TimeSpan? MaxGrpcTimeout { get; init; }

    /// <summary>Taken off <c>grpc-timeout</c> for that (<c>grpc_timeout_offset</c>).</summary>
    public TimeSpan GrpcTimeoutOffset { get; init; }

    /// <summary>
    /// Lets <c>grpc-timeout</c> stand for <see cref="MaxStreamDuration"/>, up to this; zero has no limit, null does not
    /// look at it (<c>grpc_timeout_header_max</c>).
    /// </summary>
    public TimeSpan? GrpcTimeoutHeaderMax { get; init; }

    /// <summary>Taken off <c>grpc-timeout</c> for that (<c>grpc_timeout_header_offset</c>).</summary>
    public TimeSpan GrpcTimeoutHeaderOffset { get; init; }

    /// <summary>Upgrades allowed or refused here, over those of the connection manager.</summary>
    public IReadOnlyList<UpgradeRule> Upgrades { get; init; } = [];
}

/// <summary>One share of a <see cref="ForwardAction"/> (envoy.config.route.v3.WeightedCluster.ClusterWeight).</summary>
public sealed record WeightedCluster
{
    /// <summary>The cluster; empty when <see cref="ClusterField"/> names it.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>The request field that names the cluster, or null.</summary>
    public string? ClusterField { get; init; }

    /// <summary>The share, of the sum of all weights.</summary>
    public uint Weight { get; init; }

    /// <summary>Changes to requests that take this share; they come before those of the route.</summary>
    public FieldMutation RequestFields { get; init; } = FieldMutation.None;

    /// <summary>Changes to responses of this share.</summary>
    public FieldMutation ResponseFields { get; init; } = FieldMutation.None;

    /// <summary>The authority sent upstream, or null.</summary>
    public string? HostRewriteLiteral { get; init; }
}

/// <summary>Whether an upgrade is let through (envoy's <c>upgrade_configs</c>).</summary>
/// <param name="Type">The token, such as <c>websocket</c> or <c>CONNECT</c>; ASCII case does not count.</param>
/// <param name="Enabled">False refuses it.</param>
public sealed record UpgradeRule(string Type, bool Enabled = true);

/// <summary>Answers with another place (envoy.config.route.v3.RedirectAction).</summary>
public sealed record RedirectAction : RouteAction
{
    /// <summary>301, 302, 303, 307 or 308.</summary>
    public int StatusCode { get; init; } = 301;

    /// <summary>The scheme becomes https, and port 80 goes.</summary>
    public bool HttpsRedirect { get; init; }

    /// <summary>The scheme, or null to keep it.</summary>
    public string? SchemeRedirect { get; init; }

    /// <summary>The host, or null to keep it.</summary>
    public string? HostRedirect { get; init; }

    /// <summary>The port, or zero to keep it.</summary>
    public int PortRedirect { get; init; }

    /// <summary>The whole path, with a query if it has one, or null.</summary>
    public string? PathRedirect { get; init; }

    /// <summary>Replaces the matched prefix or path, or null.</summary>
    public string? PrefixRewrite { get; init; }

    /// <summary>Rewrites the path without its query, or null.</summary>
    public RegexRewrite? PathRewrite { get; init; }

    /// <summary>The query is dropped.</summary>
    public bool StripQuery { get; init; }
}

/// <summary>Answers at once (envoy.config.route.v3.DirectResponseAction).</summary>
/// <param name="StatusCode">200 to 599.</param>
/// <param name="Body">The body, possibly empty.</param>
public sealed record DirectResponseAction(int StatusCode, ReadOnlyMemory<byte> Body) : RouteAction;

/// <summary>Serves nothing here (envoy.config.route.v3.NonForwardingAction); requests get 404.</summary>
public sealed record NonForwardingAction : RouteAction;
