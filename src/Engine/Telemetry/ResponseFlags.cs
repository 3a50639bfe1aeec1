using System;

namespace FastMesh.Engine.Telemetry;

/// <summary>Why an exchange or connection did not go as planned; Envoy's response flags, by their long names.</summary>
[Flags]
internal enum ResponseFlags : ulong
{
    None = 0,

    /// <summary>LH.</summary>
    FailedLocalHealthCheck = 1UL << 0,

    /// <summary>UH: no endpoint may be used.</summary>
    NoHealthyUpstream = 1UL << 1,

    /// <summary>UT: the upstream took too long.</summary>
    UpstreamRequestTimeout = 1UL << 2,

    /// <summary>LR: we reset.</summary>
    LocalReset = 1UL << 3,

    /// <summary>UR: the upstream reset.</summary>
    UpstreamRemoteReset = 1UL << 4,

    /// <summary>UF: no connection could be made.</summary>
    UpstreamConnectionFailure = 1UL << 5,

    /// <summary>UC: the upstream closed.</summary>
    UpstreamConnectionTermination = 1UL << 6,

    /// <summary>UO: a circuit breaker is open.</summary>
    UpstreamOverflow = 1UL << 7,

    /// <summary>NR: no route, or no filter chain.</summary>
    NoRouteFound = 1UL << 8,

    /// <summary>DI: a delay was injected.</summary>
    DelayInjected = 1UL << 9,

    /// <summary>FI: a fault was injected.</summary>
    FaultInjected = 1UL << 10,

    /// <summary>RL: rate limited.</summary>
    RateLimited = 1UL << 11,

    /// <summary>UAEX: denied by external authorization.</summary>
    UnauthorizedExternalService = 1UL << 12,

    /// <summary>DC: the client went away.</summary>
    DownstreamConnectionTermination = 1UL << 13,

    /// <summary>URX: retries or connect attempts used up.</summary>
    UpstreamRetryLimitExceeded = 1UL << 14,

    /// <summary>SI: silence for too long.</summary>
    StreamIdleTimeout = 1UL << 15,

    /// <summary>DPE: the client broke the protocol.</summary>
    DownstreamProtocolError = 1UL << 16,

    /// <summary>UPE: the upstream broke the protocol.</summary>
    UpstreamProtocolError = 1UL << 17,

    /// <summary>UMSDR: the longest life of a stream was reached.</summary>
    UpstreamMaxStreamDurationReached = 1UL << 18,

    /// <summary>NC: the cluster does not exist.</summary>
    NoClusterFound = 1UL << 19,

    /// <summary>OM: too little memory.</summary>
    OverloadManagerTerminated = 1UL << 20,

    /// <summary>DT: a connection or exchange lived too long.</summary>
    DurationTimeout = 1UL << 21,

    /// <summary>DR: the client reset its stream.</summary>
    DownstreamRemoteReset = 1UL << 22,
}

/// <summary>The short and long names of <see cref="ResponseFlags"/>.</summary>
internal static class ResponseFlagNames
{
    public static readonly (ResponseFlags Flag, string Short, string Long)[] All =
    [
        (ResponseFlags.FailedLocalHealthCheck, "LH", "FailedLocalHealthCheck"),
        (ResponseFlags.NoHealthyUpstream, "UH", "NoHealthyUpstream"),
        (ResponseFlags.UpstreamRequestTimeout, "UT", "UpstreamRequestTimeout"),
        (ResponseFlags.LocalReset, "LR", "LocalReset"),
        (ResponseFlags.UpstreamRemoteReset, "UR", "UpstreamRemoteReset"),
        (ResponseFlags.UpstreamConnectionFailure, "UF", "UpstreamConnectionFailure"),
        (ResponseFlags.UpstreamConnectionTermination, "UC", "UpstreamConnectionTermination"),
        (ResponseFlags.UpstreamOverflow, "UO", "UpstreamOverflow"),
        (ResponseFlags.NoRouteFound, "NR", "NoRouteFound"),
        (ResponseFlags.DelayInjected, "DI", "DelayInjected"),
        (ResponseFlags.FaultInjected, "FI", "FaultInjected"),
        (ResponseFlags.RateLimited, "RL", "RateLimited"),
        (ResponseFlags.UnauthorizedExternalService, "UAEX", "UnauthorizedExternalService"),
        (ResponseFlags.DownstreamConnectionTermination, "DC", "DownstreamConnectionTermination"),
        (ResponseFlags.UpstreamRetryLimitExceeded, "URX", "UpstreamRetryLimitExceeded"),
        (ResponseFlags.StreamIdleTimeout, "SI", "StreamIdleTimeout"),
        (ResponseFlags.DownstreamProtocolError, "DPE", "DownstreamProtocolError"),
        (ResponseFlags.UpstreamProtocolError, "UPE", "UpstreamProtocolError"),
        (ResponseFlags.UpstreamMaxStreamDurationReached, "UMSDR", "UpstreamMaxStreamDurationReached"),
        (ResponseFlags.NoClusterFound, "NC", "NoClusterFound"),
        (ResponseFlags.OverloadManagerTerminated, "OM", "OverloadManagerTerminated"),
        (ResponseFlags.DurationTimeout, "DT", "DurationTimeout"),
        (ResponseFlags.DownstreamRemoteReset, "DR", "DownstreamRemoteReset"),
    ];

    public static bool TryParse(string shortName, out ResponseFlags flag)
    {
        foreach ((ResponseFlags candidate, string name, _) in All)
        {
            if (name == shortName)
            {
                flag = candidate;
                return true;
            }
        }

        flag = ResponseFlags.None;
        return false;
    }
}
