using System;
using System.Collections.Generic;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>
/// Model to <see cref="ListenerSet"/>. A listener takes over the counts and connections of its predecessor of the same
/// name. Not on a reactor.
/// </summary>
internal sealed class ListenerCompiler
{
    /// <summary>A smaller buffer limit would stop reading at every block.</summary>
    private const uint BufferLimitBytesMin = 4096;

    private readonly ListenerServices _services;
    private readonly Dictionary<string, CompiledListener> _previous = [];
    private readonly List<ConfigProblem> _problems;

    /// <param name="services">What chains are made of.</param>
    /// <param name="previous">The set in force; empty at the start.</param>
    /// <param name="problems">Receives what is wrong; with an error among it the result must not be used.</param>
    public ListenerCompiler(ListenerServices services, ListenerSet previous, List<ConfigProblem> problems)
    {
        _services = services;
        _problems = problems;
        foreach (CompiledListener listener in previous.Listeners)
        {
            _previous[listener.Name] = listener;
        }
    }

    /// <summary>Compiles all listeners.</summary>
    public ListenerSet Compile(ValueList<Listener> listeners)
    {
        List<CompiledListener> compiled = [];
        Dictionary<string, string> bound = [];
        for (int i = 0; i < listeners.Count; i++)
        {
            string path = $"listeners[{i}]";
            CheckBound(listeners[i], path, bound);
            compiled.Add(Compile(listeners[i], path));
        }

        return new ListenerSet([.. compiled]);
    }

    private CompiledListener Compile(Listener listener, string path)
    {
        CompiledListener? previous = _previous.GetValueOrDefault(listener.Name);
        return new CompiledListener
        {
            Name = listener.Name,
            Addresses = Addresses(listener, path),
            UnixPath = listener.Address.Path,
            BindToPort = listener.BindToPort,
            CountsGlobally = !listener.IgnoreGlobalConnectionLimit,
            SocketOptions = SocketOptions(listener),
            BufferLimitBytes = (int)Math.Clamp(
                listener.PerConnectionBufferLimitBytes, BufferLimitBytesMin, TransportWriter.DefaultHighWaterBytes),
            UseOriginalDestination = listener.UseOriginalDestination,
            Filters = Filters(listener),
            FilterTimeoutMs = (long)listener.ListenerFiltersTimeout.TotalMilliseconds,
            ServerFirstWaitMs = _services.ServerFirstWaitMs,
            ContinueOnFilterTimeout = listener.ContinueOnListenerFiltersTimeout,
            Selector = Selector(listener, path),
            AccessLogs = _services.AccessLogs(listener.AccessLogs),
            ConnectionsMax = listener.ConnectionLimit > 0 ? listener.ConnectionLimit : int.MaxValue,
            Count = previous?.Count ?? new ConnectionCount(),
            States = States(listener, previous),
        };
    }

    /// <summary>Those of before, unless the listener has moved to another address: then the old one drains.</summary>
    private ListenerState[] States(Listener listener, CompiledListener? previous)
    {
        ListenerStats[] stats = _services.ListenerStats(listener);
        return previous is not null && previous.States[0].Stats == stats[0]
            ? previous.States
            : Array.ConvertAll(stats, static own => new ListenerState(own));
    }

    private NetAddress[] Addresses(Listener listener, string path)
    {
        if (listener.Address.Path is not null)
        {
            return [];
        }

        List<NetAddress> addresses = [Address(listener.Address, path + ".address")];
        for (int i = 0; i < listener.AdditionalAddresses.Count; i++)
        {
            addresses.Add(Address(listener.AdditionalAddresses[i], $"{path}.additional_addresses[{i}]"));
        }

        return [.. addresses];
    }

    private NetAddress Address(SocketTarget target, string path)
    {
        if (NetAddress.TryParse(target.Host, out NetAddress address) && target.Port is >= 0 and <= ushort.MaxValue)
        {
            return address.WithPort((ushort)target.Port);
        }

        _problems.Add(new ConfigProblem(path, $"\"{target}\" is not an address to listen on; write an IP address"));
        return default;
    }

