using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// The hub: one exchange from its parsed head to its log record. It calls the rooms in order and none of them calls
/// it back.
/// <list type="number">
/// <item>prepare the head: checks, path, forwarded fields</item>
/// <item>match a route; answer here for a redirect or direct response</item>
/// <item>attempts: endpoint, connection, head, body alongside, response head</item>
/// <item>response head and body, then the rest of the upload</item>
/// <item>record</item>
/// </list>
/// </summary>
internal sealed class Forwarder
{
    private readonly ReactorState _state;

    public Forwarder(ReactorState state) => _state = state;

    /// <summary>Serves one exchange.</summary>
    /// <returns>True when the downstream connection may serve another.</returns>
    public async ReactorTask<bool> ForwardAsync(Exchange exchange)
    {
        exchange.BeginRequest();
        ForwardError error = RequestPreparation.Apply(exchange);
        if (error == ForwardError.None)
        {
            error = Route(exchange);
        }

        if (error != ForwardError.None)
        {
            // After a refused upgrade what follows may not be HTTP any more: it must not be read as a request.
            exchange.CloseDownstream |= exchange.IsUpgrade;
            LocalReply.Write(exchange, error);
        }
        else if (exchange.Route!.Kind != RouteKind.Forward)
        {
            LocalReply.WriteRouted(exchange);
        }
        else
        {
            await ProxyAsync(exchange);
        }

        await FinishAsync(exchange);
        return !exchange.CloseDownstream;
    }

    private static ForwardError Route(Exchange exchange)
    {
        var context = new RouteContext(exchange.Reactor.NextRandom(), exchange.IsSecure);
        RouteTable routes = exchange.Manager.Routes;
        if (exchange.Manager.UseRemoteAddress)
        {
            routes.RemoveInternalOnly(exchange.Request.Fields);
        }

        RouteEntry? route = routes.Match(exchange.Request, context);
        if (route is null)
        {
            return ForwardError.NoRoute;
        }

        exchange.Route = route;
        exchange.Record.RouteName = route.Name;
        exchange.Record.VirtualHostName = route.VirtualHostName;
        if (route.Kind != RouteKind.Forward)
        {
            return ForwardError.None;
        }

        if (!Upgrade.IsAllowed(exchange))
        {
            return ForwardError.UpgradeRefused;
        }

        RoutePick pick = route.PickCluster(exchange.Request, exchange.Reactor.NextRandom());
        if (pick.Cluster is null)
        {
            return ForwardError.NoCluster;
        }

        exchange.Cluster = pick.Cluster;
        exchange.Record.UpstreamCluster = pick.Cluster.Name;
        exchange.RoutePick = pick;
        route.ApplyRequestMutations(exchange.Request, exchange.Record, pick);
        route.RewriteRequest(exchange.Request, pick, keepsOriginalPath: !exchange.Manager.SuppressEnvoyFields);
        return ForwardError.None;
    }

    private async ReactorTask<bool> ProxyAsync(Exchange exchange)
    {
        exchange.BeginForwarding();
        ForwardError error;
        int attempt = 0;
        while (true)
        {
            attempt++;
            exchange.Record.AttemptCount = attempt;
            error = await AttemptAsync(exchange, attempt);
            error = exchange.EndAttempt(error);
            Resend resend = Retry.Decide(exchange, error, attempt);
            if (resend == Resend.No)
            {
                break;
            }

            await exchange.DropUpstreamAsync();
            if (resend == Resend.AfterBackOff)
            {
                await exchange.BackOffAsync();
            }

            if (exchange.Interrupted != ForwardError.None)
            {
                error = exchange.Interrupted;
                break;
            }
        }

        exchange.ForgetReplay();

        if (error == ForwardError.None)
        {
            error = await Responder.RespondAsync(exchange);
        }

        if (error != ForwardError.None)
        {
            Fail(exchange, error);
        }

        await EndUploadAsync(exchange);
        ReleaseUpstream(exchange);
        return true;
    }

    private async ReactorTask<ForwardError> AttemptAsync(Exchange exchange, int attempt)
    {
        ClusterRuntime cluster = exchange.Cluster!;
        if (cluster.IsFull())
        {
            return ForwardError.Overflow;
        }

        if (PickEndpoint(exchange, cluster) is not { } endpoint)
        {
            return ForwardError.NoHealthyUpstream;
        }

        exchange.SetEndpoint(endpoint);
        bool isHttp2 = cluster.IsHttp2For(exchange.Request.Version);
        ConnectionPool pool = _state.Pools.PoolFor(endpoint, cluster, isHttp2);
        // A resend after the idle-close race goes over a fresh connection: the next idle one may be as dead.
        bool wantsFresh = exchange.Retries.HasRaced && !isHttp2;
        UpstreamStream? stream = wantsFresh ? null : pool.TryRent(exchange.Reactor.NowMs);
        if (stream is null)
        {
            AcquiredStream acquired = await Connector.AcquireAsync(pool, exchange.Pending, wantsFresh);
            if (acquired.Stream is null)
            {
                exchange.Record.UpstreamFailureReason = acquired.Reason;
                return acquired.Error;
            }

            stream = acquired.Stream;
        }

        exchange.SetUpstream(stream);
        if (exchange.IsUpgrade)
        {
            ForwardError refusal = await stream.PrepareUpgradeAsync(exchange.Request);
            if (refusal != ForwardError.None)
            {
                exchange.CloseDownstream = true;
                return refusal;
            }
        }

        PrepareAttempt(exchange, endpoint, attempt);
        if (exchange.Interrupted != ForwardError.None)
        {
            return exchange.Interrupted;
        }

        if (cluster.ProxyProtocolVersion is > 0 and var version)
        {
            // Clusters that speak HTTP/2 have none.
            ((Http1Client)stream).WriteProxyHeader(version, exchange.Record);
        }

        if (!stream.WriteHead(exchange.Request, exchange.IsUpgrade))
        {
            return ForwardError.DownstreamProtocolError;
        }

        exchange.BeginTry();
        exchange.StartUpload();
        stream.Writer.Flush();
        return await ReadFinalHeadAsync(exchange, stream);
    }

