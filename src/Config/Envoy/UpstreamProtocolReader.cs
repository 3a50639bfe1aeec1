using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads what is spoken to the endpoints of a cluster: transport socket and HTTP options.</summary>
internal static class UpstreamProtocolReader
{
    private const string Core = "envoy.config.core.v3.";
    private const string Sockets = "envoy.extensions.transport_sockets.";
    private const string HttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    /// <summary>Takes the fields of a Cluster that say so.</summary>
    public static Cluster Read(Message message, Cluster cluster)
    {
        if (message.Take("transport_socket") is { } socket)
        {
            cluster = ReadSocket(socket, cluster, allowProxyProtocol: true);
        }

        // The deprecated places of the same options.
        if (message.Sub("common_http_protocol_options", Core + "HttpProtocolOptions") is { } common)
        {
            cluster = ReadCommon(common, cluster);
        }

        cluster = ReadHttp1(message, cluster);
        if (message.Sub("http2_protocol_options", Core + "Http2ProtocolOptions") is { } http2)
        {
            cluster = cluster with
            {
                Protocol = UpstreamProtocol.Http2,
                Http2 = Http2OptionsReader.Read(http2, Http2ProtocolSettings.UpstreamDefault),
            };
        }

        if (message.Take("typed_extension_protocol_options") is not { } extensions)
        {
            return cluster;
        }

        if (extensions.Node.Kind != NodeKind.Mapping)
        {
            extensions.Error($"{extensions.Quoted()} is not a mapping of names to options");
        }

        foreach (ConfigMember member in extensions.Node.Members)
        {
            Message? options = AnyReader.Open(extensions.Member(member));
            if (options?.TypeName == HttpOptions)
            {
                cluster = ReadHttpOptions(options, cluster);
            }
            else if (options is not null)
            {
                AnyReader.Refuse(options, "protocol option");
            }
        }

        return cluster;
    }

    private static Cluster ReadHttpOptions(Message options, Cluster cluster)
    {
        if (options.Sub("common_http_protocol_options", Core + "HttpProtocolOptions") is { } common)
        {
            cluster = ReadCommon(common, cluster);
        }

        switch (options.OneOf(required: true, "explicit_http_config", "use_downstream_protocol_config"))
        {
            case ("explicit_http_config", var element):
                cluster = ReadExplicit(element.AsMessage(HttpOptions + ".ExplicitHttpConfig"), cluster);
                break;
            case (_, var element):
                Message same = element.AsMessage(HttpOptions + ".UseDownstreamHttpConfig");
                cluster = ReadHttp1(same, cluster);
                same.Ignore("http3_protocol_options", "no client speaks HTTP/3 here");
                cluster = cluster with
                {
                    Protocol = UpstreamProtocol.UseDownstream,
                    Http2 = Http2OptionsReader.Take(same, Http2ProtocolSettings.UpstreamDefault),
                };
                same.End();
                break;
        }

        options.End();
        return cluster;
    }

    private static Cluster ReadExplicit(Message chosen, Cluster cluster)
    {
        switch (chosen.OneOf(required: true, "http_protocol_options", "http2_protocol_options"))
        {
            case ("http2_protocol_options", var element):
                Message options = element.AsMessage(Core + "Http2ProtocolOptions");
                cluster = cluster with
                {
                    Protocol = UpstreamProtocol.Http2,
                    Http2 = Http2OptionsReader.Read(options, Http2ProtocolSettings.UpstreamDefault),
                };
                break;
            case (_, var element):
                cluster = ReadHttp1Options(element.AsMessage(Core + "Http1ProtocolOptions"), cluster) with
                {
                    Protocol = UpstreamProtocol.Http1,
                };
                break;
        }

        chosen.End();
        return cluster;
    }

    private static Cluster ReadCommon(Message common, Cluster cluster)
    {
        cluster = cluster with
        {
            IdleTimeout = common.Duration("idle_timeout", TimeSpan.FromHours(1)),
            MaxHeadersCount = common.Count("max_headers_count", 100, min: 1),
            MaxRequestsPerConnection = common.Number("max_requests_per_connection", cluster.MaxRequestsPerConnection),
        };
        common.End();
        return cluster;
    }

    private static Cluster ReadHttp1(Message holder, Cluster cluster) =>
        holder.Sub("http_protocol_options", Core + "Http1ProtocolOptions") is { } options
            ? ReadHttp1Options(options, cluster)
            : cluster;

    private static Cluster ReadHttp1Options(Message options, Cluster cluster)
    {
        cluster = cluster with { ProperCaseWords = Http1OptionsReader.ReadShared(options) };
        options.Ignore("enable_trailers", "the connection manager decides about trailers");
        options.End();
        return cluster;
    }

    private static Cluster ReadSocket(Element element, Cluster cluster, bool allowProxyProtocol)
    {
        Message socket = element.AsMessage(Core + "TransportSocket");
        Message? config = AnyReader.OpenTypedConfig(socket);
        socket.End();
        switch (config?.TypeName)
        {
            case null:
                break;
            case Sockets + "raw_buffer.v3.RawBuffer":
                config.End();
                break;
            case Sockets + "proxy_protocol.v3.ProxyProtocolUpstreamTransport" when allowProxyProtocol:
                cluster = ReadProxyProtocol(config, cluster);
                break;
            case TlsContextReader.Upstream:
                cluster = cluster with { Tls = TlsContextReader.ReadUpstream(config) };
                break;
            default:
                AnyReader.Refuse(config, "transport socket");
                break;
        }

        return cluster;
    }

    private static Cluster ReadProxyProtocol(Message config, Cluster cluster)
    {
        ProxyProtocolVersion version = ProxyProtocolVersion.V1;
        if (config.Sub("config", Core + "ProxyProtocolConfig") is { } settings)
        {
            version = settings.Enum("version", ProxyProtocolVersion.V1,
                [new("V1", 0, ProxyProtocolVersion.V1), new("V2", 1, ProxyProtocolVersion.V2)]);
            settings.End();
        }

        if (config.Take("transport_socket") is { } inner)
        {
            cluster = ReadSocket(inner, cluster, allowProxyProtocol: false);
        }
        else
        {
            config.Element.Error("\"transport_socket\" is missing; envoy.transport_sockets.raw_buffer is one");
        }

        config.End();
        return cluster with { ProxyProtocol = version };
    }
}
