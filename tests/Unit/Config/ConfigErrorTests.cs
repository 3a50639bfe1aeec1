using FastMesh.Config;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>What an operator reads for each kind of mistake, to the letter.</summary>
public sealed class ConfigErrorTests
{
    private const string Tls = "transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/"
        + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, ";

    [Theory]
    [InlineData("connect_timeout: 5 s", "connect_timeout: \"5 s\" is not a duration; write 5s or 500ms")]
    [InlineData("connect_timeout: 5", "connect_timeout: \"5\" is not a duration; write 5s or 500ms")]
    [InlineData("connect_timeout: [5s]", "connect_timeout: a list is not a duration; write 5s or 500ms")]
    [InlineData("connect_timeout: -1s", "connect_timeout: \"-1s\" is negative; a duration is zero or more")]
    [InlineData("connect_timeout: 0s", "connect_timeout: must be more than zero")]
    [InlineData("max_requests_per_connection: many",
        "max_requests_per_connection: \"many\" is not a whole number from 0 to 4294967295")]
    [InlineData("max_requests_per_connection: -1",
        "max_requests_per_connection: \"-1\" is not a whole number from 0 to 4294967295")]
    [InlineData("common_lb_config: {healthy_panic_threshold: {value: 101}}",
        "common_lb_config.healthy_panic_threshold.value: \"101\" is not a number from 0 to 100")]
    [InlineData("upstream_bind_config: {freebind: yes}",
        "upstream_bind_config.freebind: \"yes\" is not a boolean; write true or false")]
    [InlineData("upstream_bind_config: {freebind: \"true\"}",
        "upstream_bind_config.freebind: \"true\" is not a boolean; write true or false")]
    [InlineData("alt_stat_name: {}", "alt_stat_name: a mapping is not a string")]
    [InlineData("circuit_breakers: 5",
        "circuit_breakers: \"5\" is not a mapping of fields of envoy.config.cluster.v3.CircuitBreakers")]
    [InlineData("filters: {}", "filters: a mapping is not a list")]
    [InlineData("filters: [~]", "filters[0]: the item is empty")]
    [InlineData("lb_policy: FASTEST",
        "lb_policy: \"FASTEST\" is none of ROUND_ROBIN, LEAST_REQUEST, RANDOM, CLUSTER_PROVIDED, "
        + "LOAD_BALANCING_POLICY_CONFIG")]
    [InlineData("lb_policy: MAGLEV",
        "lb_policy: MAGLEV is not supported; use ROUND_ROBIN, LEAST_REQUEST, RANDOM, CLUSTER_PROVIDED, "
        + "LOAD_BALANCING_POLICY_CONFIG")]
    [InlineData("type: EDS", "type: EDS is not supported; use STATIC, STRICT_DNS, LOGICAL_DNS, ORIGINAL_DST")]
    [InlineData("outlier_detection: {}",
        "outlier_detection: envoy.config.cluster.v3.Cluster.outlier_detection is not supported")]
    [InlineData("dnsJitter: 1s", "dns_jitter: envoy.config.cluster.v3.Cluster.dns_jitter is not supported")]
    [InlineData("conect_timeout: 5s",
        "conect_timeout: unknown field of envoy.config.cluster.v3.Cluster; did you mean connect_timeout?")]
    [InlineData("lbPolicies: 1",
        "lbPolicies: unknown field of envoy.config.cluster.v3.Cluster; did you mean lb_policy?")]
    [InlineData("speed: 1", "speed: unknown field of envoy.config.cluster.v3.Cluster")]
    [InlineData("upstream_bind_config: {source_address: {address: 127.1, port_value: 0}}",
        "upstream_bind_config.source_address.address: \"127.1\" is not an IP address")]
    [InlineData("upstream_bind_config: {source_address: {address: 127.0.0.1, protocol: UDP}}",
        "upstream_bind_config.source_address.protocol: UDP is not supported; use TCP")]
    [InlineData(Tls + "common_tls_context: {tls_certificate_sds_secret_configs: [{name: default}]}}}",
        "transport_socket.typed_config.common_tls_context.tls_certificate_sds_secret_configs[0]: secrets over SDS are "
        + "not supported yet; name the files or write the certificate here")]
    [InlineData(Tls + "common_tls_context: {validation_context: {}}}}",
        "transport_socket.typed_config.common_tls_context.validation_context: \"trusted_ca\" is missing; name the "
        + "certificates to trust, or system_root_certs: {}")]
    [InlineData(Tls + "common_tls_context: {tls_params: {tls_minimum_protocol_version: TLSv1_0}}}}",
        "transport_socket.typed_config.common_tls_context.tls_params.tls_minimum_protocol_version: \"TLSv1_0\" is none "
        + "of TLS_AUTO, TLSv1_2, TLSv1_3")]
    [InlineData(Tls + "auto_host_sni: true}}",
        "transport_socket.typed_config.auto_host_sni: the server name is that of \"sni\"")]
    [InlineData("transport_socket: {name: tls}", "transport_socket: \"typed_config\" is missing")]
    [InlineData("transport_socket: {name: tls, typed_config: {sni: a}}",
        "transport_socket.typed_config: \"@type\" is missing; write type.googleapis.com/ and the full name of the "
        + "message")]
    [InlineData("transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/x.Tls}}",
        "transport_socket.typed_config: transport socket x.Tls is not supported")]
    [InlineData("load_assignment: {endpoints: [{lb_endpoints: [{}]}]}",
        "load_assignment.endpoints[0].lb_endpoints[0]: \"endpoint\" is missing")]
    [InlineData("load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {}}}]}]}",
        "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address: one of socket_address, pipe is missing")]
    [InlineData("load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {envoy_internal_address: {}}}}]}]}",
        "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.envoy_internal_address: "
        + "envoy.config.core.v3.Address.envoy_internal_address is not supported")]
    public void Field_OfACluster_IsRefusedWithText(string field, string expected)
    {
        string error = Assert.Single(Yaml.Errors(Yaml.Cluster("name: a\n" + field)));
        Assert.Equal("static_resources.clusters[0]." + expected, error[(error.IndexOf(' ') + 1)..]);
    }

