using System;
using System.Linq;
using FastMesh.Config;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

public sealed class EnvoyConfigReaderTests
{
    [Fact]
    public void Bootstrap_OfEnvoysDocuments_BecomesTheModel()
    {
        MeshConfig config = Yaml.ReadGood(Bootstraps.EnvoyStyle).Config!;
        Assert.Equal(new SocketTarget("127.0.0.1", 9901), config.Admin);
        Listener listener = Assert.Single(config.Listeners);
        Assert.Equal(("listener_0", new SocketTarget("127.0.0.1", 10000)), (listener.Name, listener.Address));
        var manager = Assert.IsType<HttpConnectionManagerSettings>(Assert.Single(listener.FilterChains).Filter);
        Assert.Equal("ingress_http", manager.StatPrefix);
        VirtualHost host = Assert.Single(manager.Routes.VirtualHosts);
        var forward = Assert.IsType<ForwardAction>(Assert.Single(host.Routes).Action);
        Assert.Equal(("some_service", TimeSpan.FromSeconds(15)), (forward.Cluster, forward.Timeout));
        Cluster cluster = Assert.Single(config.Clusters);
        Assert.Equal(TimeSpan.FromMilliseconds(250), cluster.ConnectTimeout);
        Assert.Equal(new Endpoint(new SocketTarget("127.0.0.1", 1234)), Assert.Single(cluster.Endpoints));
    }

    [Fact]
    public void Bootstrap_OfASidecarInCamelCase_BecomesTheModel()
    {
        ConfigReading reading = Yaml.ReadGood(Bootstraps.SidecarStyle);
        Listener outbound = reading.Config!.Listeners[0];
        Assert.True(outbound.UseOriginalDestination);
        Assert.IsType<OriginalDestinationFilter>(Assert.Single(outbound.ListenerFilters));
        Assert.Equal("PassthroughCluster", ((TcpProxySettings)outbound.DefaultFilterChain!.Filter).Clusters[0].Cluster);
        Listener service = reading.Config.Listeners[1];
        Assert.False(service.BindToPort);
        Assert.Equal(TimeSpan.Zero, service.ListenerFiltersTimeout);
        Assert.Equal("raw_buffer", service.FilterChains[0].Match.TransportProtocol);
        var manager = (HttpConnectionManagerSettings)service.FilterChains[0].Filter;
        Assert.True(manager.NormalizePath && manager.Proxy100Continue && !manager.Routes.ValidateClusters);
        Assert.Equal(new UpgradeRule("websocket"), Assert.Single(manager.Upgrades));
        Cluster passthrough = reading.Config.Clusters[0];
        Assert.Equal(ClusterType.OriginalDestination, passthrough.Type);
        Assert.Equal("127.0.0.6", Assert.Single(passthrough.BindAddresses).Host);
        Assert.Equal(uint.MaxValue, passthrough.CircuitBreaker.MaxConnections);
        Cluster named = reading.Config.Clusters[1];
        Assert.Equal((LoadBalancing.LeastRequest, TimeSpan.FromMinutes(1)), (named.LoadBalancing, named.IdleTimeout));
        Assert.Equal(3u, named.Endpoints[0].Weight);
    }

    [Fact]
    public void Bootstrap_ReadTwice_HasEqualParts()
    {
        MeshConfig first = Yaml.ReadGood(Bootstraps.SidecarStyle).Config!;
        MeshConfig second = Yaml.ReadGood(Bootstraps.SidecarStyle).Config!;
        Assert.Equal(first, second);
        Assert.NotSame(first.Clusters[0], second.Clusters[0]);
    }

    [Fact]
    public void Json_OfTheSameContent_IsTheSameConfig()
    {
        const string Json = """
            {"static_resources": {"clusters": [{"name": "a", "connectTimeout": "1.5s", "type": 1,
             "load_assignment": {"endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address":
             {"address": "a.example", "port_value": 80}}}}]}]}}]}}
            """;
        Assert.Equal(Yaml.ReadGood(Json, "a.yaml").Config, Yaml.ReadGood(Json, "a.json").Config);
    }

