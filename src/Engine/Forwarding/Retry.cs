using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// Whether a failed attempt may be made again. Only what is provably unprocessed or harmless is: a connection that
/// never stood; a safe request (RFC 9110 §9.2.1), once; an idempotent one on a connection that had served others,
/// which the upstream closed while it rested; and any request of which the upstream's kernel had acknowledged no byte
/// when it closed.
/// </summary>
internal static class Retry
{
    /// <summary>Attempts of one request that never reached an upstream, each with another endpoint.</summary>
    private const int ConnectAttemptsMax = 3;

    /// <summary>
    /// The same where there is no other endpoint and the connect was refused, which costs no time: the upstream may
    /// just have been between two lives. A connect that timed out is not waited for twice.
    /// </summary>
    private const int RefusedAttemptsMax = 2;

    /// <summary>
    /// Attempts where the first got as far as the upstream: the resend goes over a fresh connection and cannot race.
    /// </summary>
    private const int RaceAttemptsMax = 2;

    public static bool MayResend(Exchange exchange, ForwardError error, int attempt)
    {
        if (exchange.ResponseStarted || exchange.Interrupted != ForwardError.None)
        {
            return false;
        }

        if (ErrorMapping.IsUnprocessed(error))
        {
            return (attempt < ConnectAttemptsMax && attempt < exchange.Cluster!.Endpoints.Count)
                || (attempt < RefusedAttemptsMax && error == ForwardError.ConnectFailed);
        }

        return error is ForwardError.UpstreamClosed or ForwardError.UpstreamReset
            && attempt < RaceAttemptsMax
            && exchange.Record.FirstUpstreamRxUs == 0
            && exchange.Upstream is { } upstream
            && exchange.IsReplayable
            && (IsSafe(exchange.Request.Method)
                || (upstream.IsReused && IsIdempotent(exchange.Request.Method))
                || (error == ForwardError.UpstreamClosed && upstream.NothingWasAcknowledged()));
    }

    public static void Count(Exchange exchange, ReactorState state) =>
        exchange.Cluster!.StatsFor(state.Reactor.Index).UpstreamRqRetry++;

    /// <summary>RFC 9110 §9.2.1.</summary>
    private static bool IsSafe(HttpMethod method) =>
        method is HttpMethod.Get or HttpMethod.Head or HttpMethod.Options or HttpMethod.Trace;

    /// <summary>RFC 9110 §9.2.2.</summary>
    private static bool IsIdempotent(HttpMethod method) =>
        IsSafe(method) || method is HttpMethod.Put or HttpMethod.Delete;
}
