using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// One request and its response: what was said, what was decided, what is counted. Reused over the exchanges of one
/// reactor; it holds one snapshot's connection manager from first to last byte.
/// </summary>
internal sealed class Exchange
{
    /// <summary>Interim responses passed on per request; an upstream that sends more is broken or hostile.</summary>
    public const int InterimResponsesMax = 32;

    /// <summary>
    /// A request body up to this size is kept until the response begins, so that it can be resent: one that says its
    /// length, or one of HTTP/2, where calls (gRPC) rarely do.
    /// </summary>
    private const int ReplayBytesMax = 8 * 1024;

    private readonly Watch _watch;
    private ReactorTask<bool> _upload;
    private ClusterStats? _clusterStats;
    private ReplayBuffer? _kept;
    private BackOff? _backOff;
    private ForwardError _attemptError;
    private long _responseLimitMs;

    public Exchange(Reactor reactor, ResponseDate date)
    {
        Reactor = reactor;
        Date = date;
        RequestBody = new BodyPump(this, RequestTrailers);
        ResponseBody = new BodyPump(this, ResponseTrailers);
        _watch = new Watch(this);
    }

    public Reactor Reactor { get; }

    public ResponseDate Date { get; }

    public RequestHead Request { get; } = new();

    public ResponseHead Response { get; } = new();

    public HttpFields RequestTrailers { get; } = new();

    public HttpFields ResponseTrailers { get; } = new();

    public BodyPump RequestBody { get; }

    public BodyPump ResponseBody { get; }

    public ExchangeRecord Record { get; } = new();

    /// <summary>What is remembered of its attempts.</summary>
    public RetryState Retries { get; } = new();

    /// <summary>Its place among those that wait for a connection.</summary>
    public PendingRequest Pending { get; } = new();

    /// <summary>The connection manager as the snapshot in force at the first byte compiled it.</summary>
    public HttpManager Manager { get; set; } = null!;

    /// <summary>The client's side of the exchange.</summary>
    public DownstreamStream Downstream { get; set; } = null!;

    public RouteEntry? Route { get; set; }

    /// <summary>Which share of a weighted route was drawn.</summary>
    public RoutePick RoutePick { get; set; }

    public ClusterRuntime? Cluster { get; set; }

    public EndpointRuntime? Endpoint { get; private set; }

    /// <summary>The upstream's side of the current attempt, or null.</summary>
    public UpstreamStream? Upstream { get; set; }

    /// <summary>Where the client wanted to go before a redirect brought it here.</summary>
    public NetAddress OriginalDestination { get; set; }

    /// <summary>The downstream connection is encrypted.</summary>
    public bool IsSecure { get; set; }

    /// <summary>The client asks to leave HTTP.</summary>
    public bool IsUpgrade { get; set; }

    /// <summary>The key of its WebSocket handshake is ours: the client, of HTTP/2, sent none.</summary>
    public bool MadeWebSocketKey { get; set; }

    /// <summary>It has left HTTP: bytes pass as they come.</summary>
    public bool IsTunnel { get; private set; }

    /// <summary>The answer is a redirect to the normalised path.</summary>
    public bool RedirectToPath { get; set; }

    /// <summary>The head of the response has been written downstream.</summary>
    public bool ResponseStarted { get; set; }

    /// <summary>The downstream connection must not be used after this exchange.</summary>
    public bool CloseDownstream { get; set; }

    /// <summary>The whole request has been read.</summary>
    public bool RequestComplete { get; set; }

    public bool UploadStarted { get; private set; }

    /// <summary>The request can be written again from what we hold.</summary>
    public bool IsReplayable =>
        Request.Body.IsEmpty || !RequestBody.HasBegun || _kept is { IsWhole: true };

    /// <summary>Last time a body byte moved, in reactor milliseconds.</summary>
    public long LastActivityMs { get; set; }

    /// <summary>Set by a timer or by the loss of the client; it wins over what the upstream side reports.</summary>
    public ForwardError Interrupted { get; private set; }

    /// <summary>Intrusive list of free exchanges.</summary>
    internal Exchange? NextFree { get; set; }

    /// <summary>The head is whole: counters, and the limit on the whole request.</summary>
    public void BeginRequest()
    {
        RequestComplete = Request.Body.IsEmpty;
        LastActivityMs = Reactor.NowMs;
        Manager.StatsFor(Reactor.Index).BeginRequest();
        Record.Protocol = Request.Version;
        if (!RequestComplete)
        {
            _watch.RequestDeadline(Manager.RequestTimeoutMs);
        }
    }