    [Fact]
    public void Notes_OfFieldsThatChangeNothing_NameThem()
    {
        ConfigReading reading = Yaml.ReadGood(
            "layered_runtime: {layers: [{static_layer: {a: 1}}]}\n" + Yaml.Cluster("name: a\nmetadata: {}"));
        Assert.Equal(
            [
                "envoy.yaml:5:15 note: static_resources.clusters[0].metadata: changes nothing: nothing here reads "
                + "metadata of a cluster",
                "envoy.yaml:1:47 note: layered_runtime.layers[0].static_layer.a: changes nothing: there is no runtime "
                + "layer; defaults hold",
            ],
            reading.Notes.Select(static note => note.ToString()));
    }

    [Fact]
    public void Runtime_WithConnectionLimit_LimitsTheListener()
    {
        const string Runtime = """

            layered_runtime:
              layers:
              - static_layer:
                  envoy.resource_limits: {listener: {listener_0: {connection_limit: 5}}}
              - {name: admin, admin_layer: {}}
            """;
        ConfigReading reading = Yaml.ReadGood(Bootstraps.EnvoyStyle + Runtime);
        Assert.Equal(5, reading.Config!.Listeners[0].ConnectionLimit);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(", suppress_envoy_headers: true", true)]
    public void Router_SuppressEnvoyHeaders_BelongsToItsManager(string field, bool expected)
    {
        const string Router = "router.v3.Router";
        MeshConfig config = Yaml.ReadGood(Yaml.Route("{match: {prefix: /}, route: {cluster: a}}")
            .Replace(Router + "}", Router + field + "}", StringComparison.Ordinal)).Config!;
        var manager = (HttpConnectionManagerSettings)config.Listeners[0].FilterChains[0].Filter;
        Assert.Equal(expected, manager.SuppressEnvoyHeaders);
    }

    [Fact]
    public void MergeKey_InClusters_GivesEachTheSharedFields()
    {
        MeshConfig config = Yaml.ReadGood("""
            static_resources:
              clusters:
              - &base {name: a, connect_timeout: 2s, lb_policy: RANDOM}
              - {<<: *base, name: b}
            """).Config!;
        Assert.Equal(config.Clusters[0] with { Name = "b" }, config.Clusters[1]);
    }

    [Theory]
    [InlineData("prefix: /a", PathMatchKind.Prefix, "/a")]
    [InlineData("path: /a", PathMatchKind.Exact, "/a")]
    [InlineData("path_separated_prefix: /a", PathMatchKind.SegmentPrefix, "/a")]
    [InlineData("safe_regex: {google_re2: {}, regex: /a.*}", PathMatchKind.Regex, "/a.*")]
    [InlineData("connect_matcher: {}", PathMatchKind.Connect, "/")]
    public void RouteMatch_OfEachPathKind_IsRead(string match, PathMatchKind kind, string path)
    {
        RouteMatch read = ReadRoute($"match: {{{match}}}\nroute: {{cluster: a}}").Match;
        Assert.Equal((kind, path), (read.PathKind, read.Path));
    }

