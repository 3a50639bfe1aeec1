using System;
using System.Text;
using FastMesh.Engine.Telemetry;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>What a route does.</summary>
internal enum RouteKind : byte
{
    /// <summary>Forwards to a cluster.</summary>
    Forward,

    /// <summary>Answers at once.</summary>
    Direct,

    /// <summary>Answers with another place.</summary>
    Redirect,
}

/// <summary>A route with everything resolved that a request needs. Immutable, shared by all reactors.</summary>
internal sealed class RouteEntry
{
    /// <summary>Name of the route; may be empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Name of the virtual host.</summary>
    public required string VirtualHostName { get; init; }

    /// <summary>What is done.</summary>
    public required RouteKind Kind { get; init; }

    /// <summary>From the end of the request to the end of the response, in milliseconds; 0 is no limit.</summary>
    public long TimeoutMs { get; init; }

    /// <summary>In milliseconds; 0 is no limit, null takes the connection manager's.</summary>
    public long? IdleTimeoutMs { get; init; }

    /// <summary>In milliseconds; 0 is no limit, null takes the connection manager's.</summary>
    public long? MaxStreamDurationMs { get; init; }

    /// <summary>How far gRPC calls say their own time limit; null not at all.</summary>
    public GrpcTimeouts? Grpc { get; init; }

    /// <summary>When an attempt is made again, beyond what is always safe; null never.</summary>
    public RetryRules? Retry { get; init; }

    /// <summary>The status when the picked cluster does not exist.</summary>
    public int ClusterNotFoundStatus { get; init; } = 503;

    /// <summary>The status of a redirect.</summary>
    public int RedirectStatus => Redirect?.Status ?? 0;

    /// <summary>The status of a direct response.</summary>
    public int DirectStatus { get; init; }

    /// <summary>The body of a direct response.</summary>
    public ReadOnlyMemory<byte> DirectBody { get; init; }

    /// <summary>The authority becomes the host name of the endpoint: see <see cref="RewriteHost"/>.</summary>
    public bool AutoHostRewrite { get; init; }

    /// <summary>Requests carry <c>x-envoy-attempt-count</c>.</summary>
    public bool IncludeRequestAttemptCount { get; init; }

    /// <summary>Responses carry <c>x-envoy-attempt-count</c>.</summary>
    public bool IncludeAttemptCountInResponse { get; init; }

    /// <summary>Changes to requests: route, virtual host and table, in Envoy's order.</summary>
    public FieldMutations RequestMutations { get; init; } = FieldMutations.None;

    /// <summary>Changes to responses: route, virtual host and table, in Envoy's order.</summary>
    public FieldMutations ResponseMutations { get; init; } = FieldMutations.None;

    /// <summary>Where a redirect leads, or null.</summary>
    internal RedirectTarget? Redirect { get; init; }

    /// <summary>Which cluster.</summary>
    internal ClusterChoice Clusters { get; init; } = ClusterChoice.None;

    /// <summary>What becomes of path and authority.</summary>
    internal RequestRewrite Rewrite { get; init; } = RequestRewrite.None;

    /// <summary>Upgrades allowed or refused here, with lower-case tokens.</summary>
    internal (byte[] Type, bool Enabled)[] Upgrades { get; init; } = [];

    /// <summary>Picks the cluster.</summary>
    /// <param name="head">The request, for <c>cluster_header</c>.</param>
    /// <param name="random">A fresh random number, for shares.</param>
    public RoutePick PickCluster(RequestHead head, ulong random) => Clusters.Pick(head, random);

    /// <summary>
    /// Rewrites authority and path. Envoy does this after the field changes, so that those see what the client sent.
    /// </summary>
    /// <param name="head">The request.</param>
    /// <param name="pick">The chosen share.</param>
    /// <param name="keepsOriginalPath">A path that is replaced goes into <c>x-envoy-original-path</c>.</param>
    public void RewriteRequest(RequestHead head, in RoutePick pick, bool keepsOriginalPath)
    {
        byte[] shareHost = pick.Share?.HostRewrite ?? [];
        if (!Rewrite.IsEmpty || shareHost.Length > 0)
        {
            Rewrite.Apply(head, shareHost, keepsOriginalPath);
        }
    }

    /// <summary>Sets the authority, as <c>auto_host_rewrite</c> does once the endpoint is known.</summary>
    public void RewriteHost(RequestHead head, ReadOnlySpan<byte> host) => Rewrite.SetAuthority(head, host);

    /// <summary>Changes the fields of a request: first as the share says, then as the route does.</summary>
    public void ApplyRequestMutations(RequestHead head, ExchangeRecord record, in RoutePick pick)
    {
        if (pick.Share is { RequestMutations.IsEmpty: false } share)
        {
            share.RequestMutations.Apply(head.Fields, record);
        }

        if (!RequestMutations.IsEmpty)
        {
            RequestMutations.Apply(head.Fields, record);
        }
    }

    /// <summary>Changes the fields of a response: first as the share says, then as the route does.</summary>
    public void ApplyResponseMutations(ResponseHead head, ExchangeRecord record, in RoutePick pick)
    {
        if (pick.Share is { ResponseMutations.IsEmpty: false } share)
        {
            share.ResponseMutations.Apply(head.Fields, record);
        }

        if (!ResponseMutations.IsEmpty)
        {
            ResponseMutations.Apply(head.Fields, record);
        }
    }

    /// <summary>Writes <c>location</c> of a redirect.</summary>
    /// <param name="head">The request.</param>
    /// <param name="isSecure">The downstream connection is encrypted.</param>
    /// <param name="fields">Fields of the response.</param>
    public void WriteLocation(RequestHead head, bool isSecure, HttpFields fields)
    {
        if (Redirect is not null)
        {
            RouteScratch scratch = RouteScratch.Own;
            Redirect.Write(head, isSecure, scratch);
            fields.Set(KnownField.Location, scratch.Written);
        }
    }

    /// <summary>Whether an upgrade is allowed, or null when the connection manager decides.</summary>
    /// <param name="type">The token, such as <c>websocket</c> or <c>CONNECT</c>.</param>
    public bool? AllowsUpgrade(ReadOnlySpan<byte> type)
    {
        foreach ((byte[] token, bool enabled) in Upgrades)
        {
            if (Ascii.EqualsIgnoreCase(token, type))
            {
                return enabled;
            }
        }

        return null;
    }
}
