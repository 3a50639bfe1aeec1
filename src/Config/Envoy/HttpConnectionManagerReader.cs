using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.</summary>
internal static class HttpConnectionManagerReader
{
    private const string Package = "envoy.extensions.filters.network.http_connection_manager.v3.";

    // One pooled block of the largest size holds a head.
    private const int RequestHeadersKbMax = 8192;

    /// <summary>Reads the settings.</summary>
    public static HttpConnectionManagerSettings Read(Message message)
    {
        bool suppressEnvoyHeaders = HttpFilterReader.ReadAll(message);
        ReadIgnored(message);
        var settings = new HttpConnectionManagerSettings
        {
            StatPrefix = message.RequiredText("stat_prefix"),
            Routes = ReadRoutes(message),
            Codec = message.Enum("codec_type", HttpCodec.Auto,
            [
                new("AUTO", 0, HttpCodec.Auto),
                new("HTTP1", 1, HttpCodec.Http1),
                new("HTTP2", 2, HttpCodec.Http2),
                new("HTTP3", 3, HttpCodec.Auto, IsSupported: false),
            ]),
            RequestHeadersTimeout = message.Duration(
                "request_headers_timeout", HttpConnectionManagerSettings.DefaultRequestHeadersTimeout),
            RequestTimeout = message.Duration("request_timeout", TimeSpan.Zero),
            StreamIdleTimeout = message.Duration("stream_idle_timeout", TimeSpan.FromMinutes(5)),
            DelayedCloseTimeout = message.Duration("delayed_close_timeout", TimeSpan.FromSeconds(1)),
            DrainTimeout = message.Duration("drain_timeout", TimeSpan.FromSeconds(5)),
            Http2 = Http2OptionsReader.Take(message, Http2ProtocolSettings.Default),
            MaxRequestHeadersKb = message.Count("max_request_headers_kb", 60, min: 1, max: RequestHeadersKbMax),
            SuppressEnvoyHeaders = suppressEnvoyHeaders,
            ServerName = message.Text("server_name", "envoy"),
            ServerHeader = message.Enum("server_header_transformation", ServerHeaderTransformation.Overwrite,
            [
                new("OVERWRITE", 0, ServerHeaderTransformation.Overwrite),
                new("APPEND_IF_ABSENT", 1, ServerHeaderTransformation.AppendIfAbsent),
                new("PASS_THROUGH", 2, ServerHeaderTransformation.PassThrough),
            ]),
            Via = message.Text("via"),
            Upgrades = message.Each("upgrade_configs", ReadUpgrade),
            LocalReplies = message.Take("local_reply_config") is { } replies
                ? LocalReplyReader.Read(replies)
                : LocalReplySettings.None,
            AccessLogs = message.Each("access_log", AccessLogReader.Read),
        };
        settings = ReadForwardingFields(message, settings);
        settings = ReadClientCertificate(message, settings);
        settings = ReadPathFields(message, settings);
        settings = ReadCommonOptions(message, settings);
        settings = ReadHttp1Options(message, settings);
        message.End();
        return message.Element.Context.Remember(settings, message.Element);
    }

    private static RouteConfiguration ReadRoutes(Message message)
    {
        if (message.OneOf(required: true, "route_config") is { } inline)
        {
            return RouteConfigurationReader.Read(inline.Value);
        }

        return new RouteConfiguration();
    }

    private static HttpConnectionManagerSettings ReadForwardingFields(
        Message message, HttpConnectionManagerSettings settings) => settings with
        {
            UseRemoteAddress = message.Flag("use_remote_address"),
            XffNumTrustedHops = message.Count("xff_num_trusted_hops", 0),
            SkipXffAppend = message.Flag("skip_xff_append"),
            AppendXForwardedPort = message.Flag("append_x_forwarded_port"),
            GenerateRequestId = message.Flag("generate_request_id", true),
            PreserveExternalRequestId = message.Flag("preserve_external_request_id"),
            AlwaysSetRequestIdInResponse = message.Flag("always_set_request_id_in_response"),
            Proxy100Continue = message.Flag("proxy_100_continue"),
        };

    private static HttpConnectionManagerSettings ReadClientCertificate(
        Message message, HttpConnectionManagerSettings settings)
    {
        settings = settings with
        {
            ForwardClientCert = message.Enum("forward_client_cert_details", ForwardClientCert.Sanitize,
            [
                new("SANITIZE", 0, ForwardClientCert.Sanitize),
                new("FORWARD_ONLY", 1, ForwardClientCert.ForwardOnly),
                new("APPEND_FORWARD", 2, ForwardClientCert.AppendForward),
                new("SANITIZE_SET", 3, ForwardClientCert.SanitizeSet),
                new("ALWAYS_FORWARD_ONLY", 4, ForwardClientCert.AlwaysForwardOnly),
            ]),
        };
        const string DetailsType = Package + "HttpConnectionManager.SetCurrentClientCertDetails";
        if (message.Sub("set_current_client_cert_details", DetailsType) is { } details)
        {
            settings = settings with
            {
                ClientCertDetails = new ClientCertDetails(
                    details.Flag("subject"),
                    details.Flag("cert"),
                    details.Flag("chain"),
                    details.Flag("dns"),
                    details.Flag("uri")),
            };
            details.End();
        }

        return settings;
    }

