using System;

namespace FastMesh.Model;

/// <summary>Which outcomes of an attempt are tried again (Envoy's <c>retry_on</c>, each by its name there).</summary>
[Flags]
public enum RetryConditions
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>5xx</c>: any 5xx answer, or none at all.</summary>
    ServerError = 1 << 0,

    /// <summary><c>gateway-error</c>: 502, 503 or 504, or no answer at all.</summary>
    GatewayError = 1 << 1,

    /// <summary><c>reset</c>: no answer at all: the connection ended or the attempt took too long.</summary>
    Reset = 1 << 2,

    /// <summary><c>reset-before-request</c>: the connection ended before any of the request was sent.</summary>
    ResetBeforeRequest = 1 << 3,

    /// <summary><c>connect-failure</c>: no connection came to be.</summary>
    ConnectFailure = 1 << 4,

    /// <summary><c>refused-stream</c>: the upstream says that it did nothing (HTTP/2 REFUSED_STREAM).</summary>
    RefusedStream = 1 << 5,

    /// <summary><c>retriable-4xx</c>: 409.</summary>
    Retriable4xx = 1 << 6,

    /// <summary><c>retriable-status-codes</c>: a status of <see cref="RetryPolicy.StatusCodes"/>.</summary>
    RetriableStatusCodes = 1 << 7,

    /// <summary><c>envoy-ratelimited</c>: an answer with <c>x-envoy-ratelimited</c>.</summary>
    EnvoyRateLimited = 1 << 8,

    /// <summary><c>cancelled</c>: gRPC status 1 in the head of the response.</summary>
    GrpcCancelled = 1 << 9,

    /// <summary><c>deadline-exceeded</c>: gRPC status 4.</summary>
    GrpcDeadlineExceeded = 1 << 10,

    /// <summary><c>internal</c>: gRPC status 13.</summary>
    GrpcInternal = 1 << 11,

    /// <summary><c>resource-exhausted</c>: gRPC status 8.</summary>
    GrpcResourceExhausted = 1 << 12,

    /// <summary><c>unavailable</c>: gRPC status 14.</summary>
    GrpcUnavailable = 1 << 13,
}

/// <summary>When a request is sent again (envoy.config.route.v3.RetryPolicy).</summary>
public sealed record RetryPolicy
{
    /// <summary>Default of <see cref="BackOffBase"/>.</summary>
    public static readonly TimeSpan DefaultBackOffBase = TimeSpan.FromMilliseconds(25);

    /// <summary>Outcomes that are tried again.</summary>
    public RetryConditions Conditions { get; init; }

    /// <summary>Attempts after the first; default 1.</summary>
    public uint NumRetries { get; init; } = 1;

    /// <summary>From the end of the request to the head of the response, for each attempt; zero is no limit.</summary>
    public TimeSpan PerTryTimeout { get; init; }

    /// <summary>Statuses of <see cref="RetryConditions.RetriableStatusCodes"/>.</summary>
    public ValueList<uint> StatusCodes { get; init; } = [];

    /// <summary>The n-th retry waits a random time below (2^n - 1) times this.</summary>
    public TimeSpan BackOffBase { get; init; } = DefaultBackOffBase;

    /// <summary>Longest wait; default ten times the base.</summary>
    public TimeSpan BackOffMax { get; init; } = 10 * DefaultBackOffBase;

    /// <summary>Endpoints that were tried are passed over (the previous hosts predicate).</summary>
    public bool AvoidPreviousHosts { get; init; }

    /// <summary>Picks made to find one that was not tried; default 1 takes whatever comes.</summary>
    public uint HostSelectionAttempts { get; init; } = 1;
}