    private static ListenOptions SocketOptions(Listener listener) => new()
    {
        Backlog = listener.TcpBacklogSize > 0 ? listener.TcpBacklogSize : ListenOptions.DefaultBacklog,
        ReusePort = listener.EnableReusePort,
        Ipv4Compat = listener.Address.IPv4Compat,
        Transparent = listener.Transparent,
        FreeBind = listener.Freebind,
        UnixMode = (uint)listener.Address.Mode,
        KeepAlive = listener.TcpKeepalive is { } probe
            ? new KeepAliveOptions(
                true, (int)(probe.TimeSeconds ?? 0), (int)(probe.IntervalSeconds ?? 0), (int)(probe.Probes ?? 0))
            : default,
    };

    /// <summary>The filters as configured, and those that Envoy adds where the configuration needs them.</summary>
    private static ListenerFilter[] Filters(Listener listener)
    {
        List<ListenerFilter> filters = [];
        foreach (Model.ListenerFilter filter in listener.ListenerFilters)
        {
            filters.Add(Filter(filter, listener.Transparent));
        }

        bool needsHello = false;
        foreach (FilterChain chain in listener.FilterChains)
        {
            FilterChainMatch match = chain.Match;
            needsHello |= match.TransportProtocol == ConnectionFacts.Tls || (match.TransportProtocol.Length == 0
                && (match.ServerNames.Count > 0 || match.ApplicationProtocols.Count > 0));
        }

        if (needsHello && !filters.Exists(static filter => filter is TlsInspectorFilter))
        {
            filters.Add(new TlsInspectorFilter());
        }

        if (listener.UseOriginalDestination && !filters.Exists(static filter => filter is OriginalDestinationFilter))
        {
            filters.Insert(0, new OriginalDestinationFilter(listener.Transparent));
        }

        return [.. filters];
    }

    private static ListenerFilter Filter(Model.ListenerFilter filter, bool isTransparent) => filter switch
    {
        Model.OriginalDestinationFilter => new OriginalDestinationFilter(isTransparent)
        {
            DisabledPorts = [.. filter.DisabledPorts],
        },
        Model.ProxyProtocolFilter proxy => new ProxyProtocolFilter
        {
            AllowsAbsent = proxy.AllowWithout,
            DisabledPorts = [.. filter.DisabledPorts],
        },
        Model.TlsInspectorFilter tls => new TlsInspectorFilter
        {
            ClosesOnMalformed = tls.CloseOnParseErrors,
            DisabledPorts = [.. filter.DisabledPorts],
            HelloBytesMax = Math.Min(tls.MaxClientHelloBytes, ListenerFilter.PeekBytesMax),
        },
        Model.HttpInspectorFilter => new HttpInspectorFilter { DisabledPorts = [.. filter.DisabledPorts] },
        _ => throw new NotSupportedException(filter.GetType().Name),
    };

    private FilterChainSelector Selector(Listener listener, string path)
    {
        List<ChainCandidate> candidates = [];
        for (int i = 0; i < listener.FilterChains.Count; i++)
        {
            FilterChain chain = listener.FilterChains[i];
            string matchPath = $"{path}.filter_chains[{i}].filter_chain_match";
            candidates.Add(new ChainCandidate(Chain(chain), Criteria(chain.Match, matchPath)));
        }

        List<int> conflicts = [];
        CompiledFilterChain? defaultChain = listener.DefaultFilterChain is { } last ? Chain(last) : null;
        FilterChainSelector selector = FilterChainSelector.Compile(candidates, defaultChain, conflicts);
        foreach (int index in conflicts)
        {
            _problems.Add(new ConfigProblem(
                $"{path}.filter_chains[{index}].filter_chain_match",
                "an earlier filter chain has the same matching rules; each connection can have one chain"));
        }

        return selector;
    }

    private CompiledFilterChain Chain(FilterChain chain) =>
        chain.Filter is TcpProxySettings relay
            ? Chain(chain, Relay(relay).Run, isOpaque: chain.Tls is null)
            : Chain(chain, _services.HttpManager(chain), isOpaque: false);

