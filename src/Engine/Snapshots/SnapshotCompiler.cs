using System;
using System.Collections.Generic;
using System.Net;
using System.Text;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols.Http1;
using FastMesh.Tls;
using EscapedSlashesAction = FastMesh.Protocols.Http1.EscapedSlashesAction;

namespace FastMesh.Engine.Snapshots;

/// <summary>
/// Model to <see cref="Snapshot"/>. Clusters whose model did not change keep their runtime, and with it endpoints and
/// connections. Control thread only.
/// </summary>
internal sealed class SnapshotCompiler
{
    private readonly MetricsRegistry _metrics;
    private readonly AccessLogSinks _sinks;

    public SnapshotCompiler(MetricsRegistry metrics, AccessLogSinks sinks)
    {
        _metrics = metrics;
        _sinks = sinks;
    }

    /// <summary>Compiles the clusters, re-using those of the snapshot before.</summary>
    public Dictionary<string, ClusterRuntime> CompileClusters(
        MeshConfig config, Snapshot previous, List<ConfigProblem> problems)
    {
        var clusters = new Dictionary<string, ClusterRuntime>(config.Clusters.Count);
        for (int i = 0; i < config.Clusters.Count; i++)
        {
            Cluster model = config.Clusters[i];
            if (!CheckEndpoints(model, i, problems))
            {
                continue;
            }

            string statName = model.AltStatName.Length > 0 ? model.AltStatName : model.Name;
            ClusterStats[] stats = _metrics.Cluster(statName);
            Http2Stats[]? http2Stats =
                model.Protocol == UpstreamProtocol.Http1 ? null : _metrics.ClusterHttp2(statName);
            bool stays = previous.Clusters.TryGetValue(model.Name, out ClusterRuntime? runtime)
                && runtime.Model.Equals(model);
            if (!stays)
            {
                TlsContext? tls = model.Tls is null
                    ? null
                    : TlsCompiler.CompileClient(model.Tls, $"clusters[{i}]", problems);
                runtime = new ClusterRuntime(model, stats, http2Stats, tls);
            }

            if (!clusters.TryAdd(model.Name, runtime!))
            {
                problems.Add(new ConfigProblem($"clusters[{i}].name", $"\"{model.Name}\" is the name of two clusters"));
            }
        }

        return clusters;
    }

    /// <summary>Compiles a connection manager.</summary>
    /// <param name="settings">What was said.</param>
    /// <param name="listenerPort">For <c>strip_matching_host_port</c>.</param>
    /// <param name="clusters">Clusters of the same snapshot.</param>
    /// <param name="path">Where the settings stand.</param>
    /// <param name="problems">Takes what is wrong.</param>
    public HttpManager CompileManager(
        HttpConnectionManagerSettings settings,
        int listenerPort,
        Dictionary<string, ClusterRuntime> clusters,
        string path,
        List<ConfigProblem> problems)
    {
        RouteTable routes = RouteTable.Compile(
            settings.Routes, name => clusters.GetValueOrDefault(name), problems, path + ".route_config");
        return new HttpManager
        {
            Routes = routes,
            Limits = Http1LimitsOf(settings),
            Stats = _metrics.Http(settings.StatPrefix),
            LocalReplies = LocalReplies.Compile(settings.LocalReplies, path, problems),
            Http2Stats = _metrics.Http2(),
            Http2Limits = Http2LimitsCompiler.OfManager(settings),
            EndsConnectionOnMalformedMessage = !settings.Http2.StreamErrorOnMalformedMessage,
            KeepaliveIntervalMs = Milliseconds(settings.Http2.KeepaliveInterval),
            KeepaliveTimeoutMs = Milliseconds(settings.Http2.KeepaliveTimeout),
            KeepaliveJitterPercent = settings.Http2.KeepaliveJitterPercent,
            DrainTimeoutMs = Milliseconds(settings.DrainTimeout),
            AccessLogs = CompileLogs(settings.AccessLogs, path, problems),
            Paths = new PathNormalizer
            {
                NormalizePath = settings.NormalizePath,
                MergeSlashes = settings.MergeSlashes,
                EscapedSlashes = settings.EscapedSlashes switch
                {
                    Model.EscapedSlashesAction.RejectRequest => EscapedSlashesAction.Reject,
                    Model.EscapedSlashesAction.UnescapeAndRedirect => EscapedSlashesAction.UnescapeAndRedirect,
                    Model.EscapedSlashesAction.UnescapeAndForward => EscapedSlashesAction.UnescapeAndForward,
                    _ => EscapedSlashesAction.Keep,
                },
            },
            DetectsHttp2 = settings.Codec == HttpCodec.Auto,
            IsHttp2 = settings.Codec == HttpCodec.Http2,
            RequestHeadersTimeoutMs = Milliseconds(settings.RequestHeadersTimeout),
            RequestTimeoutMs = Milliseconds(settings.RequestTimeout),
            StreamIdleTimeoutMs = Milliseconds(settings.StreamIdleTimeout),
            IdleTimeoutMs = Milliseconds(settings.IdleTimeout),
            MaxConnectionDurationMs = Milliseconds(settings.MaxConnectionDuration),
            MaxStreamDurationMs = Milliseconds(settings.MaxStreamDuration),
            DelayedCloseTimeoutMs = Milliseconds(settings.DelayedCloseTimeout),
            MaxRequestsPerConnection = settings.MaxRequestsPerConnection,
            AcceptHttp10 = settings.AcceptHttp10,
            DefaultHostForHttp10 = Encoding.UTF8.GetBytes(settings.DefaultHostForHttp10),
            EnableTrailers = settings.EnableTrailers,
            ServerName = Encoding.UTF8.GetBytes(settings.ServerName),
            ServerField = (ServerField)(int)settings.ServerHeader,
            Via = Encoding.UTF8.GetBytes(settings.Via),
            UseRemoteAddress = settings.UseRemoteAddress,
            TrustedHops = settings.XffNumTrustedHops,
            SkipForwardedForAppend = settings.SkipXffAppend,
            AppendForwardedPort = settings.AppendXForwardedPort,
            ForwardClientCert = settings.ForwardClientCert,
            ClientCertDetails = settings.ClientCertDetails,
            ProperCaseWords = settings.ProperCaseWords,
            GenerateRequestId = settings.GenerateRequestId,
            PreserveExternalRequestId = settings.PreserveExternalRequestId,
            AlwaysSetRequestIdInResponse = settings.AlwaysSetRequestIdInResponse,
            StripAnyPort = settings.StripAnyHostPort,
            StripPort = settings.StripMatchingHostPort ? listenerPort : -1,
            StripTrailingHostDot = settings.StripTrailingHostDot,
            Proxy100Continue = settings.Proxy100Continue,
            SuppressEnvoyFields = settings.SuppressEnvoyHeaders,
            Upgrades = CompileUpgrades(settings.Upgrades),
        };
    }