    /// <summary>A route to a cluster was found: from here its time limits run.</summary>
    public void BeginForwarding()
    {
        RouteEntry route = Route!;
        _clusterStats = Cluster!.StatsFor(Reactor.Index);
        _clusterStats.BeginRequest();
        long streamMs = route.MaxStreamDurationMs ?? Manager.MaxStreamDurationMs;
        _responseLimitMs = route.TimeoutMs;
        if (route.Grpc is { } grpc)
        {
            streamMs = grpc.StreamMs(Request.Fields, streamMs);
            _responseLimitMs = grpc.ResponseMs(Request.Fields, _responseLimitMs);
        }

        _watch.Start(route.IdleTimeoutMs ?? Manager.StreamIdleTimeoutMs, streamMs);
        if (RequestComplete)
        {
            _watch.RouteDeadline(_responseLimitMs);
        }
    }

    /// <summary>The connection leaves HTTP: the route's time limit is one on responses, so it ends here.</summary>
    public void BeginTunnel()
    {
        IsTunnel = true;
        _watch.NoRouteDeadline();
    }

    /// <summary>A local reply may wait for the client no longer than silence is allowed.</summary>
    public void BeginLastFlush()
    {
        LastActivityMs = Reactor.NowMs;
        _watch.Start(Manager.StreamIdleTimeoutMs, 0);
    }

    public void SetEndpoint(EndpointRuntime endpoint)
    {
        ReleaseEndpoint();
        Endpoint = endpoint;
        endpoint.PerReactor[Reactor.Index].ActiveRequests++;
        endpoint.PerReactor[Reactor.Index].TotalRequests++;
        Record.UpstreamRemote = endpoint.Address;
    }

    public void ReleaseEndpoint()
    {
        if (Endpoint is { } endpoint)
        {
            endpoint.PerReactor[Reactor.Index].ActiveRequests--;
            Endpoint = null;
        }
    }

    public void SetUpstream(UpstreamStream upstream)
    {
        Upstream = upstream;
        upstream.ResponseTrailers = ResponseTrailers;
        Record.UpstreamLocal = upstream.Connection.LocalAddress;
        Record.UpstreamSecurity = upstream.Connection.Tls?.Security;
        Record.FirstUpstreamTxUs = Reactor.NowUs;
    }

    /// <summary>Sends the request body after its head: at once when it is small and here, else alongside.</summary>
    public void StartUpload()
    {
        if (Request.Body.IsEmpty)
        {
            return;
        }

        UpstreamStream upstream = Upstream!;
        if (RequestBody.HasBegun)
        {
            if (RequestBody.Restart(upstream, upstream.Frame(Request.Body).Kind))
            {
                BeginPace();
                UploadStarted = true;
                _upload = UploadAsync();
            }

            return;
        }

        UploadStarted = true;
        RequestBody.Begin(
            Downstream, Request.Body, upstream, upstream.Frame(Request.Body).Kind, Manager.Limits, BeginReplay());
        BeginPace();
        _upload = UploadAsync();
    }

    /// <summary>The running upload; await it once.</summary>
    public ReactorTask<bool> TakeUpload()
    {
        UploadStarted = false;
        return _upload;
    }

    /// <summary>Stops waiting for the upstream, for the reason given; the first reason stays.</summary>
    public void Interrupt(ForwardError reason)
    {
        if (Interrupted != ForwardError.None)
        {
            return;
        }

        Interrupted = reason;
        Pending.Cancel();
        _backOff?.Cancel();
        Upstream?.Abort();
        if (Interrupted != reason)
        {
            // Who waited for the upstream went on and ended the exchange, which may serve another by now.
            return;
        }

        if (IsTunnel)
        {
            Downstream.Abort();
        }
        else if (Downstream.Writer.IsWaiting)
        {
            // The client does not read: who waits for room must see that the time is over.
            Downstream.Writer.CancelPendingFlush();
        }
    }

    /// <summary>The request is on its way: the time limit of this attempt runs from its end.</summary>
    public void BeginTry()
    {
        if (RequestComplete && Route!.Retry is { } rules)
        {
            _watch.TryDeadline(rules.PerTryTimeoutMs);
        }
    }

    /// <summary>The attempt took too long; the exchange goes on, as its retry policy says.</summary>
    public void AbortAttempt()
    {
        if (ResponseStarted || Upstream is not { } upstream)
        {
            return;
        }

        _attemptError = ForwardError.PerTryTimedOut;
        _clusterStats!.UpstreamRqPerTryTimeout++;
        upstream.Abort();
    }

