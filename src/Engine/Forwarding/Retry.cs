using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// Whether a failed attempt may be made again. Only what is provably unprocessed or safe is: a connection that never
/// stood, an idempotent request on a connection that the upstream closed while it rested, or any request of which the
/// upstream's kernel acknowledged no byte.
/// </summary>
internal static class Retry
{
    /// <summary>Attempts of one request that never reached an upstream.</summary>
    private const int ConnectAttemptsMax = 3;

    /// <summary>
    /// Attempts after the idle-close race: the resend goes over a fresh connection and cannot race again.
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
            return attempt < ConnectAttemptsMax && attempt < exchange.Cluster!.Endpoints.Count;
        }

        return error is ForwardError.UpstreamClosed or ForwardError.UpstreamReset
            && attempt < RaceAttemptsMax
            && exchange.Record.FirstUpstreamRxUs == 0
            && exchange.Upstream is { IsReused: true } client
            && exchange.IsReplayable
            && (IsIdempotent(exchange.Request.Method) || client.NothingWasAcknowledged());
    }

    public static void Count(Exchange exchange, ReactorState state) =>
        exchange.Cluster!.StatsFor(state.Reactor.Index).UpstreamRqRetry++;

    /// <summary>RFC 9110 §9.2.2.</summary>
    private static bool IsIdempotent(HttpMethod method) =>
        method is HttpMethod.Get or HttpMethod.Head or HttpMethod.Options or HttpMethod.Trace or HttpMethod.Put
            or HttpMethod.Delete;
}
