using System;
using System.Net;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Protocols.Http2;
using FastMesh.Tls;
using HttpVersion = FastMesh.Protocols.HttpVersion;

namespace FastMesh.Engine.Clusters;

/// <summary>What a pick depends on.</summary>
internal struct PickContext
{
    public int ReactorIndex;
    public ulong Random;
    public long NowMs;
    public NetAddress OriginalDestination;
    public RequestHead? Request;
}

/// <summary>An endpoint, or the flags that say why there is none.</summary>
internal readonly record struct PickResult(EndpointRuntime? Endpoint, ResponseFlags Flags);

/// <summary>
/// A cluster in force: settings from the model, endpoints swapped as they change, counters per reactor. It lives on
/// over snapshots as long as its model stays the same.
/// </summary>
internal sealed class ClusterRuntime
{
    /// <summary>Sixteen apart, so that reactors do not share a cache line.</summary>
    private const int TurnStride = 16;

    private readonly ClusterStats[] _stats;
    private readonly Http2Stats[] _http2Stats;
    private readonly uint[] _turns;
    private readonly OriginalDestinations[]? _originalDestinations;
    private readonly NetAddress _bindIPv4;
    private readonly NetAddress _bindIPv6;
    private readonly KeepAliveOptions _keepAlive;
    private volatile bool _isRetired;
    private volatile EndpointSet _endpoints = EndpointSet.Empty;

    /// <summary>
    /// Creates the runtime of a cluster; a DNS cluster has no endpoints until <see cref="DnsRefresh"/>.
    /// </summary>
    /// <param name="model">What was said.</param>
    /// <param name="stats">Its counters, one block per reactor.</param>
    /// <param name="http2Stats">The same of its HTTP/2 connections; none where it has none.</param>
    /// <param name="tls">How TLS is spoken to its endpoints; null for plaintext.</param>
    public ClusterRuntime(
        Cluster model, ClusterStats[] stats, Http2Stats[]? http2Stats = null, TlsContext? tls = null)
    {
        Tls = tls;
        Model = model;
        _stats = stats;
        _http2Stats = http2Stats ?? [];
        Http2Limits = Http2LimitsCompiler.OfCluster(model);
        Http2KeepaliveIntervalMs = (long)model.Http2.KeepaliveInterval.TotalMilliseconds;
        Http2KeepaliveTimeoutMs = (long)model.Http2.KeepaliveTimeout.TotalMilliseconds;
        int reactors = stats.Length;
        _turns = new uint[reactors * TurnStride];
        for (int i = 0; i < reactors; i++)
        {
            // Reactors begin at different endpoints, or the first would get the first request of each.
            _turns[i * TurnStride] = (uint)i * 0x9E3779B9;
        }

        IdleTimeoutMs = Milliseconds(model.IdleTimeout);
        HttpLimits = Http1Limits.Default with { FieldsMax = model.MaxHeadersCount };
        foreach (SocketTarget target in model.BindAddresses)
        {
            if (IPAddress.TryParse(target.Host, out IPAddress? address))
            {
                NetAddress bind = NetAddress.From(address, (ushort)target.Port);
                _bindIPv4 = bind.Kind == NetAddressKind.IPv4 ? bind : _bindIPv4;
                _bindIPv6 = bind.Kind == NetAddressKind.IPv6 ? bind : _bindIPv6;
            }
        }

        if (model.TcpKeepalive is { } keepalive)
        {
            _keepAlive = new KeepAliveOptions(
                true, (int)(keepalive.TimeSeconds ?? 0), (int)(keepalive.IntervalSeconds ?? 0),
                (int)(keepalive.Probes ?? 0));
        }

        if (model.Type == ClusterType.OriginalDestination)
        {
            _originalDestinations = new OriginalDestinations[reactors];
            for (int i = 0; i < reactors; i++)
            {
                _originalDestinations[i] = new OriginalDestinations(model, reactors);
            }
        }
        else if (model.Type == ClusterType.Static)
        {
            _endpoints = new EndpointSet(
                FromModel(model, reactors), model.HealthyPanicThresholdPercent, model.LocalityWeighted);
        }
    }