    [Fact]
    public void RouteMatch_WithAllCriteria_IsRead()
    {
        RouteMatch match = ReadRoute("""
            match:
              prefix: /
              case_sensitive: false
              grpc: {}
              runtime_fraction: {default_value: {numerator: 5, denominator: TEN_THOUSAND}}
              headers:
              - {name: a}
              - {name: b, present_match: false}
              - {name: c, string_match: {suffix: x, ignore_case: true}, invert_match: true}
              - {name: d, range_match: {start: -1, end: "10"}, treat_missing_header_as_empty: true}
              - {name: e, exact_match: v}
              query_parameters:
              - {name: q}
              - {name: r, string_match: {contains: z}}
            route: {cluster: a}
            """).Match;
        Assert.True(match is { CaseSensitive: false, Grpc: true });
        Assert.Equal(new RuntimeFraction(5, 10_000), match.Fraction);
        Assert.Equal(
            [
                new FieldMatcher { Name = "a" },
                new FieldMatcher { Name = "b", Present = false },
                new FieldMatcher
                {
                    Name = "c",
                    Kind = FieldMatchKind.Value,
                    Value = new StringMatcher(StringMatchKind.Suffix, "x", true),
                    Invert = true,
                },
                new FieldMatcher
                {
                    Name = "d",
                    Kind = FieldMatchKind.Range,
                    RangeStart = -1,
                    RangeEnd = 10,
                    TreatMissingAsEmpty = true,
                },
                new FieldMatcher
                {
                    Name = "e",
                    Kind = FieldMatchKind.Value,
                    Value = new StringMatcher(StringMatchKind.Exact, "v"),
                },
            ],
            match.Fields);
        Assert.Equal(
            [
                new QueryParameterMatcher { Name = "q" },
                new QueryParameterMatcher { Name = "r", Value = new StringMatcher(StringMatchKind.Contains, "z") },
            ],
            match.QueryParameters);
    }

    [Fact]
    public void Redirect_WithAllFields_IsRead()
    {
        Route route = ReadRoute("""
            match: {prefix: /}
            redirect: {host_redirect: b.example, regex_rewrite: {pattern: {regex: "^/a"}, substitution: /b},
              response_code: PERMANENT_REDIRECT, https_redirect: true, strip_query: true, port_redirect: 8443}
            """);
        Assert.Equal(
            new RedirectAction
            {
                HostRedirect = "b.example",
                PathRewrite = new RegexRewrite("^/a", "/b"),
                StatusCode = 308,
                HttpsRedirect = true,
                StripQuery = true,
                PortRedirect = 8443,
            },
            route.Action);
    }

    [Fact]
    public void DirectResponse_WithInlineBody_IsRead()
    {
        var reply = (DirectResponseAction)ReadRoute(
            "match: {prefix: /}\ndirect_response: {status: 204, body: {inline_bytes: aGk=}}").Action;
        Assert.Equal((204, "hi"), (reply.StatusCode, System.Text.Encoding.UTF8.GetString(reply.Body.Span)));
    }

    [Fact]
    public void FieldChanges_OfARoute_AreRead()
    {
        Route route = ReadRoute("""
            match: {prefix: /}
            route: {weighted_clusters: {clusters: [{name: a, weight: 1, request_headers_to_remove: [z]}]}}
            request_headers_to_add:
            - {header: {key: x-a, value: "%PROTOCOL%"}, append_action: ADD_IF_ABSENT, keep_empty_value: true}
            - {header: {key: x-b, value: b}, append: false}
            response_headers_to_remove: [server]
            """);
        Assert.Equal(
            [
                new FieldAddition("x-a", "%PROTOCOL%", FieldAppendAction.AddIfAbsent, true),
                new FieldAddition("x-b", "b", FieldAppendAction.OverwriteIfExistsOrAdd),
            ],
            route.RequestFields.Add);
        Assert.Equal(["server"], route.ResponseFields.Remove);
        Assert.Equal(["z"], ((ForwardAction)route.Action).WeightedClusters[0].RequestFields.Remove);
    }