    /// <summary>Compiles access logs.</summary>
    public AccessLog[] CompileLogs(ValueList<AccessLogSettings> logs, string path, List<ConfigProblem> problems)
    {
        var compiled = new List<AccessLog>();
        for (int i = 0; i < logs.Count; i++)
        {
            if (AccessLog.Compile(
                logs[i], _sinks, $"{path}.access_log[{i}]", problems, LocalReplies.CompileField) is { } log)
            {
                compiled.Add(log);
            }
        }

        return [.. compiled];
    }

    private static bool CheckEndpoints(Cluster model, int index, List<ConfigProblem> problems)
    {
        bool good = true;
        if (model.Protocol != UpstreamProtocol.Http1 && model.ProxyProtocol != ProxyProtocolVersion.None)
        {
            problems.Add(new ConfigProblem(
                $"clusters[{index}].transport_socket",
                "a PROXY header speaks for one client, and connections of HTTP/2 are shared by many; use HTTP/1"));
            good = false;
        }

        if (model.Tls is not null && model.ProxyProtocol != ProxyProtocolVersion.None)
        {
            problems.Add(new ConfigProblem(
                $"clusters[{index}].transport_socket", "a PROXY header before TLS is not supported yet"));
            good = false;
        }

        if (model.Type != ClusterType.Static)
        {
            return good;
        }

        for (int i = 0; i < model.Endpoints.Count; i++)
        {
            SocketTarget target = model.Endpoints[i].Target;
            if (target.Path is null && !IPAddress.TryParse(target.Host, out _))
            {
                problems.Add(new ConfigProblem(
                    $"clusters[{index}].load_assignment endpoint {i}",
                    $"\"{target.Host}\" is not an IP address; a STATIC cluster resolves no names, use STRICT_DNS"));
                good = false;
            }
        }

        return good;
    }

    private static (byte[] Type, bool Enabled)[] CompileUpgrades(ValueList<UpgradeRule> rules)
    {
        var compiled = new (byte[], bool)[rules.Count];
        for (int i = 0; i < compiled.Length; i++)
        {
            compiled[i] = (Encoding.UTF8.GetBytes(rules[i].Type), rules[i].Enabled);
        }

        return compiled;
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    private static Http1Limits Http1LimitsOf(HttpConnectionManagerSettings settings) => new()
    {
        HeadBytesMax = settings.MaxRequestHeadersKb * 1024,
        FieldsMax = settings.MaxHeadersCount,
        TargetBytesMax = Math.Min(settings.MaxRequestHeadersKb * 1024, 8 * 1024),
        Underscores = settings.HeadersWithUnderscores switch
        {
            UnderscoresAction.RejectRequest => UnderscoreAction.Reject,
            UnderscoresAction.DropField => UnderscoreAction.Drop,
            _ => UnderscoreAction.Allow,
        },
    };
}