    private static EndpointRuntime? PickEndpoint(Exchange exchange, ClusterRuntime cluster)
    {
        var context = new PickContext
        {
            ReactorIndex = exchange.Reactor.Index,
            Random = exchange.Reactor.NextRandom(),
            NowMs = exchange.Reactor.NowMs,
            OriginalDestination = exchange.OriginalDestination,
            Request = exchange.Request,
        };
        EndpointRuntime? endpoint = cluster.Pick(context).Endpoint;
        if (exchange.Route!.Retry is not { AvoidsPreviousHosts: true } rules || endpoint is null)
        {
            return endpoint;
        }

        for (uint picks = 1; picks < rules.HostSelectionsMax && exchange.Retries.HasTried(endpoint); picks++)
        {
            context.Random = exchange.Reactor.NextRandom();
            endpoint = cluster.Pick(context).Endpoint ?? endpoint;
        }

        exchange.Retries.Tried(endpoint);
        return endpoint;
    }

    /// <summary>What the request says only once its endpoint and attempt are known.</summary>
    private static void PrepareAttempt(Exchange exchange, EndpointRuntime endpoint, int attempt)
    {
        RouteEntry route = exchange.Route!;
        if (route.AutoHostRewrite)
        {
            route.RewriteHost(exchange.Request, endpoint.HostName);
        }

        if (route.IncludeRequestAttemptCount)
        {
            exchange.Request.Fields.SetNumber(KnownField.XEnvoyAttemptCount, attempt);
        }
    }

    /// <summary>Waits for the final response head, passing interim ones on (RFC 9110 §15.2).</summary>
    private static async ReactorTask<ForwardError> ReadFinalHeadAsync(Exchange exchange, UpstreamStream upstream)
    {
        int interim = 0;
        while (true)
        {
            ForwardError error = await upstream.ReadHeadAsync(exchange.Request.Method, exchange.Response);
            if (error != ForwardError.None)
            {
                return error;
            }

            exchange.Record.FirstUpstreamRxUs = exchange.Reactor.NowUs;
            exchange.LastActivityMs = exchange.Reactor.NowMs;
            int status = exchange.Response.StatusCode;
            if (status is < 100 or >= 200 || status == 101)
            {
                // A switch while the request is still on its way would have two readers of the client's bytes.
                bool isUnasked = status == 101 && !(exchange.IsUpgrade && exchange.RequestComplete);
                return isUnasked ? ForwardError.UpstreamProtocolError : ForwardError.None;
            }

            if (++interim > Exchange.InterimResponsesMax)
            {
                return ForwardError.UpstreamProtocolError;
            }

            Responder.WriteInterim(exchange);
        }
    }

    /// <summary>Answers for the upstream, or cuts the response visibly when it has begun.</summary>
    private static bool Fail(Exchange exchange, ForwardError error)
    {
        exchange.CloseUpstream();
        if (error == ForwardError.Overflow)
        {
            exchange.Cluster!.StatsFor(exchange.Reactor.Index).UpstreamRqPendingOverflow++;
        }

        if (ErrorMapping.IsClientGone(error) || exchange.ResponseStarted)
        {
            exchange.Record.Flags |= ErrorMapping.Look(error).Flags;
            exchange.Record.ResponseCodeDetails = exchange.ResponseStarted
                ? ErrorMapping.Look(error).DetailsAfterStart
                : ErrorMapping.Look(error).Details;
            exchange.CutDownstream();
            return false;
        }

        LocalReply.Write(exchange, error);
        return true;
    }

    /// <summary>Waits for the upload, which a response may overtake; an unfinished one ends the connection.</summary>
    private static async ReactorTask<bool> EndUploadAsync(Exchange exchange)
    {
        if (!exchange.UploadStarted)
        {
            return true;
        }

        if (!exchange.RequestComplete)
        {
            exchange.CloseDownstream = true;
            exchange.CloseUpstream();
            exchange.RequestBody.Stop();
        }

        await exchange.TakeUpload();
        return true;
    }

    private static void ReleaseUpstream(Exchange exchange)
    {
        if (exchange.Upstream is { } upstream)
        {
            exchange.Upstream = null;
            upstream.Release(exchange.Reactor.NowMs);
        }

        exchange.ReleaseEndpoint();
    }

    private static async ReactorTask<bool> FinishAsync(Exchange exchange)
    {
        if (!exchange.RequestComplete)
        {
            // An answer before the whole request: what is still on its way is not a new request.
            exchange.CloseDownstream = true;
        }

        if (!exchange.Downstream.IsClosing)
        {
            await FlushAsync(exchange);
        }

        exchange.Complete();
        return true;
    }

    /// <summary>
    /// Sends what is left. Closing drains with a limit of its own; a connection that goes on waits for room only while
    /// a time limit can still end the wait.
    /// </summary>
    private static async ReactorTask<bool> FlushAsync(Exchange exchange)
    {
        SegmentWriter writer = exchange.Downstream.Writer;
        bool isFull = writer.IsFull;
        exchange.CloseDownstream |= isFull && exchange.Interrupted != ForwardError.None;
        if (!isFull || exchange.CloseDownstream)
        {
            writer.Flush();
            return true;
        }

        exchange.BeginLastFlush();
        await writer.FlushAsync();
        exchange.CloseDownstream |= exchange.Interrupted != ForwardError.None;
        return true;
    }
}
