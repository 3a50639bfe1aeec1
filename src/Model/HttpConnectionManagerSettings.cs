using System;

namespace FastMesh.Model;

/// <summary>Which HTTP a connection manager speaks.</summary>
public enum HttpCodec
{
    /// <summary>Told from the first bytes.</summary>
    Auto,

    /// <summary>HTTP/1.0 and HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2 with prior knowledge (RFC 9113 §3.3).</summary>
    Http2,
}

/// <summary>What happens to field names with an underscore.</summary>
public enum UnderscoresAction
{
    /// <summary>They pass.</summary>
    Allow,

    /// <summary>The request is refused with 400.</summary>
    RejectRequest,

    /// <summary>The field is dropped.</summary>
    DropField,
}

/// <summary>What happens to <c>%2F</c> and <c>%5C</c> in a path.</summary>
public enum EscapedSlashesAction
{
    /// <summary>They stay.</summary>
    KeepUnchanged,

    /// <summary>The request is refused with 400.</summary>
    RejectRequest,

    /// <summary>The client is sent to the unescaped path.</summary>
    UnescapeAndRedirect,

    /// <summary>The unescaped path is used.</summary>
    UnescapeAndForward,
}

/// <summary>What happens to the <c>server</c> field of responses.</summary>
public enum ServerHeaderTransformation
{
    /// <summary>Ours replaces it.</summary>
    Overwrite,

    /// <summary>Ours is added where there is none.</summary>
    AppendIfAbsent,

    /// <summary>It stays as the upstream sent it.</summary>
    PassThrough,
}

/// <summary>
/// What happens to <c>x-forwarded-client-cert</c> (<c>forward_client_cert_details</c>). A client that presented no
/// certificate of its own loses the field under all but the last.
/// </summary>
public enum ForwardClientCert
{
    /// <summary>It is removed.</summary>
    Sanitize,

    /// <summary>It stays.</summary>
    ForwardOnly,

    /// <summary>It stays, and the client's certificate is added.</summary>
    AppendForward,

    /// <summary>The client's certificate replaces it.</summary>
    SanitizeSet,

    /// <summary>It stays, whoever sent it.</summary>
    AlwaysForwardOnly,
}

/// <summary>What <c>x-forwarded-client-cert</c> tells of the client's certificate, besides its hash.</summary>
/// <param name="Subject">Its subject.</param>
/// <param name="Cert">The whole certificate.</param>
/// <param name="Chain">Its whole chain.</param>
/// <param name="Dns">Its DNS names.</param>
/// <param name="Uri">Its first URI.</param>
public sealed record ClientCertDetails(bool Subject, bool Cert, bool Chain, bool Dns, bool Uri);

/// <summary>
/// Serves HTTP (envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager). Defaults are
/// Envoy's unless said.
/// </summary>
public sealed record HttpConnectionManagerSettings : NetworkFilter
{
    /// <summary>
    /// Default of <see cref="RequestHeadersTimeout"/>. Envoy has none; a head that never ends must not hold a
    /// connection for ever.
    /// </summary>
    public static readonly TimeSpan DefaultRequestHeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Name in the statistics.</summary>
    public required string StatPrefix { get; init; }

    /// <summary>The routing table.</summary>
    public required RouteConfiguration Routes { get; init; }

    /// <summary>Protocols served.</summary>
    public HttpCodec Codec { get; init; }

    /// <summary>From the first byte of a head to its last; zero is no limit.</summary>
    public TimeSpan RequestHeadersTimeout { get; init; } = DefaultRequestHeadersTimeout;

    /// <summary>From the first byte of a request to its last; zero is no limit, the default.</summary>
    public TimeSpan RequestTimeout { get; init; }

    /// <summary>Without a byte either way within an exchange; default 5 min, zero is no limit.</summary>
    public TimeSpan StreamIdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Between exchanges; default 1 h, zero is no limit.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Longest life of a connection, after which it is drained; zero is no limit.</summary>
    public TimeSpan MaxConnectionDuration { get; init; }

    /// <summary>Longest life of an exchange; zero is no limit.</summary>
    public TimeSpan MaxStreamDuration { get; init; }

    /// <summary>How long a closed connection lingers so that the client reads the last answer; default 1 s.</summary>
    public TimeSpan DelayedCloseTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an HTTP/2 connection that drains still takes streams when the peer does not answer; default 5 s.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What HTTP/2 connections offer and may cost.</summary>
    public Http2ProtocolSettings Http2 { get; init; } = Http2ProtocolSettings.Default;

