using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>Which HTTP a cluster speaks, in every place where it can be said.</summary>
public sealed class UpstreamProtocolTests
{
    private const string Options = "typed_extension_protocol_options: {http: {\"@type\": type.googleapis.com/"
        + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions, ";

    [Theory]
    [InlineData("", UpstreamProtocol.Http1)]
    [InlineData("http2_protocol_options: {}", UpstreamProtocol.Http2)]
    [InlineData(Options + "explicit_http_config: {http_protocol_options: {}}}}", UpstreamProtocol.Http1)]
    [InlineData(Options + "explicit_http_config: {http2_protocol_options: {}}}}", UpstreamProtocol.Http2)]
    [InlineData(Options + "use_downstream_protocol_config: {http2_protocol_options: {}}}}",
        UpstreamProtocol.UseDownstream)]
    public void Protocol_WhereverItIsSaid_IsRead(string field, UpstreamProtocol expected) =>
        Assert.Equal(expected, Read(field).Protocol);

    [Fact]
    public void Http2Options_OfAnExplicitConfig_AreRead()
    {
        Cluster cluster = Read(
            Options + "explicit_http_config: {http2_protocol_options: {max_concurrent_streams: 7, "
            + "connection_keepalive: {interval: 2s, timeout: 1s}}}}}");
        Assert.Equal(7, cluster.Http2.MaxConcurrentStreams);
        Assert.Equal(2, cluster.Http2.KeepaliveInterval.TotalSeconds);
        Assert.Equal(1, cluster.Http2.KeepaliveTimeout.TotalSeconds);
    }

    [Fact]
    public void AutoConfig_IsRefusedByName()
    {
        string error = Assert.Single(Yaml.Errors(Yaml.Cluster("name: a\n" + Options + "auto_config: {}}}")));
        Assert.Contains("auto_config", error, System.StringComparison.Ordinal);
        Assert.Contains("is not supported", error, System.StringComparison.Ordinal);
    }

    private static Cluster Read(string field) => Yaml.ReadGood(Yaml.Cluster("name: a\n" + field)).Config!.Clusters[0];
}
