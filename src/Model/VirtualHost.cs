using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>Which requests of a virtual host must have come over TLS.</summary>
public enum TlsRequirement
{
    /// <summary>None must.</summary>
    None,

    /// <summary>Those from outside must; others are redirected to https.</summary>
    ExternalOnly,

    /// <summary>All must; others are redirected to https.</summary>
    All,
}

/// <summary>Domains and their routes (envoy.config.route.v3.VirtualHost).</summary>
public sealed record VirtualHost
{
    /// <summary>Name, for statistics and logs.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// <c>a.example</c>, <c>*.example</c>, <c>a.*</c> or <c>*</c>, searched in this order, the longest first
    /// within a kind; a wildcard stands for at least one character.
    /// </summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Routes; the first that matches is taken.</summary>
    public IReadOnlyList<Route> Routes { get; init; } = [];

    /// <summary>Whether plain text is redirected.</summary>
    public TlsRequirement RequireTls { get; init; }

    /// <summary>Changes to every request of this virtual host.</summary>
    public FieldMutation RequestFields { get; init; } = FieldMutation.None;

    /// <summary>Changes to every response of this virtual host.</summary>
    public FieldMutation ResponseFields { get; init; } = FieldMutation.None;

    /// <summary>When requests are sent again, for routes that do not say it themselves.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>
    /// Bytes of a request body that are kept so that it can be sent again (<c>per_request_buffer_limit_bytes</c>); null
    /// is 1 MiB.
    /// </summary>
    public uint? RequestBufferLimitBytes { get; init; }

    /// <summary>Writes <c>x-envoy-attempt-count</c> into requests.</summary>
    public bool IncludeRequestAttemptCount { get; init; }

    /// <summary>Writes <c>x-envoy-attempt-count</c> into responses.</summary>
    public bool IncludeAttemptCountInResponse { get; init; }
}
