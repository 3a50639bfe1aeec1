using System;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.listener.v3.Listener.</summary>
internal static class ListenerReader
{
    private const string Package = "envoy.config.listener.v3.";
    private const string Filters = "envoy.extensions.filters.listener.";

    /// <summary>Reads a listener.</summary>
    public static Listener Read(Element element)
    {
        Message message = element.AsMessage(Package + "Listener");
        SocketTarget address = ReadAddress(message);
        ValueList<FilterChain> chains = message.Each("filter_chains", FilterChainReader.Read);
        Element? fallback = message.Take("default_filter_chain");
        bool useOriginal = message.Flag("use_original_dst");
        ReadIgnored(message);
        string name = message.Text("name");
        var listener = new Listener
        {
            Name = name.Length > 0 ? name : address.ToString(),
            Address = address,
            AdditionalAddresses = message.Each("additional_addresses", ReadAdditionalAddress),
            FilterChains = chains,
            DefaultFilterChain = fallback is null ? null : FilterChainReader.Read(fallback),
            ListenerFilters = Complete(ReadFilters(message), chains, useOriginal, element),
            ListenerFiltersTimeout = message.Duration("listener_filters_timeout", TimeSpan.FromSeconds(15)),
            ContinueOnListenerFiltersTimeout = message.Flag("continue_on_listener_filters_timeout"),
            UseOriginalDestination = useOriginal,
            BindToPort = ReadBindToPort(message),
            Transparent = message.Flag("transparent"),
            Freebind = message.Flag("freebind"),
            EnableReusePort = message.Flag("enable_reuse_port", true),
            IgnoreGlobalConnectionLimit = message.Flag("ignore_global_conn_limit"),
            TcpBacklogSize = message.Count("tcp_backlog_size", 0),
            TcpKeepalive = message.Take("tcp_keepalive") is { } keepalive
                ? AddressReader.ReadKeepalive(keepalive)
                : null,
            PerConnectionBufferLimitBytes = message.Number(
                "per_connection_buffer_limit_bytes", Listener.DefaultBufferLimitBytes, min: 1),
            TrafficDirection = message.Enum("traffic_direction", TrafficDirection.Unspecified,
            [
                new("UNSPECIFIED", 0, TrafficDirection.Unspecified),
                new("INBOUND", 1, TrafficDirection.Inbound),
                new("OUTBOUND", 2, TrafficDirection.Outbound),
            ]),
            StatPrefix = message.Text("stat_prefix"),
            AccessLogs = message.Each("access_log", AccessLogReader.Read),
        };
        message.End();
        return element.Context.Remember(listener, element);
    }

    private static SocketTarget ReadAddress(Message message)
    {
        if (message.Take("address") is { } address)
        {
            return AddressReader.Read(address, allowNames: false);
        }

        message.Element.Error("\"address\" is missing");
        return new SocketTarget("", 0);
    }

    private static SocketTarget? ReadAdditionalAddress(Element element)
    {
        Message message = element.AsMessage(Package + "AdditionalAddress");
        Element? address = message.Take("address");
        message.End();
        if (address is null)
        {
            element.Error("\"address\" is missing");
            return null;
        }

        return AddressReader.Read(address, allowNames: false);
    }

    private static bool ReadBindToPort(Message message)
    {
        bool bind = message.Flag("bind_to_port", true);
        if (message.Sub("deprecated_v1", Package + "Listener.DeprecatedV1") is { } old)
        {
            bind &= old.Flag("bind_to_port", true);
            old.End();
        }

        return bind;
    }

    private static void ReadIgnored(Message message)
    {
        message.Ignore("metadata", "nothing here reads metadata of a listener");
        message.Ignore("drain_type", "connections are drained one way");
        message.Ignore("connection_balance_config", "the kernel spreads connections over the reactors");
        message.Ignore("max_connections_to_accept_per_socket_event", "the reactor bounds its turns itself");
    }

    private static List<ListenerFilter> ReadFilters(Message message)
    {
        List<ListenerFilter> filters = [];
        foreach (Element element in message.Repeated("listener_filters"))
        {
            Message holder = element.AsMessage(Package + "ListenerFilter");
            Message? config = AnyReader.OpenTypedConfig(holder);
            Element? disabled = holder.Take("filter_disabled");
            holder.End();
            if (config is not null && ReadFilter(config) is { } filter)
            {
                filters.Add(filter with { DisabledPorts = disabled is null ? [] : PortPredicateReader.Read(disabled) });
            }
        }

        return filters;
    }

    private static ListenerFilter? ReadFilter(Message config)
    {
        ListenerFilter? filter = null;
        switch (config.TypeName)
        {
            case Filters + "original_dst.v3.OriginalDst":
                filter = new OriginalDestinationFilter();
                break;
            case Filters + "http_inspector.v3.HttpInspector":
                filter = new HttpInspectorFilter();
                break;
            case Filters + "tls_inspector.v3.TlsInspector":
                config.Ignore("initial_read_buffer_size", "the reactor's buffers are used");
                filter = new TlsInspectorFilter(
                    config.Count("max_client_hello_size", 65536, min: 256, max: 65536),
                    config.Flag("close_connection_on_client_hello_parsing_errors"));
                break;
            case Filters + "proxy_protocol.v3.ProxyProtocol":
                filter = new ProxyProtocolFilter(config.Flag("allow_requests_without_proxy_protocol"));
                break;
            default:
                AnyReader.Refuse(config, "listener filter");
                return null;
        }

        config.End();
        return filter;
    }

    // As Envoy does: what the chains ask for is looked at even where the filter was forgotten.
    private static ValueList<ListenerFilter> Complete(
        List<ListenerFilter> filters, ValueList<FilterChain> chains, bool useOriginal, Element element)
    {
        if (useOriginal && !filters.Exists(static filter => filter is OriginalDestinationFilter))
        {
            filters.Insert(0, new OriginalDestinationFilter());
        }

        bool asksTls = false;
        foreach (FilterChain chain in chains)
        {
            asksTls |= chain.Match.ServerNames.Count > 0 || chain.Match.TransportProtocol == "tls";
        }

        if (asksTls && !filters.Exists(static filter => filter is TlsInspectorFilter))
        {
            element.Note("a filter chain asks for TLS facts; the tls_inspector listener filter was added");
            filters.Add(new TlsInspectorFilter());
        }

        return ValueList.From(filters);
    }
}
