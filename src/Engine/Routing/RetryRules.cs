using System;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>A route's retry policy, compiled. Immutable.</summary>
internal sealed class RetryRules
{
    /// <summary>Kept of a request body when nothing was said: Envoy's default buffer limit of a connection.</summary>
    public const long DefaultBufferBytes = 1024 * 1024;

    private const RetryConditions AnyReset =
        RetryConditions.ServerError | RetryConditions.GatewayError | RetryConditions.Reset;

    private const RetryConditions AnyGrpc = RetryConditions.GrpcCancelled | RetryConditions.GrpcDeadlineExceeded
        | RetryConditions.GrpcInternal | RetryConditions.GrpcResourceExhausted | RetryConditions.GrpcUnavailable;

    private readonly RetryConditions _conditions;
    private readonly long _backOffBaseMs;
    private readonly long _backOffMaxMs;
    private readonly ulong[] _statusCodes = new ulong[(600 + 63) / 64];

    public RetryRules(RetryPolicy model, long bufferBytes)
    {
        _conditions = model.Conditions;
        _backOffBaseMs = Math.Max(1, (long)model.BackOffBase.TotalMilliseconds);
        _backOffMaxMs = Math.Max(_backOffBaseMs, (long)model.BackOffMax.TotalMilliseconds);
        RetriesMax = model.NumRetries;
        PerTryTimeoutMs = (long)Math.Ceiling(model.PerTryTimeout.TotalMilliseconds);
        AvoidsPreviousHosts = model.AvoidPreviousHosts;
        HostSelectionsMax = model.HostSelectionAttempts;
        BufferBytes = bufferBytes;
        foreach (uint code in model.StatusCodes)
        {
            _statusCodes[code / 64] |= 1UL << (int)(code % 64);
        }
    }

    /// <summary>Attempts after the first.</summary>
    public uint RetriesMax { get; }

    /// <summary>For each attempt, from the end of the request to the head of the response; 0 is no limit.</summary>
    public long PerTryTimeoutMs { get; }

    /// <summary>Endpoints that were tried are passed over.</summary>
    public bool AvoidsPreviousHosts { get; }

    /// <summary>Picks made to find one that was not tried.</summary>
    public uint HostSelectionsMax { get; }

    /// <summary>Bytes of a request body that are kept to be sent again; a longer one is sent once.</summary>
    public long BufferBytes { get; }

    /// <summary>No connection came to be.</summary>
    public bool CoversConnectFailure =>
        (_conditions & (AnyReset | RetryConditions.ConnectFailure | RetryConditions.ResetBeforeRequest)) != 0;

    /// <summary>There is no response: the connection ended, or the attempt took too long.</summary>
    public bool CoversReset => (_conditions & AnyReset) != 0;

    /// <summary>As <see cref="CoversReset"/>, but the peer provably took nothing of the request.</summary>
    public bool CoversResetBeforeRequest =>
        (_conditions & (AnyReset | RetryConditions.ResetBeforeRequest | RetryConditions.RefusedStream)) != 0;

    /// <summary>Whether a response is one that is tried again.</summary>
    public bool Covers(ResponseHead head)
    {
        if (head.Fields.Has(KnownField.XEnvoyOverloaded))
        {
            // A circuit breaker is open there: more of the same makes it worse.
            return false;
        }

        if (head.Fields.TryGet("x-envoy-ratelimited"u8, out _))
        {
            return Has(RetryConditions.EnvoyRateLimited);
        }

        int status = head.StatusCode;
        return (status >= 500 && Has(RetryConditions.ServerError))
            || (status is 502 or 503 or 504 && Has(RetryConditions.GatewayError))
            || (status == 409 && Has(RetryConditions.Retriable4xx))
            || (Has(RetryConditions.RetriableStatusCodes) && status < 600
                && (_statusCodes[status / 64] & (1UL << (status % 64))) != 0)
            || ((_conditions & AnyGrpc) != 0 && CoversGrpc(head.Fields));
    }

    /// <summary>
    /// How long the n-th retry waits: full jitter, so that the clients of a failing upstream do not return together.
    /// </summary>
    public long BackOffMs(int retry, ulong random)
    {
        long limitMs = Math.Min(_backOffBaseMs * ((1L << Math.Min(retry, 20)) - 1), _backOffMaxMs);
        return (long)Math.BigMul(random, (ulong)limitMs, out _);
    }

    private bool CoversGrpc(HttpFields fields) =>
        GrpcCalls.TryReadStatus(fields, out int status)
        && Has(status switch
        {
            1 => RetryConditions.GrpcCancelled,
            4 => RetryConditions.GrpcDeadlineExceeded,
            8 => RetryConditions.GrpcResourceExhausted,
            13 => RetryConditions.GrpcInternal,
            14 => RetryConditions.GrpcUnavailable,
            _ => RetryConditions.None,
        });

    private bool Has(RetryConditions condition) => (_conditions & condition) != 0;
}