    private static HttpConnectionManagerSettings ReadPathFields(
        Message message, HttpConnectionManagerSettings settings)
    {
        EscapedSlashesAction slashes = message.Enum(
            "path_with_escaped_slashes_action", EscapedSlashesAction.KeepUnchanged,
            [
                new("IMPLEMENTATION_SPECIFIC_DEFAULT", 0, EscapedSlashesAction.KeepUnchanged),
                new("KEEP_UNCHANGED", 1, EscapedSlashesAction.KeepUnchanged),
                new("REJECT_REQUEST", 2, EscapedSlashesAction.RejectRequest),
                new("UNESCAPE_AND_REDIRECT", 3, EscapedSlashesAction.UnescapeAndRedirect),
                new("UNESCAPE_AND_FORWARD", 4, EscapedSlashesAction.UnescapeAndForward),
            ]);
        bool matching = message.Flag("strip_matching_host_port");
        Element? any = message.Take("strip_any_host_port");
        bool stripAny = any?.AsFlag() ?? false;
        if (matching && stripAny)
        {
            any!.Error("only one of strip_matching_host_port and strip_any_host_port may be given");
        }

        return settings with
        {
            NormalizePath = message.Flag("normalize_path"),
            MergeSlashes = message.Flag("merge_slashes"),
            EscapedSlashes = slashes,
            StripMatchingHostPort = matching,
            StripAnyHostPort = stripAny,
            StripTrailingHostDot = message.Flag("strip_trailing_host_dot"),
        };
    }

    private static HttpConnectionManagerSettings ReadCommonOptions(
        Message message, HttpConnectionManagerSettings settings)
    {
        if (message.Sub("common_http_protocol_options", "envoy.config.core.v3.HttpProtocolOptions") is not { } options)
        {
            return settings;
        }

        settings = settings with
        {
            IdleTimeout = options.Duration("idle_timeout", settings.IdleTimeout),
            MaxConnectionDuration = options.Duration("max_connection_duration", TimeSpan.Zero),
            MaxStreamDuration = options.Duration("max_stream_duration", TimeSpan.Zero),
            MaxHeadersCount = options.Count("max_headers_count", settings.MaxHeadersCount, min: 1),
            MaxRequestsPerConnection = options.Number("max_requests_per_connection", 0),
            HeadersWithUnderscores = options.Enum("headers_with_underscores_action", UnderscoresAction.Allow,
            [
                new("ALLOW", 0, UnderscoresAction.Allow),
                new("REJECT_REQUEST", 1, UnderscoresAction.RejectRequest),
                new("DROP_HEADER", 2, UnderscoresAction.DropField),
            ]),
        };
        options.End();
        return settings;
    }

    private static HttpConnectionManagerSettings ReadHttp1Options(
        Message message, HttpConnectionManagerSettings settings)
    {
        if (message.Sub("http_protocol_options", "envoy.config.core.v3.Http1ProtocolOptions") is not { } options)
        {
            return settings;
        }

        settings = settings with
        {
            AcceptHttp10 = options.Flag("accept_http_10"),
            DefaultHostForHttp10 = options.Text("default_host_for_http_10"),
            EnableTrailers = options.Flag("enable_trailers"),
        };
        options.Only("allow_absolute_url", true, "requests with an absolute URL cannot be refused; leave it out");
        settings = settings with { ProperCaseWords = Http1OptionsReader.ReadShared(options) };
        options.End();
        return settings;
    }

    private static UpgradeRule ReadUpgrade(Element element)
    {
        Message message = element.AsMessage(Package + "HttpConnectionManager.UpgradeConfig");
        var rule = new UpgradeRule(message.RequiredText("upgrade_type"), message.Flag("enabled", true));
        message.End();
        return rule;
    }

    private static void ReadIgnored(Message message)
    {
        message.Ignore("http3_protocol_options", "HTTP/3 is not spoken");
        ReadTracing(message);
        message.Ignore("access_log_options", "a log line is written when the exchange ends");
        if (message.Sub("request_id_extension", Package + "RequestIDExtension") is { } extension)
        {
            ReadRequestIdExtension(extension);
        }
    }

    // Istio always writes sampling rates; only a provider makes spans of them.
    private static void ReadTracing(Message message)
    {
        if (message.Take("tracing") is not { } tracing)
        {
            return;
        }

        if (tracing.Node.Members.Exists(static member => member.Name == "provider"))
        {
            tracing.Error("tracing providers are not supported");
        }
        else
        {
            tracing.Note("changes nothing: it names no provider, so there are no spans");
        }
    }

    private static void ReadRequestIdExtension(Message extension)
    {
        Message? config = extension.Take("typed_config") is { } any ? AnyReader.Open(any) : null;
        extension.End();
        if (config is null)
        {
            return;
        }

        if (config.TypeName != "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig")
        {
            AnyReader.Refuse(config, "request id extension");
            return;
        }

        config.Ignore("pack_trace_reason", "there is no tracing");
        config.Ignore("use_request_id_for_trace_sampling", "there is no tracing");
        config.End();
    }
}
