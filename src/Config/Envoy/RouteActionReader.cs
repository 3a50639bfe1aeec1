using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads what a route does.</summary>
internal static class RouteActionReader
{
    private const string Package = "envoy.config.route.v3.";

    /// <summary>Reads a RouteAction.</summary>
    public static ForwardAction ReadForward(Element element)
    {
        Message message = element.AsMessage(Package + "RouteAction");
        ForwardAction action = message.OneOf(required: true, "cluster", "cluster_header", "weighted_clusters") switch
        {
            ("cluster", var name) => new ForwardAction { Cluster = NonEmpty(name) },
            ("cluster_header", var field) => new ForwardAction { ClusterField = FieldNameOf(field) },
            (_, var weighted) => new ForwardAction { WeightedClusters = ReadWeighted(weighted) },
            null => new ForwardAction { Cluster = "" },
        };
        action = ReadRewrites(message, action);
        action = action with
        {
            ClusterNotFound = message.Enum("cluster_not_found_response_code", ClusterNotFoundStatus.ServiceUnavailable,
            [
                new("SERVICE_UNAVAILABLE", 0, ClusterNotFoundStatus.ServiceUnavailable),
                new("NOT_FOUND", 1, ClusterNotFoundStatus.NotFound),
                new("INTERNAL_SERVER_ERROR", 2, ClusterNotFoundStatus.InternalServerError),
            ]),
            Timeout = message.Duration("timeout", ForwardAction.DefaultTimeout),
            IdleTimeout = message.Duration("idle_timeout"),
            MaxGrpcTimeout = message.Duration("max_grpc_timeout"),
            GrpcTimeoutOffset = message.Duration("grpc_timeout_offset", TimeSpan.Zero),
            Retry = message.Take("retry_policy") is { } retry ? RetryPolicyReader.Read(retry) : null,
            Upgrades = message.Each("upgrade_configs", ReadUpgrade),
        };
        action = ReadMaxStreamDuration(message, action);
        message.Enum("priority", 0, [new("DEFAULT", 0, 0), new("HIGH", 1, 1, IsSupported: false)]);
        message.End();
        return element.Context.Remember(action, element);
    }

    /// <summary>Reads a RedirectAction.</summary>
    public static RedirectAction ReadRedirect(Element element)
    {
        Message message = element.AsMessage(Package + "RedirectAction");
        string? pathRedirect = null;
        string? prefixRewrite = null;
        RegexRewrite? rewrite = null;
        switch (message.OneOf(required: false, "path_redirect", "prefix_rewrite", "regex_rewrite"))
        {
            case ("path_redirect", var path):
                pathRedirect = path.AsText();
                break;
            case ("prefix_rewrite", var prefix):
                prefixRewrite = prefix.AsText();
                break;
            case (_, var regex):
                rewrite = FieldReader.ReadRewrite(regex);
                break;
        }

        (string Field, Element Value)? scheme = message.OneOf(required: false, "https_redirect", "scheme_redirect");
        var action = new RedirectAction
        {
            StatusCode = message.Enum("response_code", 301,
            [
                new("MOVED_PERMANENTLY", 0, 301),
                new("FOUND", 1, 302),
                new("SEE_OTHER", 2, 303),
                new("TEMPORARY_REDIRECT", 3, 307),
                new("PERMANENT_REDIRECT", 4, 308),
            ]),
            HttpsRedirect = scheme is ("https_redirect", var flag) && flag.AsFlag(),
            SchemeRedirect = scheme is ("scheme_redirect", var name) ? Optional(name.AsText()) : null,
            HostRedirect = Optional(message.Text("host_redirect")),
            PortRedirect = message.Count("port_redirect", 0, max: ushort.MaxValue),
            PathRedirect = Optional(pathRedirect),
            PrefixRewrite = Optional(prefixRewrite),
            PathRewrite = rewrite,
            StripQuery = message.Flag("strip_query"),
        };
        message.End();
        return action;
    }

    /// <summary>Reads a DirectResponseAction.</summary>
    public static DirectResponseAction ReadDirectResponse(Element element)
    {
        Message message = element.AsMessage(Package + "DirectResponseAction");
        Element? status = message.Take("status");
        if (status is null)
        {
            element.Error("\"status\" is missing");
        }

        byte[] body = message.Take("body") is { } data ? FieldReader.ReadData(data) : [];
        message.End();
        return new DirectResponseAction((int)(status?.AsInteger(200, 599, 200) ?? 200), body);
    }

