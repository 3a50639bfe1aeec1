using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using FastMesh.Engine.Clusters;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>Checks and compiles what routes do.</summary>
internal sealed class ActionCompiler
{
    private readonly RouteConfiguration _table;
    private readonly ClusterNames _clusters;
    private readonly List<ConfigProblem> _problems;

    /// <summary>Takes the table and where its clusters are found.</summary>
    public ActionCompiler(RouteConfiguration table, ClusterNames clusters, List<ConfigProblem> problems)
    {
        _table = table;
        _clusters = clusters;
        _problems = problems;
    }

    /// <summary>Compiles one route.</summary>
    public RouteEntry Compile(
        Route route, VirtualHost host, FieldMutations request, FieldMutations response, string path)
    {
        switch (route.Action)
        {
            case ForwardAction forward:
                return Forward(route, host, forward, request, response, path);
            case RedirectAction redirect:
                return new RouteEntry
                {
                    Name = route.Name,
                    VirtualHostName = host.Name,
                    Kind = RouteKind.Redirect,
                    Redirect = Redirect(redirect, route.Match, path + ".redirect"),
                    ResponseMutations = response,
                };
            case DirectResponseAction direct:
                CheckDirect(direct, path + ".direct_response");
                return Direct(route, host, direct.StatusCode, direct.Body, response);
            default:
                return Direct(route, host, 404, default, response);
        }
    }

    private static RouteEntry Direct(
        Route route, VirtualHost host, int status, ReadOnlyMemory<byte> body, FieldMutations response) => new()
        {
            Name = route.Name,
            VirtualHostName = host.Name,
            Kind = RouteKind.Direct,
            DirectStatus = status,
            DirectBody = body,
            ResponseMutations = response,
        };

    private RouteEntry Forward(
        Route route,
        VirtualHost host,
        ForwardAction action,
        FieldMutations request,
        FieldMutations response,
        string path)
    {
        string place = path + ".route";
        (byte[] Type, bool Enabled)[] upgrades = new (byte[] Type, bool Enabled)[action.Upgrades.Count];
        for (int i = 0; i < upgrades.Length; i++)
        {
            upgrades[i] = (Encoding.UTF8.GetBytes(action.Upgrades[i].Type), action.Upgrades[i].Enabled);
        }

        return new RouteEntry
        {
            Name = route.Name,
            VirtualHostName = host.Name,
            Kind = RouteKind.Forward,
            TimeoutMs = Milliseconds(action.Timeout),
            IdleTimeoutMs = action.IdleTimeout is { } idle ? Milliseconds(idle) : null,
            MaxStreamDurationMs = action.MaxStreamDuration is { } duration ? Milliseconds(duration) : null,
            Grpc = Grpc(action),
            Retry = (action.Retry ?? host.Retry) is { } retry
                ? new RetryRules(
                    retry,
                    route.RequestBufferLimitBytes ?? host.RequestBufferLimitBytes ?? RetryRules.DefaultBufferBytes)
                : null,
            ClusterNotFoundStatus = action.ClusterNotFound switch
            {
                ClusterNotFoundStatus.NotFound => 404,
                ClusterNotFoundStatus.InternalServerError => 500,
                _ => 503,
            },
            AutoHostRewrite = action.AutoHostRewrite,
            IncludeRequestAttemptCount = host.IncludeRequestAttemptCount,
            IncludeAttemptCountInResponse = host.IncludeAttemptCountInResponse,
            RequestMutations = request,
            ResponseMutations = response,
            Clusters = Choice(action, place),
            Rewrite = Rewrite(action, route.Match, place),
            Upgrades = upgrades,
        };
    }