    /// <summary>Fields of a request; default 100.</summary>
    public int MaxHeadersCount { get; init; } = 100;

    /// <summary>KiB of a request head; default 60.</summary>
    public int MaxRequestHeadersKb { get; init; } = 60;

    /// <summary>Requests of a connection before it is drained; 0 is no limit.</summary>
    public uint MaxRequestsPerConnection { get; init; }

    /// <summary>Field names with an underscore.</summary>
    public UnderscoresAction HeadersWithUnderscores { get; init; }

    /// <summary>Serve HTTP/1.0; default false answers 426.</summary>
    public bool AcceptHttp10 { get; init; }

    /// <summary>Host of HTTP/1.0 requests that name none.</summary>
    public string DefaultHostForHttp10 { get; init; } = "";

    /// <summary>Pass trailers on; default false drops them.</summary>
    public bool EnableTrailers { get; init; }

    /// <summary>Value of the <c>server</c> field.</summary>
    public string ServerName { get; init; } = "envoy";

    /// <summary>What happens to the <c>server</c> field.</summary>
    public ServerHeaderTransformation ServerHeader { get; init; }

    /// <summary>Added to <c>via</c>; empty adds nothing.</summary>
    public string Via { get; init; } = "";

    /// <summary>The peer is the client: this is the edge (<c>use_remote_address</c>).</summary>
    public bool UseRemoteAddress { get; init; }

    /// <summary>Proxies in front of us whose <c>x-forwarded-for</c> we believe.</summary>
    public int XffNumTrustedHops { get; init; }

    /// <summary>Leave <c>x-forwarded-for</c> as it is.</summary>
    public bool SkipXffAppend { get; init; }

    /// <summary>Set <c>x-forwarded-port</c>.</summary>
    public bool AppendXForwardedPort { get; init; }

    /// <summary>What happens to <c>x-forwarded-client-cert</c>.</summary>
    public ForwardClientCert ForwardClientCert { get; init; }

    /// <summary>What it tells of the client's certificate, or null for its hash alone.</summary>
    public ClientCertDetails ClientCertDetails { get; init; } = new(false, false, false, false, false);

    /// <summary>
    /// Field names of responses get a capital at the begin of each word (<c>proper_case_words</c>); default false keeps
    /// the case they came in.
    /// </summary>
    public bool ProperCaseWords { get; init; }

    /// <summary>Make an <c>x-request-id</c> where there is none.</summary>
    public bool GenerateRequestId { get; init; } = true;

    /// <summary>At the edge, keep the client's <c>x-request-id</c>.</summary>
    public bool PreserveExternalRequestId { get; init; }

    /// <summary>Put <c>x-request-id</c> into responses too.</summary>
    public bool AlwaysSetRequestIdInResponse { get; init; }

    /// <summary>RFC 3986 dot segments and backslashes.</summary>
    public bool NormalizePath { get; init; }

    /// <summary>Several slashes in a row become one.</summary>
    public bool MergeSlashes { get; init; }

    /// <summary>Escaped slashes in the path.</summary>
    public EscapedSlashesAction EscapedSlashes { get; init; }

    /// <summary>Remove the port from the host when it is the listener's.</summary>
    public bool StripMatchingHostPort { get; init; }

    /// <summary>Remove any port from the host.</summary>
    public bool StripAnyHostPort { get; init; }

    /// <summary>Remove the dot at the end of the host.</summary>
    public bool StripTrailingHostDot { get; init; }

    /// <summary>Let the upstream answer <c>expect: 100-continue</c>.</summary>
    public bool Proxy100Continue { get; init; }

    /// <summary>
    /// Add no <c>x-envoy-</c> fields of the router's own (the router filter's <c>suppress_envoy_headers</c>).
    /// </summary>
    public bool SuppressEnvoyHeaders { get; init; }

    /// <summary>How answers look that the proxy makes itself.</summary>
    public LocalReplySettings LocalReplies { get; init; } = LocalReplySettings.None;

    /// <summary>Upgrades let through, by token.</summary>
    public ValueList<UpgradeRule> Upgrades { get; init; } = [];

    /// <summary>Logs, one line an exchange.</summary>
    public ValueList<AccessLogSettings> AccessLogs { get; init; } = [];
}