    public Cluster Model { get; }

    /// <summary>How TLS is spoken to its endpoints; null for plaintext.</summary>
    public TlsContext? Tls { get; }

    /// <summary>No longer part of the configuration: idle connections to it are closed.</summary>
    public bool IsRetired
    {
        get => _isRetired;
        set => _isRetired = value;
    }

    public string Name => Model.Name;

    public string StatName => Model.AltStatName.Length > 0 ? Model.AltStatName : Model.Name;

    public ClusterStats[] Stats => _stats;

    /// <summary>Milliseconds that an idle connection is kept; a year stands for no limit.</summary>
    public long IdleTimeoutMs { get; }

    /// <summary>Longest connect, and longest TLS handshake behind it.</summary>
    public int ConnectTimeoutMs => (int)Math.Min(Model.ConnectTimeout.TotalMilliseconds, int.MaxValue);

    public uint MaxRequestsPerConnection => Model.MaxRequestsPerConnection;

    public Http1Limits HttpLimits { get; }

    public Http2Limits Http2Limits { get; }

    /// <summary>Between PINGs that ask whether the upstream lives; 0 asks never.</summary>
    public long Http2KeepaliveIntervalMs { get; }

    public long Http2KeepaliveTimeoutMs { get; }

    /// <summary>0 for none, else 1 or 2.</summary>
    public int ProxyProtocolVersion => (int)Model.ProxyProtocol;

    public EndpointSet Endpoints
    {
        get => _endpoints;
        set => _endpoints = value;
    }

    public ClusterStats StatsFor(int reactor) => _stats[reactor];

    public Http2Stats Http2StatsFor(int reactor) => _http2Stats[reactor];

    /// <summary>Whether a request that came in this version leaves as HTTP/2.</summary>
    public bool IsHttp2For(HttpVersion version) =>
        Model.Protocol == UpstreamProtocol.Http2
        || (Model.Protocol == UpstreamProtocol.UseDownstream && version == HttpVersion.Http2);

    /// <summary>Picks an endpoint by the cluster's policy.</summary>
    public PickResult Pick(in PickContext context)
    {
        if (_originalDestinations is not null)
        {
            EndpointRuntime? original = _originalDestinations[context.ReactorIndex].Pick(context);
            return new PickResult(
                original, original is null ? ResponseFlags.NoHealthyUpstream : ResponseFlags.None);
        }

        // The choice of priority and that within it must not follow from the same bits.
        ulong random = Mix(context.Random);
        EndpointRuntime[] schedule = _endpoints.Choose(context.Random);
        if (schedule.Length == 0)
        {
            return new PickResult(null, ResponseFlags.NoHealthyUpstream);
        }

        if (schedule.Length == 1)
        {
            return new PickResult(schedule[0], ResponseFlags.None);
        }

        EndpointRuntime picked = Model.LoadBalancing switch
        {
            LoadBalancing.LeastRequest => LeastRequest(schedule, context.ReactorIndex, random),
            LoadBalancing.Random => schedule[Index(random, schedule.Length)],
            _ => RoundRobin(schedule, context),
        };
        return new PickResult(picked, ResponseFlags.None);
    }

    /// <summary>
    /// True when the circuit breaker has no room for the request that asks, which is counted already. Summed over all
    /// reactors without locks: reactors that ask at the same moment may together go over by one each.
    /// </summary>
    public bool IsFull()
    {
        long active = 0;
        foreach (ClusterStats stats in _stats)
        {
            active += stats.UpstreamRqActive;
        }

        return active > Model.CircuitBreaker.MaxRequests;
    }