    private CompiledFilterChain Chain(FilterChain chain, NetworkFilterDelegate handler, bool isOpaque) =>
        new(chain.Name, handler, isOpaque)
        {
            Tls = chain.Tls is null ? null : _services.Tls(chain),
            HandshakeTimeoutMs = (int)(chain.HandshakeTimeout > TimeSpan.Zero
                ? chain.HandshakeTimeout
                : FilterChain.DefaultHandshakeTimeout).TotalMilliseconds,
        };

    private TcpRelay Relay(TcpProxySettings settings)
    {
        List<RelayCluster> clusters = [];
        foreach (TcpClusterShare share in settings.Clusters)
        {
            clusters.Add(new RelayCluster(share.Cluster, _services.Clusters(share.Cluster), share.Weight));
        }

        return new TcpRelay([.. clusters])
        {
            IdleTimeoutMs = (long)settings.IdleTimeout.TotalMilliseconds,
            MaxDurationMs = (long)settings.MaxDownstreamConnectionDuration.TotalMilliseconds,
            ConnectAttemptsMax = Math.Max(1, settings.MaxConnectAttempts),
            Stats = _services.TcpStats(settings.StatPrefix),
            AccessLogs = _services.AccessLogs(settings.AccessLogs),
        };
    }

    private ChainCriteria Criteria(FilterChainMatch match, string path) => new()
    {
        DestinationPort = match.DestinationPort == 0 ? null : (ushort)match.DestinationPort,
        DestinationRanges = Ranges(match.DestinationRanges, path + ".prefix_ranges"),
        ServerNames = Names(match.ServerNames, path + ".server_names"),
        TransportProtocol = match.TransportProtocol.Length == 0 ? null : match.TransportProtocol,
        ApplicationProtocols = [.. match.ApplicationProtocols],
        DirectSourceRanges = Ranges(match.DirectSourceRanges, path + ".direct_source_prefix_ranges"),
        SourceType = match.SourceType switch
        {
            ConnectionSource.SameIpOrLoopback => ChainSourceType.SameIpOrLoopback,
            ConnectionSource.External => ChainSourceType.External,
            _ => ChainSourceType.Any,
        },
        SourceRanges = Ranges(match.SourceRanges, path + ".source_prefix_ranges"),
        SourcePorts = Array.ConvertAll<int, ushort>([.. match.SourcePorts], static port => (ushort)port),
    };

    private AddressRange[] Ranges(ValueList<CidrRange> ranges, string path)
    {
        List<AddressRange> compiled = [];
        for (int i = 0; i < ranges.Count; i++)
        {
            if (NetAddress.TryParse(ranges[i].Address, out NetAddress address)
                && ranges[i].PrefixLength >= 0 && ranges[i].PrefixLength <= address.BitLength)
            {
                compiled.Add(new AddressRange(address, ranges[i].PrefixLength));
                continue;
            }

            _problems.Add(new ConfigProblem(
                $"{path}[{i}]", $"{ranges[i].Address}/{ranges[i].PrefixLength} is not an address range"));
        }

        return [.. compiled];
    }

    private string[] Names(ValueList<string> names, string path)
    {
        List<string> compiled = [];
        for (int i = 0; i < names.Count; i++)
        {
            string name = names[i].ToLowerInvariant();
            bool isWildcard = name.StartsWith("*.", StringComparison.Ordinal) && name.Length > 2;
            if (name.LastIndexOf('*') > 0 || (name.StartsWith('*') && !isWildcard))
            {
                _problems.Add(new ConfigProblem(
                    $"{path}[{i}]", $"\"{names[i]}\" is not a server name; a wildcard is written *.suffix"));
                continue;
            }

            compiled.Add(name);
        }

        return [.. compiled];
    }

    private void CheckBound(Listener listener, string path, Dictionary<string, string> bound)
    {
        foreach (SocketTarget target in (SocketTarget[])[listener.Address, .. listener.AdditionalAddresses])
        {
            bool isShared = !listener.BindToPort || (target.Path is null && target.Port == 0);
            if (!isShared && !bound.TryAdd(target.ToString(), listener.Name))
            {
                _problems.Add(new ConfigProblem(
                    path + ".address", $"{target} is already the address of listener {bound[target.ToString()]}"));
            }
        }
    }
}
