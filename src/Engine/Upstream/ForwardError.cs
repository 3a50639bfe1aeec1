namespace FastMesh.Engine.Upstream;

/// <summary>
/// Why an exchange could not be forwarded. A value, never an exception; the error mapping of the forwarding room alone
/// decides what each of these looks like to the client and in the log.
/// </summary>
internal enum ForwardError : byte
{
    None,

    // Routing
    NoRoute,
    NoCluster,
    NoHealthyUpstream,
    UpgradeRefused,
    TlsRequired,
    Http10Refused,

    // Reaching the upstream
    Overflow,
    ConnectFailed,
    ConnectTimedOut,

    // Waiting for the response
    UpstreamClosed,
    UpstreamReset,
    UpstreamRefused,
    UpstreamProtocolError,
    RouteTimedOut,
    PerTryTimedOut,
    StreamIdle,
    StreamDurationExceeded,

    // The downstream side
    DownstreamGone,
    DownstreamReset,
    DownstreamProtocolError,
    DownstreamMessagingError,
    RequestTimedOut,
    HeadTimedOut,
    BodyTooSlow,
    ExpectationFailed,
    PathRefused,
}