    [Theory]
    [InlineData("match: {prefix: /}\nroute: {cluster: b}",
        "route.cluster: there is no cluster \"b\"; there is a")]
    [InlineData("match: {prefix: /}\nroute: {weighted_clusters: {clusters: [{name: b, weight: 1}]}}",
        "route.weighted_clusters.clusters[0].name: there is no cluster \"b\"; there is a")]
    [InlineData("match: {prefix: /}\nroute: {weighted_clusters: {clusters: [{name: a}]}}",
        "route.weighted_clusters: the weights sum up to 0; a sum from 1 to 4294967295 is needed")]
    [InlineData("match: {prefix: /, path: /}\nroute: {cluster: a}",
        "match.path: only one of prefix and path may be given")]
    [InlineData("match: {}\nroute: {cluster: a}",
        "match: one of prefix, path, path_separated_prefix, safe_regex, connect_matcher is missing")]
    [InlineData("match: {prefix: /}",
        ": one of route, redirect, direct_response, non_forwarding_action is missing")]
    [InlineData("match: {path_separated_prefix: /a/}\nroute: {cluster: a}",
        "match.path_separated_prefix: \"/a/\" must begin with / and not end with it, and hold no ? or #")]
    [InlineData("match: {safe_regex: {regex: a}}\nroute: {cluster: a, prefix_rewrite: /b}",
        "route.prefix_rewrite: needs a match by prefix, path or path_separated_prefix; use regex_rewrite")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a, hedge_policy: {}}",
        "route.hedge_policy: envoy.config.route.v3.RouteAction.hedge_policy is not supported")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a, retry_policy: {retriable_headers: [{name: b}]}}",
        "route.retry_policy.retriable_headers: envoy.config.route.v3.RetryPolicy.retriable_headers is not supported")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a, retry_policy: {retry_back_off: {base_interval: 0s}}}",
        "route.retry_policy.retry_back_off.base_interval: must be more than zero")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a, retry_policy: {retry_on: \"5xx,sometimes\"}}",
        "route.retry_policy.retry_on: \"sometimes\" is not supported; use 5xx, gateway-error, reset, "
        + "reset-before-request, connect-failure, refused-stream, retriable-4xx, retriable-status-codes, "
        + "envoy-ratelimited, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable, "
        + "http3-post-connect-failure")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a}\nrequest_headers_to_remove: [host]",
        "request_headers_to_remove[0]: \"host\" cannot be removed; a request always has it")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a}\nrequest_headers_to_add: [{header: {key: a b, value: c}}]",
        "request_headers_to_add[0].header.key: \"a b\" is not a field name")]
    [InlineData("match: {prefix: /}\nroute: {cluster: a}\n"
        + "request_headers_to_add: [{header: {key: a, value: \"c\\n\"}}]",
        "request_headers_to_add[0].header.value: a field value has no line breaks and no zero")]
    [InlineData("match: {prefix: /}\ndirect_response: {status: 99}",
        "direct_response.status: \"99\" is not a whole number from 200 to 599")]
    public void Field_OfARoute_IsRefusedWithText(string lines, string expected)
    {
        string error = Assert.Single(Yaml.Errors(Yaml.Route(lines)));
        string path = error[(error.IndexOf(' ') + 1)..];
        string prefix = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config."
            + "virtual_hosts[0].routes[0]" + (expected.StartsWith(':') ? "" : ".");
        Assert.Equal(prefix + expected, path);
    }

    [Fact]
    public void Problems_OfAFile_AreAllReportedWithTheirPlaces()
    {
        Assert.Equal(
            [
                "envoy.yaml:6:7 static_resources.clusters[0].connect_timeout: \"soon\" is not a duration; write 5s or "
                + "500ms",
                "envoy.yaml:7:5 static_resources.clusters[1]: \"name\" is missing",
                "envoy.yaml:7:5 static_resources.clusters[1].nam: unknown field of envoy.config.cluster.v3.Cluster; "
                + "did you mean name?",
                "envoy.yaml:1:1 sttic: unknown field of envoy.config.bootstrap.v3.Bootstrap",
            ],
            Yaml.Errors("""
                sttic: 1
                static_resources:
                  clusters:
                  - name: a
                    connect_timeout:
                      soon
                  - nam: b
                """));
    }

    [Theory]
    [InlineData("", "envoy.yaml:1:1 the file is empty")]
    [InlineData("a: [", "envoy.yaml:2:1 not YAML: ")]
    [InlineData("[]", "envoy.yaml:1:1 a list is not a mapping of fields of envoy.config.bootstrap.v3.Bootstrap")]
    [InlineData("dynamic_resources: {ads_config: {}}",
        "envoy.yaml:1:20 dynamic_resources: is not supported: xDS arrives with the xDS loader; use static_resources")]
    [InlineData("static_resources: {secrets: [{}]}", "envoy.yaml:1:20 static_resources.secrets: "
        + "envoy.config.bootstrap.v3.Bootstrap.StaticResources.secrets is not supported")]
    [InlineData("node: {id: a, id: b}", "envoy.yaml:1:15 \"id\" is given twice")]
    [InlineData("staticResources: {}\nstatic_resources: {}",
        "envoy.yaml:2:19 static_resources: is given twice, in both spellings")]
    public void File_ThatCannotBe_IsRefusedWithText(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Yaml.Errors(text)));

    [Fact]
    public void File_ThatIsNotUtf8_IsRefused()
    {
        ConfigReading reading = EnvoyConfigReader.Load("envoy.yaml", [(byte)'a', 0xff]);
        Assert.Equal("not UTF-8: byte 1 is no character", Assert.Single(reading.Errors).Text);
    }
}