    private static GrpcTimeouts? Grpc(ForwardAction action) =>
        action.MaxGrpcTimeout is null && action.GrpcTimeoutHeaderMax is null ? null : new GrpcTimeouts
        {
            MaxMs = action.MaxGrpcTimeout is { } longest ? Milliseconds(longest) : null,
            OffsetMs = Milliseconds(action.GrpcTimeoutOffset),
            HeaderMaxMs = action.GrpcTimeoutHeaderMax is { } stream ? Milliseconds(stream) : null,
            HeaderOffsetMs = Milliseconds(action.GrpcTimeoutHeaderOffset),
        };

    /// <summary>Whole milliseconds, rounded up: a limit above zero never turns into none.</summary>
    private static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);

    private ClusterChoice Choice(ForwardAction action, string path)
    {
        int given = (action.Cluster is null ? 0 : 1)
            + (action.ClusterField is null ? 0 : 1)
            + (action.WeightedClusters.Count == 0 ? 0 : 1);
        if (given != 1)
        {
            _problems.Add(new ConfigProblem(path, "needs exactly one of cluster, cluster_header, weighted_clusters"));
            return ClusterChoice.None;
        }

        return new ClusterChoice
        {
            Names = _clusters,
            Single = action.Cluster is null ? null : Cluster(action.Cluster, path + ".cluster"),
            ClusterField = Bytes(action.ClusterField),
            Shares = Shares(action.WeightedClusters, path + ".weighted_clusters"),
        };
    }

    private RouteShare[] Shares(IReadOnlyList<WeightedCluster> clusters, string path)
    {
        RouteShare[] shares = new RouteShare[clusters.Count];
        ulong total = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            WeightedCluster model = clusters[i];
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}.clusters[{i}]");
            if (model.Cluster.Length == 0 == model.ClusterField is null)
            {
                _problems.Add(new ConfigProblem(place, "needs exactly one of name and cluster_header"));
            }

            total += model.Weight;
            shares[i] = new RouteShare
            {
                WeightsUpTo = total,
                Cluster = model.Cluster.Length == 0 ? null : Cluster(model.Cluster, place + ".name"),
                ClusterField = Bytes(model.ClusterField),
                RequestMutations = Level(FieldMutationCompiler.Compile(
                    model.RequestFields, place, "request", _problems)),
                ResponseMutations = Level(FieldMutationCompiler.Compile(
                    model.ResponseFields, place, "response", _problems)),
                HostRewrite = Authority(model.HostRewriteLiteral, place + ".host_rewrite_literal"),
            };
        }

        if (shares.Length > 0 && total is 0 or > uint.MaxValue)
        {
            _problems.Add(new ConfigProblem(path, "the sum of the weights must be 1 to 4294967295"));
            return [];
        }

        return shares;
    }

    private static FieldMutations Level(FieldMutationLevel? level) =>
        level is null ? FieldMutations.None : new FieldMutations([level]);

    private ClusterRuntime? Cluster(string name, string path)
    {
        ClusterRuntime? cluster = _clusters.Find(name);
        if (cluster is null && _table.ValidateClusters)
        {
            _problems.Add(new ConfigProblem(path, $"there is no cluster \"{name}\""));
        }

        return cluster;
    }

    private RequestRewrite Rewrite(ForwardAction action, RouteMatch match, string path)
    {
        int hosts = (string.IsNullOrEmpty(action.HostRewriteLiteral) ? 0 : 1)
            + (action.AutoHostRewrite ? 1 : 0)
            + (string.IsNullOrEmpty(action.HostRewriteField) ? 0 : 1)
            + (action.HostRewritePathRegex is null ? 0 : 1);
        if (hosts > 1)
        {
            _problems.Add(new ConfigProblem(path, "has more than one host rewrite"));
        }

        return new RequestRewrite
        {
            Path = PathOf(action.PrefixRewrite, action.PathRewrite, match, path),
            Host = Authority(action.HostRewriteLiteral, path + ".host_rewrite_literal"),
            HostField = Bytes(action.HostRewriteField),
            HostFromPath = action.HostRewritePathRegex is { } rewrite
                ? Text(rewrite, path + ".host_rewrite_path_regex")
                : null,
            AppendForwardedHost = action.AppendForwardedHost,
        };
    }

    private PathRewrite? PathOf(string? prefix, RegexRewrite? regex, RouteMatch match, string path)
    {
        if (!string.IsNullOrEmpty(prefix) && regex is not null)
        {
            _problems.Add(new ConfigProblem(path, "has both prefix_rewrite and regex_rewrite"));
        }

        if (!string.IsNullOrEmpty(prefix))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(prefix);
            CheckVisible(bytes, path + ".prefix_rewrite");
            return PathRewrite.OfPrefix(match.PathKind, Encoding.UTF8.GetByteCount(match.Path), bytes);
        }

        return regex is not null && Text(regex, path + ".regex_rewrite") is { } text ? PathRewrite.OfText(text) : null;
    }

    private TextRewrite? Text(RegexRewrite model, string path)
    {
        CheckVisible(Encoding.UTF8.GetBytes(model.Substitution), path + ".substitution");
        if (!TextRewrite.TryCompile(model, out TextRewrite? text, out string problem))
        {
            _problems.Add(new ConfigProblem(path, problem));
        }

        return text;
    }

    private RedirectTarget Redirect(RedirectAction action, RouteMatch match, string path)
    {
        if (action.StatusCode is not (301 or 302 or 303 or 307 or 308))
        {
            _problems.Add(new ConfigProblem(
                path + ".response_code",
                string.Create(
                    CultureInfo.InvariantCulture, $"is {action.StatusCode}; 301, 302, 303, 307 or 308 expected")));
        }

        if (action.PortRedirect is < 0 or > ushort.MaxValue)
        {
            _problems.Add(new ConfigProblem(path + ".port_redirect", "is not a port"));
        }

        if (action.HttpsRedirect && !string.IsNullOrEmpty(action.SchemeRedirect))
        {
            _problems.Add(new ConfigProblem(path, "has both https_redirect and scheme_redirect"));
        }

        byte[] whole = Bytes(action.PathRedirect);
        CheckVisible(whole, path + ".path_redirect");
        return new RedirectTarget
        {
            Status = action.StatusCode,
            Scheme = action.HttpsRedirect
                ? "https"u8.ToArray()
                : Authority(action.SchemeRedirect, path + ".scheme_redirect"),
            Host = Authority(action.HostRedirect, path + ".host_redirect"),
            Port = action.PortRedirect,
            Path = whole.Length > 0 && whole[0] != '/' ? [(byte)'/', .. whole] : whole,
            Rewrite = PathOf(action.PrefixRewrite, action.PathRewrite, match, path),
            StripQuery = action.StripQuery,
        };
    }

    private void CheckDirect(DirectResponseAction direct, string path)
    {
        if (direct.StatusCode is < 200 or > 599)
        {
            _problems.Add(new ConfigProblem(
                path + ".status",
                string.Create(CultureInfo.InvariantCulture, $"is {direct.StatusCode}; 200 to 599 expected")));
        }

        if (direct.Body.Length > _table.MaxDirectResponseBodyBytes)
        {
            _problems.Add(new ConfigProblem(
                path + ".body",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {direct.Body.Length} bytes; max_direct_response_body_size_bytes allows "
                        + $"{_table.MaxDirectResponseBodyBytes}")));
        }
    }

    private byte[] Authority(string? text, string path)
    {
        byte[] bytes = Bytes(text);
        CheckVisible(bytes, path);
        return bytes;
    }

    /// <summary>What goes into a request line or Host may hold neither blanks nor control characters.</summary>
    private void CheckVisible(byte[] bytes, string path)
    {
        foreach (byte b in bytes)
        {
            if (b is <= 0x20 or 0x7F)
            {
                _problems.Add(new ConfigProblem(path, "has a blank or control character"));
                return;
            }
        }
    }

    private static byte[] Bytes(string? text) => string.IsNullOrEmpty(text) ? [] : Encoding.UTF8.GetBytes(text);
}