    /// <summary>True when the circuit breaker allows no further connection; what asks is not counted yet.</summary>
    public bool HasAllConnections()
    {
        long active = 0;
        foreach (ClusterStats stats in _stats)
        {
            active += stats.UpstreamCxActive + stats.UpstreamCxConnecting;
        }

        return active >= Model.CircuitBreaker.MaxConnections;
    }

    /// <summary>True when no further request may wait for a connection; what asks is not counted yet.</summary>
    public bool HasAllPending()
    {
        long pending = 0;
        foreach (ClusterStats stats in _stats)
        {
            pending += stats.UpstreamRqPendingActive;
        }

        return pending >= Model.CircuitBreaker.MaxPendingRequests;
    }

    /// <summary>True when no further request may be sent again; what asks is not counted yet.</summary>
    public bool HasAllRetries()
    {
        long retries = 0;
        foreach (ClusterStats stats in _stats)
        {
            retries += stats.UpstreamRqRetryActive;
        }

        return retries >= Model.CircuitBreaker.MaxRetries;
    }

    public ConnectOptions ConnectOptions(EndpointRuntime endpoint) => new()
    {
        Address = endpoint.Address,
        UnixPath = endpoint.UnixPath,
        BindAddress = endpoint.Address.Kind == NetAddressKind.IPv6 ? _bindIPv6 : _bindIPv4,
        TimeoutMs = ConnectTimeoutMs,
        KeepAlive = _keepAlive,
    };

    /// <summary>
    /// The least loaded of a few drawn by weight. Loads are this reactor's own: a figure of another core would be late
    /// and would cost a cache miss on every request.
    /// </summary>
    private EndpointRuntime LeastRequest(EndpointRuntime[] schedule, int reactor, ulong random)
    {
        EndpointRuntime best = schedule[Index(random, schedule.Length)];
        double bestLoad = Load(best, reactor);
        for (int i = 1; i < Model.LeastRequestChoices; i++)
        {
            random = Mix(random);
            EndpointRuntime other = schedule[Index(random, schedule.Length)];
            double load = Load(other, reactor);
            if (load < bestLoad)
            {
                best = other;
                bestLoad = load;
            }
        }

        return best;
    }

    // Requests for each unit of weight: equal at idle, so that the draw alone keeps the weights then.
    private static double Load(EndpointRuntime endpoint, int reactor) =>
        (double)endpoint.PerReactor[reactor].ActiveRequests / Math.Max(1, endpoint.Model.Weight);

    /// <summary>The next of a SplitMix64 sequence.</summary>
    private static ulong Mix(ulong random)
    {
        random += 0x9E3779B97F4A7C15UL;
        random = (random ^ (random >> 30)) * 0xBF58476D1CE4E5B9UL;
        random = (random ^ (random >> 27)) * 0x94D049BB133111EBUL;
        return random ^ (random >> 31);
    }

    private static int Index(ulong random, int length) => (int)Math.BigMul(random, (ulong)length, out _);

    private static long Milliseconds(TimeSpan time) =>
        time <= TimeSpan.Zero ? (long)TimeSpan.FromDays(365).TotalMilliseconds : (long)time.TotalMilliseconds;

    private static EndpointRuntime[] FromModel(Cluster model, int reactors)
    {
        var endpoints = new EndpointRuntime[model.Endpoints.Count];
        for (int i = 0; i < endpoints.Length; i++)
        {
            Endpoint endpoint = model.Endpoints[i];
            NetAddress address = endpoint.Target.Path is not null
                ? NetAddress.Unix
                : NetAddress.From(IPAddress.Parse(endpoint.Target.Host), (ushort)endpoint.Target.Port);
            endpoints[i] = new EndpointRuntime(address, endpoint.Target.Path, endpoint, reactors);
        }

        return endpoints;
    }

    private EndpointRuntime RoundRobin(EndpointRuntime[] schedule, in PickContext context)
    {
        ref uint turn = ref _turns[context.ReactorIndex * TurnStride];
        uint at = turn++;
        return schedule[(int)(at % (uint)schedule.Length)];
    }
}
