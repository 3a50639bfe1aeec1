using System;
using System.Collections.Generic;
using System.Globalization;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.listener.v3.FilterChain with its network filters.</summary>
internal static class FilterChainReader
{
    private const string Package = "envoy.config.listener.v3.";
    private const string Network = "envoy.extensions.filters.network.";
    private const string RawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

    /// <summary>Reads a filter chain; null after an error that leaves nothing to serve it.</summary>
    public static FilterChain? Read(Element element)
    {
        Message message = element.AsMessage(Package + "FilterChain");
        string name = message.Text("name");
        FilterChainMatch match = message.Sub("filter_chain_match", Package + "FilterChainMatch") is { } criteria
            ? ReadMatch(criteria)
            : FilterChainMatch.Any;
        NetworkFilter? filter = ReadFilters(message);
        DownstreamTls? tls = ReadTransportSocket(message);
        message.Ignore("metadata", "nothing here reads metadata of a filter chain");
        TimeSpan handshakeTimeout =
            message.Duration("transport_socket_connect_timeout", FilterChain.DefaultHandshakeTimeout);
        message.End();
        return filter is null
            ? null
            : element.Context.Remember(
                new FilterChain
                {
                    Name = name, Match = match, Filter = filter, Tls = tls, HandshakeTimeout = handshakeTimeout,
                },
                element);
    }

    private static FilterChainMatch ReadMatch(Message message)
    {
        var match = new FilterChainMatch
        {
            DestinationPort = message.Count("destination_port", 0, min: 1, max: ushort.MaxValue),
            DestinationRanges = message.Each("prefix_ranges", AddressReader.ReadRange),
            ServerNames = ReadServerNames(message),
            TransportProtocol = ReadTransportProtocol(message),
            ApplicationProtocols = message.Texts("application_protocols"),
            DirectSourceRanges = message.Each("direct_source_prefix_ranges", AddressReader.ReadRange),
            SourceType = message.Enum("source_type", ConnectionSource.Any,
            [
                new("ANY", 0, ConnectionSource.Any),
                new("SAME_IP_OR_LOOPBACK", 1, ConnectionSource.SameIpOrLoopback),
                new("EXTERNAL", 2, ConnectionSource.External),
            ]),
            SourceRanges = message.Each("source_prefix_ranges", AddressReader.ReadRange),
            SourcePorts = ReadPorts(message),
        };
        message.End();
        return match;
    }

    private static ValueList<int> ReadPorts(Message message)
    {
        List<int> ports = [];
        foreach (Element port in message.Repeated("source_ports"))
        {
            ports.Add((int)port.AsInteger(1, ushort.MaxValue));
        }

        return ValueList.From(ports);
    }

    private static string ReadTransportProtocol(Message message)
    {
        Element? element = message.Take("transport_protocol");
        string protocol = element?.AsText() ?? "";
        if (protocol is not ("" or "tls" or "raw_buffer"))
        {
            element!.Error($"{element.Quoted()} is none of raw_buffer, tls");
        }

        return protocol;
    }

    private static ValueList<string> ReadServerNames(Message message)
    {
        List<string> names = [];
        foreach (Element element in message.Repeated("server_names"))
        {
            string name = element.AsText().ToLower(CultureInfo.InvariantCulture);
            ReadOnlySpan<char> rest = name.StartsWith("*.", StringComparison.Ordinal) ? name.AsSpan(2) : name;
            if (rest.IsEmpty || rest.Contains('*'))
            {
                element.Error($"{element.Quoted()} is not a server name; write a.example or *.example");
            }

            names.Add(name);
        }

        return ValueList.From(names);
    }

    private static DownstreamTls? ReadTransportSocket(Message message)
    {
        if (message.Sub("transport_socket", "envoy.config.core.v3.TransportSocket") is not { } socket)
        {
            return null;
        }

        Message? config = AnyReader.OpenTypedConfig(socket);
        socket.End();
        switch (config?.TypeName)
        {
            case null:
                return null;
            case RawBuffer:
                config.End();
                return null;
            case TlsContextReader.Downstream:
                return TlsContextReader.ReadDownstream(config);
            default:
                AnyReader.Refuse(config, "transport socket");
                return null;
        }
    }

    private static NetworkFilter? ReadFilters(Message message)
    {
        List<Element> elements = message.Repeated("filters");
        NetworkFilter? terminal = null;
        foreach (Element element in elements)
        {
            Message holder = element.AsMessage(Package + "Filter");
            Message? config = AnyReader.OpenTypedConfig(holder);
            holder.End();
            if (config is null)
            {
                return null;
            }

            if (terminal is not null)
            {
                element.Error("stands after the filter that ends the chain");
            }

            terminal = ReadFilter(config) ?? terminal;
        }

        if (terminal is null && !message.Element.Context.HasErrors)
        {
            message.Element.Error("the chain has no filter that ends it: tcp_proxy or http_connection_manager");
        }

        return terminal;
    }

    private static NetworkFilter? ReadFilter(Message config)
    {
        switch (config.TypeName)
        {
            case Network + "tcp_proxy.v3.TcpProxy":
                return TcpProxyReader.Read(config);
            case Network + "http_connection_manager.v3.HttpConnectionManager":
                return HttpConnectionManagerReader.Read(config);
            case "envoy.tcp.metadataexchange.config.MetadataExchange":
                config.Element.Note("changes nothing: peers are not asked for their metadata");
                return null;
            default:
                AnyReader.Refuse(config, "network filter");
                return null;
        }
    }
}