    [Fact]
    public void AccessLog_InEachForm_IsRead()
    {
        Listener listener = Yaml.ReadGood(Yaml.Listener("""
            address: {pipe: {path: /tmp/x, mode: 384}}
            access_log:
            - name: file
              filter: {or_filter: {filters: [
                {status_code_filter: {comparison: {op: GE, value: {default_value: 500, runtime_key: k}}}},
                {response_flag_filter: {flags: [NR]}}]}}
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                path: /var/log/a
                log_format: {json_format: {status: "%RESPONSE_CODE%", deep: {a: b}}, omit_empty_values: true}
            - name: out
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                log_format: {text_format_source: {inline_string: "%PROTOCOL%\n"}}
            - name: dev
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                path: /dev/stderr
            default_filter_chain:
              filters:
              - name: tcp
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                  stat_prefix: t
                  cluster: a
            """)).Config!.Listeners[0];
        Assert.Equal(new SocketTarget("", 0, "/tmp/x") { Mode = 384 }, listener.Address);
        Assert.Equal(
            [
                new AccessLogSettings
                {
                    Sink = AccessLogSinkKind.File,
                    Path = "/var/log/a",
                    Json =
                    [
                        new JsonLogMember("status", "%RESPONSE_CODE%", []),
                        new JsonLogMember("deep", null, [new JsonLogMember("a", "b", [])]),
                    ],
                    OmitEmptyValues = true,
                    Filter = new OrLogFilter(
                    [
                        new StatusCodeLogFilter(ComparisonOperator.GreaterOrEqual, 500),
                        new ResponseFlagLogFilter(["NR"]),
                    ]),
                },
                new AccessLogSettings { TextFormat = "%PROTOCOL%\n" },
                new AccessLogSettings { Sink = AccessLogSinkKind.StandardError },
            ],
            listener.AccessLogs);
    }

    [Fact]
    public void Cluster_WithAllFields_IsRead()
    {
        Cluster cluster = Yaml.ReadGood(Yaml.Cluster("""
            name: a
            type: STATIC
            per_connection_buffer_limit_bytes: 4096
            max_requests_per_connection: 7
            dns_lookup_family: V4_ONLY
            dns_refresh_rate: 60s
            load_balancing_policy: {policies: [
              {typed_extension_config: {name: x, typed_config: {"@type": type.googleapis.com/x.Unknown}}},
              {typed_extension_config: {name: l, typed_config: {"@type":
                type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest,
                choice_count: 4}}}]}
            common_lb_config: {healthy_panic_threshold: {value: 0}}
            upstream_connection_options: {tcp_keepalive: {keepalive_probes: 3, keepalive_time: 30}}
            transport_socket:
              name: proxy
              typed_config:
                "@type":
                 type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
                config: {version: V2}
                transport_socket: {name: raw, typed_config: {"@type":
                  type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
            load_assignment: {endpoints: [{lb_endpoints: [
              {endpoint: {address: {socket_address: {address: "::1", port_value: 1}}, hostname: h},
                health_status: DRAINING}]},
              {priority: 1, lb_endpoints: [{endpoint: {address: {pipe: {path: /tmp/s}}}}]}]}
            """)).Config!.Clusters[0];
        Assert.Equal(
            new Cluster
            {
                Name = "a",
                PerConnectionBufferLimitBytes = 4096,
                MaxRequestsPerConnection = 7,
                DnsLookupFamily = DnsLookupFamily.V4Only,
                DnsRefreshRate = TimeSpan.FromMinutes(1),
                LoadBalancing = LoadBalancing.LeastRequest,
                LeastRequestChoices = 4,
                HealthyPanicThresholdPercent = 0,
                TcpKeepalive = new TcpKeepalive(3, 30, null),
                ProxyProtocol = ProxyProtocolVersion.V2,
                Endpoints =
                [
                    new Endpoint(new SocketTarget("::1", 1), Health: HealthStatus.Draining) { HostName = "h" },
                    new Endpoint(new SocketTarget("", 0, "/tmp/s"), Priority: 1),
                ],
            },
            cluster);
    }

    private static Route ReadRoute(string lines)
    {
        Listener listener = Yaml.ReadGood(Yaml.Route(lines)).Config!.Listeners[0];
        return ((HttpConnectionManagerSettings)listener.FilterChains[0].Filter).Routes.VirtualHosts[0].Routes[0];
    }
}