    /// <summary>The attempt has a result.</summary>
    /// <returns>What it means: a time limit or the loss of the client wins over what the upstream side saw.</returns>
    public ForwardError EndAttempt(ForwardError error)
    {
        if (_attemptError != ForwardError.None)
        {
            error = _attemptError;
            _attemptError = ForwardError.None;
        }

        _watch.TryDeadline(0);
        return Interrupted != ForwardError.None ? Interrupted : error;
    }

    /// <summary>Gives up the connection of a failed attempt, so that another can be made.</summary>
    public async ReactorTask<bool> DropUpstreamAsync()
    {
        CloseUpstream();
        ReleaseEndpoint();
        Record.FirstUpstreamRxUs = 0;
        if (UploadStarted)
        {
            if (!_upload.IsCompleted)
            {
                RequestBody.Stop();
            }

            await TakeUpload();
        }

        return true;
    }

    /// <summary>Waits before a retry by policy; an interruption ends the wait.</summary>
    public async ReactorTask<bool> BackOffAsync()
    {
        _backOff ??= new BackOff(Reactor);
        await _backOff.For(Route!.Retry!.BackOffMs(Retries.Made, Reactor.NextRandom()));
        return true;
    }

    /// <summary>No attempt follows: what was kept for one is given back.</summary>
    public void ForgetReplay() => _kept?.GiveUp();

    public void CloseUpstream()
    {
        if (Upstream is { } upstream)
        {
            Upstream = null;
            upstream.Abort();
            upstream.Close();
        }
    }

    /// <summary>
    /// Ends a response that has begun and cannot be finished, so that no client takes it for whole.
    /// </summary>
    public void CutDownstream()
    {
        CloseDownstream = true;
        if (ErrorMapping.IsClientGone(Interrupted))
        {
            Downstream.Abort();
        }
        else
        {
            Downstream.Cut(Response.Body.Kind);
        }
    }

    /// <summary>The exchange is over: counters and log.</summary>
    public void Complete()
    {
        _watch.Stop();
        Record.EndUs = Reactor.NowUs;
        Manager.StatsFor(Reactor.Index).EndRequest(Record);
        _clusterStats?.EndRequest(Record);
        Manager.Log(Record, Reactor.Index);
    }

    /// <summary>Forgets everything but the buffers.</summary>
    public void Clear()
    {
        Request.Clear();
        Response.Clear();
        RequestTrailers.Clear();
        ResponseTrailers.Clear();
        RequestBody.Clear();
        ResponseBody.Clear();
        Record.Clear();
        Manager = null!;
        Downstream = null!;
        Route = null;
        RoutePick = default;
        Cluster = null;
        Upstream = null;
        OriginalDestination = default;
        IsSecure = false;
        IsUpgrade = false;
        MadeWebSocketKey = false;
        IsTunnel = false;
        RedirectToPath = false;
        ResponseStarted = false;
        CloseDownstream = false;
        RequestComplete = false;
        Interrupted = ForwardError.None;
        _attemptError = ForwardError.None;
        _clusterStats = null;
        _kept?.GiveUp();
        Retries.Clear();
    }

    /// <summary>What keeps the body for a resend, or null for a body of which nothing is kept.</summary>
    private ReplayBuffer? BeginReplay()
    {
        BodyLength body = Request.Body;
        bool isSmall = body.HasLength ? body.Length <= ReplayBytesMax : body.Kind == BodyKind.EndStream;
        long keptMax = Route!.Retry?.BufferBytes ?? (isSmall ? ReplayBytesMax : 0);
        if (keptMax == 0)
        {
            return null;
        }

        _kept ??= new ReplayBuffer(Reactor.Buffers);
        _kept.Begin(keptMax);
        return _kept;
    }

    /// <summary>A body of announced length has a least pace, each attempt anew.</summary>
    private void BeginPace()
    {
        if (Request.Body.HasLength)
        {
            _watch.BodyPace();
        }
    }

    private async ReactorTask<bool> UploadAsync()
    {
        PumpResult result = await RequestBody.RunAsync();
        Record.BytesReceived += RequestBody.MovedBytes;
        switch (result)
        {
            case PumpResult.Done:
                OnRequestComplete();
                return true;
            case PumpResult.SourceInvalid:
                Interrupt(ForwardError.DownstreamProtocolError);
                return false;
            case PumpResult.SourceCut when RequestBody.IsStopped:
                // Another attempt takes it from here, or the exchange is over.
                return false;
            case PumpResult.SourceCut:
                Interrupt(ForwardError.DownstreamGone);
                return false;
            default:
                // The upstream takes no more; its answer, or its end, says what that means.
                return false;
        }
    }

    private void OnRequestComplete()
    {
        RequestComplete = true;
        Record.RequestEndUs = Reactor.NowUs;
        _watch.RouteDeadline(_responseLimitMs);
        BeginTry();
    }
}