    private static ForwardAction ReadRewrites(Message message, ForwardAction action)
    {
        if (message.OneOf(required: false, "prefix_rewrite", "regex_rewrite") is { } path)
        {
            action = path.Field == "prefix_rewrite"
                ? action with { PrefixRewrite = Optional(path.Value.AsText()) }
                : action with { PathRewrite = FieldReader.ReadRewrite(path.Value) };
        }

        (string Field, Element Value)? host = message.OneOf(
            required: false,
            "host_rewrite_literal",
            "auto_host_rewrite",
            "host_rewrite_header",
            "host_rewrite_path_regex");
        action = host switch
        {
            ("host_rewrite_literal", var text) => action with { HostRewriteLiteral = Optional(text.AsText()) },
            ("auto_host_rewrite", var flag) => action with { AutoHostRewrite = flag.AsFlag() },
            ("host_rewrite_header", var field) => action with { HostRewriteField = FieldNameOf(field) },
            (_, var regex) => action with { HostRewritePathRegex = FieldReader.ReadRewrite(regex) },
            null => action,
        };
        return action with { AppendForwardedHost = message.Flag("append_x_forwarded_host") };
    }

    private static ValueList<WeightedCluster> ReadWeighted(Element element)
    {
        Message message = element.AsMessage(Package + "WeightedCluster");
        ValueList<WeightedCluster> clusters = message.Each("clusters", ReadShare);
        message.Ignore("total_weight", "the sum of the weights is used");
        message.Ignore("runtime_key_prefix", "there is no runtime layer; the weights hold");
        message.End();
        ulong sum = 0;
        foreach (WeightedCluster cluster in clusters)
        {
            sum += cluster.Weight;
        }

        if (sum is 0 or > uint.MaxValue)
        {
            element.Error($"the weights sum up to {sum}; a sum from 1 to {uint.MaxValue} is needed");
        }

        return clusters;
    }

    private static WeightedCluster ReadShare(Element element)
    {
        Message message = element.AsMessage(Package + "WeightedCluster.ClusterWeight");
        (string Field, Element Value)? target = message.OneOf(required: true, "name", "cluster_header");
        var share = new WeightedCluster
        {
            Cluster = target is ("name", var name) ? NonEmpty(name) : "",
            ClusterField = target is ("cluster_header", var field) ? FieldNameOf(field) : null,
            Weight = message.Number("weight", 0),
            RequestFields = FieldReader.ReadMutation(message, "request"),
            ResponseFields = FieldReader.ReadMutation(message, "response"),
            HostRewriteLiteral = Optional(message.Text("host_rewrite_literal")),
        };
        message.End();
        return share;
    }

    private static ForwardAction ReadMaxStreamDuration(Message message, ForwardAction action)
    {
        if (message.Sub("max_stream_duration", Package + "RouteAction.MaxStreamDuration") is not { } durations)
        {
            return action;
        }

        action = action with
        {
            MaxStreamDuration = durations.Duration("max_stream_duration"),
            GrpcTimeoutHeaderMax = durations.Duration("grpc_timeout_header_max"),
            GrpcTimeoutHeaderOffset = durations.Duration("grpc_timeout_header_offset", TimeSpan.Zero),
        };
        durations.End();
        return action;
    }

    private static UpgradeRule ReadUpgrade(Element element)
    {
        Message message = element.AsMessage(Package + "RouteAction.UpgradeConfig");
        string type = message.RequiredText("upgrade_type");
        bool enabled = message.Flag("enabled", true);
        // connect_config is left to End, which refuses it by name: a CONNECT is forwarded, never ended here.
        message.End();
        return new UpgradeRule(type, enabled);
    }

    private static string NonEmpty(Element element)
    {
        string text = element.AsText();
        if (text.Length == 0 && element.Node.Kind == NodeKind.Scalar)
        {
            element.Error("must not be empty");
        }

        return text;
    }

    private static string FieldNameOf(Element element)
    {
        string name = element.AsText();
        FieldReader.CheckName(element, name, allowPseudo: true);
        return name;
    }

    private static string? Optional(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
