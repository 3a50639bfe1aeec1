using System.Linq;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>The predicates that leave a listener filter out.</summary>
public sealed class PortPredicateTests
{
    [Theory]
    [InlineData("{destination_port_range: {start: 80, end: 82}}", "80-81")]
    [InlineData("{any_match: true}", "0-65535")]
    [InlineData("{not_match: {destination_port_range: {start: 0, end: 80}}}", "80-65535")]
    [InlineData(
        "{or_match: {rules: [{destination_port_range: {start: 1, end: 2}}, "
        + "{destination_port_range: {start: 2, end: 3}}, {destination_port_range: {start: 9, end: 10}}]}}",
        "1-2 9-9")]
    [InlineData(
        "{and_match: {rules: [{destination_port_range: {start: 1, end: 9}}, "
        + "{not_match: {destination_port_range: {start: 3, end: 5}}}]}}",
        "1-2 5-8")]
    public void FilterDisabled_AnyPredicate_IsASetOfPorts(string predicate, string ports)
    {
        Listener listener = Assert.Single(Yaml.ReadGood(Bootstrap(predicate)).Config!.Listeners);
        ListenerFilter filter = Assert.Single(listener.ListenerFilters);
        Assert.Equal(ports, string.Join(' ', filter.DisabledPorts.Select(range => $"{range.First}-{range.Last}")));
    }

    [Fact]
    public void FilterDisabled_SetOfOneRule_IsAnError()
    {
        string[] errors = Yaml.Errors(Bootstrap("{or_match: {rules: [{any_match: true}]}}"));
        Assert.Contains("rules must be at least two", Assert.Single(errors), System.StringComparison.Ordinal);
    }

    private static string Bootstrap(string predicate) => Yaml.Listener($$"""
        address:
          socket_address: {address: 127.0.0.1, port_value: 80}
        listener_filters:
        - name: http
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector
          filter_disabled: {{predicate}}
        filter_chains:
        - filters:
          - name: tcp
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
              stat_prefix: t
              cluster: a
        """);
}
