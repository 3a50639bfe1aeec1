using System;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Upstream;

namespace FastMesh.Engine.Forwarding;

/// <summary>What an error looks like: status, response flag, details and body of the local reply.</summary>
/// <param name="Status">HTTP status of the local reply.</param>
/// <param name="Flags">Envoy response flag, <c>%RESPONSE_FLAGS%</c>.</param>
/// <param name="Details">Envoy's <c>%RESPONSE_CODE_DETAILS%</c>.</param>
/// <param name="Body">Plain text body; empty for none.</param>
internal sealed record ErrorLook(int Status, ResponseFlags Flags, string Details, string Body)
{
    /// <summary>The details when the response had begun, and so could only be cut.</summary>
    public string DetailsAfterStart { get; } =
        Details.Replace("before_response_started", "after_response_started", StringComparison.Ordinal);
}

/// <summary>The one table from error to appearance (house rule: only this file decides).</summary>
internal static class ErrorMapping
{
    private const string BeforeHeaders =
        "upstream connect error or disconnect/reset before headers. reset reason: ";

    private static readonly ErrorLook[] s_table = Build();

    public static ErrorLook Look(ForwardError error) => s_table[(int)error];

    /// <summary>True when no byte of the request can have been processed, so that a resend is always safe.</summary>
    public static bool IsUnprocessed(ForwardError error) =>
        error is ForwardError.ConnectFailed or ForwardError.ConnectTimedOut;

    /// <summary>True when nobody is left to answer.</summary>
    public static bool IsClientGone(ForwardError error) =>
        error is ForwardError.DownstreamGone or ForwardError.DownstreamReset;

    private static ErrorLook[] Build()
    {
        var table = new ErrorLook[(int)ForwardError.PathRefused + 1];
        table[(int)ForwardError.None] = new(200, ResponseFlags.None, "via_upstream", "");
        table[(int)ForwardError.NoRoute] = new(404, ResponseFlags.NoRouteFound, "route_not_found", "");
        table[(int)ForwardError.NoCluster] = new(503, ResponseFlags.NoClusterFound, "cluster_not_found", "");
        table[(int)ForwardError.NoHealthyUpstream] =
            new(503, ResponseFlags.NoHealthyUpstream, "no_healthy_upstream", "no healthy upstream");
        table[(int)ForwardError.UpgradeRefused] = new(403, ResponseFlags.None, "upgrade_failed", "");
        table[(int)ForwardError.TlsRequired] = new(301, ResponseFlags.None, "https_redirect", "");
        table[(int)ForwardError.Http10Refused] = new(426, ResponseFlags.DownstreamProtocolError, "low_version", "");
        table[(int)ForwardError.Overflow] =
            new(503, ResponseFlags.UpstreamOverflow, "upstream_reset_before_response_started{overflow}",
                BeforeHeaders + "overflow");
        table[(int)ForwardError.ConnectFailed] =
            new(503, ResponseFlags.UpstreamConnectionFailure,
                "upstream_reset_before_response_started{remote_connection_failure}",
                BeforeHeaders + "remote connection failure");
        table[(int)ForwardError.ConnectTimedOut] =
            new(503, ResponseFlags.UpstreamConnectionFailure,
                "upstream_reset_before_response_started{connection_timeout}", BeforeHeaders + "connection timeout");
        table[(int)ForwardError.UpstreamClosed] =
            new(503, ResponseFlags.UpstreamConnectionTermination,
                "upstream_reset_before_response_started{connection_termination}",
                BeforeHeaders + "connection termination");
        table[(int)ForwardError.UpstreamReset] =
            new(503, ResponseFlags.UpstreamRemoteReset, "upstream_reset_before_response_started{remote_reset}",
                BeforeHeaders + "remote reset");
        table[(int)ForwardError.UpstreamRefused] =
            new(503, ResponseFlags.UpstreamRemoteReset,
                "upstream_reset_before_response_started{remote_refused_stream_reset}",
                BeforeHeaders + "remote refused stream reset");
        table[(int)ForwardError.UpstreamProtocolError] =
            new(502, ResponseFlags.UpstreamProtocolError, "upstream_reset_before_response_started{protocol_error}",
                BeforeHeaders + "protocol error");
        table[(int)ForwardError.RouteTimedOut] =
            new(504, ResponseFlags.UpstreamRequestTimeout, "response_timeout", "upstream request timeout");
        table[(int)ForwardError.PerTryTimedOut] =
            new(504, ResponseFlags.UpstreamRequestTimeout, "upstream_per_try_timeout", "upstream request timeout");
        table[(int)ForwardError.StreamIdle] =
            new(504, ResponseFlags.StreamIdleTimeout, "stream_idle_timeout", "stream timeout");
        table[(int)ForwardError.StreamDurationExceeded] =
            new(504, ResponseFlags.DurationTimeout, "max_duration_timeout", "upstream max stream duration reached");
        table[(int)ForwardError.DownstreamGone] =
            new(499, ResponseFlags.DownstreamConnectionTermination, "downstream_remote_disconnect", "");
        table[(int)ForwardError.DownstreamReset] =
            new(499, ResponseFlags.DownstreamRemoteReset, "http2.remote_reset", "");
        table[(int)ForwardError.DownstreamMessagingError] =
            new(400, ResponseFlags.DownstreamProtocolError, "http2.violation.of.messaging.rule", "");
        table[(int)ForwardError.DownstreamProtocolError] =
            new(400, ResponseFlags.DownstreamProtocolError, "http1.codec_error", "");
        table[(int)ForwardError.RequestTimedOut] =
            new(408, ResponseFlags.None, "request_overall_timeout", "request timeout");
        table[(int)ForwardError.HeadTimedOut] =
            new(408, ResponseFlags.None, "request_header_timeout", "request header timeout");
        table[(int)ForwardError.BodyTooSlow] =
            new(408, ResponseFlags.None, "request_body_rate", "request body too slow");
        table[(int)ForwardError.ExpectationFailed] =
            new(417, ResponseFlags.DownstreamProtocolError, "http1.expectation_failed", "");
        table[(int)ForwardError.PathRefused] =
            new(400, ResponseFlags.DownstreamProtocolError, "path_normalization_failed", "");
        return table;
    }
}
