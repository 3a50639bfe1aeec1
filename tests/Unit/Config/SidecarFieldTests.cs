using System;
using FastMesh.Config;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>Fields that a sidecar's configuration uses: what the model says after reading them.</summary>
public sealed class SidecarFieldTests
{
    [Fact]
    public void RetryPolicy_OfARoute_IsReadWhole()
    {
        ForwardAction action = Action("""
            retry_policy:
                    retry_on: connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes
                    num_retries: 2
                    per_try_timeout: 0.25s
                    retriable_status_codes: [503, 429]
                    host_selection_retry_max_attempts: "5"
                    retry_back_off: {base_interval: 0.1s}
                    retry_host_predicate:
                    - name: envoy.retry_host_predicates.previous_hosts
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
            """);
        Assert.Equal(
            new RetryPolicy
            {
                Conditions = RetryConditions.ConnectFailure | RetryConditions.RefusedStream
                    | RetryConditions.GrpcUnavailable | RetryConditions.GrpcCancelled
                    | RetryConditions.RetriableStatusCodes,
                NumRetries = 2,
                PerTryTimeout = TimeSpan.FromMilliseconds(250),
                StatusCodes = [503, 429],
                HostSelectionAttempts = 5,
                AvoidPreviousHosts = true,
                BackOffBase = TimeSpan.FromMilliseconds(100),
                BackOffMax = TimeSpan.FromSeconds(1),
            },
            action.Retry);
    }

    [Fact]
    public void GrpcTimeouts_OfARoute_AreRead()
    {
        ForwardAction action = Action(
            "max_grpc_timeout: 0s\n    max_stream_duration: {max_stream_duration: 0s, grpc_timeout_header_max: 2s}");
        Assert.Equal(TimeSpan.Zero, action.MaxGrpcTimeout);
        Assert.Equal(TimeSpan.Zero, action.MaxStreamDuration);
        Assert.Equal(TimeSpan.FromSeconds(2), action.GrpcTimeoutHeaderMax);
    }

    [Theory]
    [InlineData("SANITIZE", ForwardClientCert.Sanitize)]
    [InlineData("FORWARD_ONLY", ForwardClientCert.ForwardOnly)]
    [InlineData("APPEND_FORWARD", ForwardClientCert.AppendForward)]
    [InlineData("SANITIZE_SET", ForwardClientCert.SanitizeSet)]
    [InlineData("ALWAYS_FORWARD_ONLY", ForwardClientCert.AlwaysForwardOnly)]
    public void ForwardClientCertDetails_AreRead(string name, ForwardClientCert expected)
    {
        HttpConnectionManagerSettings settings = Manager(
            $"forward_client_cert_details: {name}\n"
            + "set_current_client_cert_details: {subject: true, dns: true, uri: true}");
        Assert.Equal(expected, settings.ForwardClientCert);
        Assert.Equal(new ClientCertDetails(true, false, false, true, true), settings.ClientCertDetails);
    }

    [Fact]
    public void LocalReplyConfig_IsRead()
    {
        HttpConnectionManagerSettings settings = Manager("""
            local_reply_config:
              mappers:
              - filter:
                  and_filter:
                    filters:
                    - status_code_filter: {comparison: {op: GE, value: {default_value: 500, runtime_key: a}}}
                    - header_filter: {header: {name: x-a, present_match: true}}
                status_code: 502
                body: {inline_string: sorry}
                headers_to_add: [{header: {key: x-b, value: c}, append_action: ADD_IF_ABSENT}]
                body_format_override: {json_format: {a: "%RESPONSE_CODE%"}, content_type: text/json}
              body_format: {text_format: "%LOCAL_REPLY_BODY%!"}
            """);
        LocalReplyMapper mapper = Assert.Single(settings.LocalReplies.Mappers);
        Assert.Equal(
            new AndLogFilter(
            [
                new StatusCodeLogFilter(ComparisonOperator.GreaterOrEqual, 500),
                new FieldLogFilter(new FieldMatcher { Name = "x-a" }),
            ]),
            mapper.Filter);
        Assert.Equal(502u, mapper.StatusCode);
        Assert.Equal(ValueList.From("sorry"u8.ToArray()), mapper.Body);
        Assert.Equal(new FieldAddition("x-b", "c", FieldAppendAction.AddIfAbsent), Assert.Single(mapper.Fields.Add));
        Assert.Equal("text/json", mapper.BodyFormat!.ContentType);
        Assert.Equal("%LOCAL_REPLY_BODY%!", settings.LocalReplies.BodyFormat!.Text);
    }

    [Fact]
    public void ProperCaseWords_OnEitherSide_AreRead()
    {
        Assert.True(Manager("http_protocol_options: {header_key_format: {proper_case_words: {}}}").ProperCaseWords);
        Assert.True(Cluster("http_protocol_options: {header_key_format: {proper_case_words: {}}}").ProperCaseWords);
    }

    [Fact]
    public void LocalityWeights_AreRead()
    {
        Cluster cluster = Cluster("""
            common_lb_config: {locality_weighted_lb_config: {}}
                circuit_breakers: {thresholds: [{track_remaining: true}]}
                load_assignment:
                  endpoints:
                  - locality: {region: r, zone: z, sub_zone: s}
                    load_balancing_weight: 7
                    lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 1}}}}]
            """);
        Assert.True(cluster.LocalityWeighted);
        Assert.True(cluster.CircuitBreaker.TrackRemaining);
        Assert.Equal(new Locality("r", "z", "s", 7), Assert.Single(cluster.Endpoints).Locality);
    }

    private static Cluster Cluster(string lines) =>
        Assert.Single(Yaml.ReadGood(Yaml.Cluster("name: a\n" + lines.Replace("\n    ", "\n"))).Config!.Clusters);

    private static ForwardAction Action(string lines) => (ForwardAction)Settings(
        Yaml.Route("match: {prefix: /}\nroute:\n    cluster: a\n    " + lines)).Routes.VirtualHosts[0].Routes[0].Action;

    private static HttpConnectionManagerSettings Manager(string lines) => Settings(
        Yaml.Route("match: {prefix: /}\nroute: {cluster: a}").Replace(
            "      stat_prefix: in\n", "      stat_prefix: in\n          " + lines.Replace("\n", "\n          ") + "\n",
            StringComparison.Ordinal));

    private static HttpConnectionManagerSettings Settings(string text)
    {
        ConfigReading reading = Yaml.ReadGood(text);
        return (HttpConnectionManagerSettings)reading.Config!.Listeners[0].FilterChains[0].Filter;
    }
}
