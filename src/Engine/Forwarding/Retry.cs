using FastMesh.Engine.Routing;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>What follows a failed attempt.</summary>
internal enum Resend : byte
{
    /// <summary>Nothing: its result stands.</summary>
    No,

    /// <summary>Another one at once.</summary>
    AtOnce,

    /// <summary>Another one after the policy's back-off.</summary>
    AfterBackOff,
}

/// <summary>
/// Whether an attempt may be made again. Without a policy only what is provably unprocessed or harmless is: a
/// connection that never stood; a safe request (RFC 9110 §9.2.1), once; an idempotent one on a connection that had
/// served others, which the upstream closed while it rested; any request of which the upstream's kernel had
/// acknowledged no byte when it closed; and one whose HTTP/2 stream it refused. A route's retry policy adds the
/// outcomes that it names; whoever writes it knows that the requests of the route may be processed twice.
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
    /// Attempts of one request whose streams were refused: an upstream that ends its connections often may refuse the
    /// same request several times.
    /// </summary>
    private const int RefusedStreamsMax = 10;

    /// <summary>Decides, and counts what it decides.</summary>
    /// <param name="exchange">Its response stands in it, when there is one.</param>
    /// <param name="error">Why there is none, or None.</param>
    /// <param name="attempt">1 for the first.</param>
    public static Resend Decide(Exchange exchange, ForwardError error, int attempt)
    {
        RetryState state = exchange.Retries;
        state.EndAttempt();
        if (exchange.ResponseStarted || exchange.Interrupted != ForwardError.None)
        {
            return Resend.No;
        }

        ClusterStats stats = exchange.Cluster!.StatsFor(exchange.Reactor.Index);
        if (IsHarmless(exchange, error))
        {
            state.HasRaced = true;
            stats.UpstreamRqRetry++;
            return Resend.AtOnce;
        }

        if (exchange.Route!.Retry is { } rules && Covers(exchange, rules, error))
        {
            return ByPolicy(exchange, rules, stats);
        }

        if (error == ForwardError.UpstreamRefused && attempt < RefusedStreamsMax && exchange.IsReplayable)
        {
            // RFC 9113 §8.7: neither a refused stream nor one above GOAWAY's last was processed.
            stats.UpstreamRqRetry++;
            return Resend.AtOnce;
        }

        if (ErrorMapping.IsUnprocessed(error)
            && ((attempt < ConnectAttemptsMax && attempt < exchange.Cluster.Endpoints.Count)
                || (attempt < RefusedAttemptsMax && error == ForwardError.ConnectFailed)))
        {
            stats.UpstreamRqRetry++;
            return Resend.AtOnce;
        }

        stats.UpstreamRqRetrySuccess += state.Made > 0 && error == ForwardError.None ? 1 : 0;
        return Resend.No;
    }

    private static Resend ByPolicy(Exchange exchange, RetryRules rules, ClusterStats stats)
    {
        if (!exchange.IsReplayable)
        {
            return Resend.No;
        }

        if (exchange.Retries.Made >= rules.RetriesMax)
        {
            exchange.Record.Flags |= ResponseFlags.UpstreamRetryLimitExceeded;
            stats.UpstreamRqRetryLimitExceeded++;
            return Resend.No;
        }

        if (exchange.Cluster!.HasAllRetries())
        {
            exchange.Record.Flags |= ResponseFlags.UpstreamOverflow;
            stats.UpstreamRqRetryOverflow++;
            return Resend.No;
        }

        stats.UpstreamRqRetry++;
        stats.UpstreamRqRetryBackOffExponential++;
        exchange.Retries.Begin(stats);
        return Resend.AfterBackOff;
    }

    private static bool Covers(Exchange exchange, RetryRules rules, ForwardError error) => error switch
    {
        ForwardError.None => rules.Covers(exchange.Response),
        ForwardError.ConnectFailed or ForwardError.ConnectTimedOut => rules.CoversConnectFailure,
        ForwardError.UpstreamRefused => rules.CoversResetBeforeRequest,
        ForwardError.PerTryTimedOut or ForwardError.UpstreamProtocolError => rules.CoversReset,
        ForwardError.UpstreamClosed or ForwardError.UpstreamReset =>
            rules.CoversReset
            || (rules.CoversResetBeforeRequest && error == ForwardError.UpstreamClosed
                && exchange.Upstream is { } upstream && upstream.NothingWasAcknowledged()),
        _ => false,
    };

    /// <summary>
    /// The upstream ended the connection before it answered, and no harm can come of a resend. That goes over a fresh
    /// connection and cannot race again.
    /// </summary>
    private static bool IsHarmless(Exchange exchange, ForwardError error) =>
        error is ForwardError.UpstreamClosed or ForwardError.UpstreamReset
        && !exchange.Retries.HasRaced
        && exchange.Record.FirstUpstreamRxUs == 0
        && exchange.Upstream is { } upstream
        && exchange.IsReplayable
        && (IsSafe(exchange.Request.Method)
            || (upstream.IsReused && IsIdempotent(exchange.Request.Method))
            || (error == ForwardError.UpstreamClosed && upstream.NothingWasAcknowledged()));

    /// <summary>RFC 9110 §9.2.1.</summary>
    private static bool IsSafe(HttpMethod method) =>
        method is HttpMethod.Get or HttpMethod.Head or HttpMethod.Options or HttpMethod.Trace;

    /// <summary>RFC 9110 §9.2.2.</summary>
    private static bool IsIdempotent(HttpMethod method) =>
        IsSafe(method) || method is HttpMethod.Put or HttpMethod.Delete;
}
