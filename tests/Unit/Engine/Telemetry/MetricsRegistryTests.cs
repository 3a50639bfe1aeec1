using System;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using FastMesh.Engine;
using FastMesh.Engine.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class MetricsRegistryTests
{
    private readonly MetricsRegistry _registry = new(2);

    [Fact]
    public void Text_TwoReactors_AreSummedAndSorted()
    {
        HttpStats[] http = _registry.Http("ingress");
        http[0].DownstreamRqTotal = 3;
        http[1].DownstreamRqTotal = 4;
        http[1].Responses.Count(503);
        _registry.Cluster("shop")[0].UpstreamCxActive = 2;
        string[] lines = _registry.Text().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("http.ingress.downstream_rq_total: 7", lines);
        Assert.Contains("http.ingress.downstream_rq_5xx: 1", lines);
        Assert.Contains("cluster.shop.upstream_cx_active: 2", lines);
        Assert.Contains("http.ingress.downstream_rq_time: No recorded values", lines);
        string[] names = Array.ConvertAll(lines, line => line[..line.IndexOf(": ", StringComparison.Ordinal)]);
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public void Subject_AskedForTwice_IsTheSame()
    {
        Assert.Same(_registry.Tcp("relay"), _registry.Tcp("relay"));
        Assert.NotSame(_registry.Tcp("relay"), _registry.Tcp("other"));
    }

    [Fact]
    public void Subject_WithColons_IsWrittenWithUnderscores()
    {
        _registry.Listener("[::1]:15006")[0].DownstreamCxTotal = 1;
        Assert.Contains("listener.[__1]_15006.downstream_cx_total: 1\n", _registry.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_FilterAndUsedOnly_LeaveOthersOut()
    {
        _registry.Http("a")[0].DownstreamRqTotal = 1;
        _registry.Http("b")[0].DownstreamRqTotal = 1;
        Assert.Equal("http.a.downstream_rq_total: 1\n", _registry.Text(new Regex(@"^http\.a\."), usedOnly: true));
    }

    [Fact]
    public void Text_Histogram_IsEnvoysQuantiles()
    {
        _registry.Cluster("c")[0].UpstreamRqTime.Record(4);
        Assert.Equal(
            "cluster.c.upstream_rq_time: P0(nan,4) P25(nan,4) P50(nan,4) P75(nan,4) P90(nan,4) P95(nan,4) P99(nan,4) "
            + "P99.5(nan,4) P99.9(nan,4) P100(nan,4)\n",
            _registry.Text(new Regex("rq_time"), usedOnly: true));
    }

    [Fact]
    public void Json_ValuesAndHistograms_AreEnvoysShape()
    {
        _registry.Cluster("c")[0].UpstreamRqTotal = 9;
        _registry.Cluster("c")[1].UpstreamRqTime.Record(4);
        using JsonDocument json = JsonDocument.Parse(_registry.Json(usedOnly: true));
        JsonElement[] stats = [.. json.RootElement.GetProperty("stats").EnumerateArray()];
        Assert.Equal("cluster.c.upstream_rq_total", stats[0].GetProperty("name").GetString());
        Assert.Equal(9, stats[0].GetProperty("value").GetInt64());
        JsonElement histograms = stats[^1].GetProperty("histograms");
        Assert.Equal(10, histograms.GetProperty("supported_quantiles").GetArrayLength());
        JsonElement computed = histograms.GetProperty("computed_quantiles")[0];
        Assert.Equal("cluster.c.upstream_rq_time", computed.GetProperty("name").GetString());
        Assert.Equal(4, computed.GetProperty("values")[2].GetProperty("cumulative").GetDouble());
    }

    [Fact]
    public void Prometheus_NamesAndTags_AreEnvoys()
    {
        HttpStats[] http = _registry.Http("ingress");
        http[0].Responses.Count(204);
        http[0].DownstreamRqTime.Record(7);
        _registry.Cluster("outbound|80||s")[0].UpstreamCxTotal = 5;
        _registry.Listener("0.0.0.0:80")[0].DownstreamCxActive = 6;
        _registry.Tcp("r")[0].DownstreamCxTotal = 8;
        _registry.AddProcess("server.uptime", StatKind.Gauge, () => 12);
        string[] lines = _registry.Prometheus(usedOnly: true).Split('\n');
        Assert.Contains(
            "envoy_http_downstream_rq_xx{envoy_response_code_class=\"2\",envoy_http_conn_manager_prefix=\"ingress\"} 1",
            lines);
        Assert.Contains("# TYPE envoy_cluster_upstream_cx_total counter", lines);
        Assert.Contains("envoy_cluster_upstream_cx_total{envoy_cluster_name=\"outbound|80||s\"} 5", lines);
        Assert.Contains("# TYPE envoy_listener_downstream_cx_active gauge", lines);
        Assert.Contains("envoy_listener_downstream_cx_active{envoy_listener_address=\"0.0.0.0_80\"} 6", lines);
        Assert.Contains("envoy_tcp_downstream_cx_total{envoy_tcp_prefix=\"r\"} 8", lines);
        Assert.Contains("envoy_server_uptime{} 12", lines);
        Assert.Contains("# TYPE envoy_http_downstream_rq_time histogram", lines);
        const string Prefix = "envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix=\"ingress\",le=";
        Assert.Contains(Prefix + "\"5\"} 0", lines);
        Assert.Contains(Prefix + "\"10\"} 1", lines);
        Assert.Contains(Prefix + "\"+Inf\"} 1", lines);
        Assert.Contains("envoy_http_downstream_rq_time_sum{envoy_http_conn_manager_prefix=\"ingress\"} 7", lines);
        Assert.Contains("envoy_http_downstream_rq_time_count{envoy_http_conn_manager_prefix=\"ingress\"} 1", lines);
    }

    [Fact]
    public void Prometheus_Families_StandTogether()
    {
        _registry.Cluster("a")[0].UpstreamRqTotal = 1;
        _registry.Cluster("b")[0].UpstreamRqTotal = 1;
        string[] types = _registry.Prometheus().Split('\n').Where(x => x.StartsWith('#')).ToArray();
        Assert.Equal(types.Distinct(), types);
    }

    [Fact]
    public void Prometheus_QuoteInSubject_IsEscaped()
    {
        _registry.Cluster("a\"b\\c")[0].UpstreamRqTotal = 1;
        Assert.Contains(
            "{envoy_cluster_name=\"a\\\"b\\\\c\"} 1", _registry.Prometheus(usedOnly: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Server_Status_IsReadOnScrape()
    {
        EngineStatus status = new(EngineState.Live, 3, "epoll", "", 2, 17, []);
        using AccessLogSinks sinks = new(1, NullLogger.Instance);
        ServerStats.Register(_registry, () => status, sinks);
        Assert.Contains("server.live: 1\n", _registry.Text(), StringComparison.Ordinal);
        status = status with { State = EngineState.Draining };
        string text = _registry.Text();
        Assert.Contains("server.live: 0\n", text, StringComparison.Ordinal);
        Assert.Contains("server.state: 1\n", text, StringComparison.Ordinal);
        Assert.Contains("server.total_connections: 17\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void EndNaming_SubjectThatIsNotNamedAgain_IsForgotten()
    {
        _registry.BeginNaming();
        _registry.Cluster("a:1")[0].UpstreamRqTotal = 1;
        _registry.Cluster("b")[0].UpstreamRqTotal = 1;
        _registry.Http("b")[0].DownstreamRqTotal = 1;
        _registry.EndNaming();
        _registry.BeginNaming();
        _registry.Cluster("a:1");
        _registry.Http("b");
        _registry.EndNaming();
        Assert.Equal(
            "cluster.a_1.upstream_rq_total: 1\nhttp.b.downstream_rq_total: 1\n", _registry.Text(usedOnly: true));
    }

    [Fact]
    public void UndoNaming_RefusedConfiguration_LeavesNothingAndTakesNothing()
    {
        _registry.BeginNaming();
        _registry.Cluster("a")[0].UpstreamRqTotal = 1;
        _registry.EndNaming();
        _registry.BeginNaming();
        _registry.Cluster("b")[0].UpstreamRqTotal = 1;
        _registry.UndoNaming();
        Assert.Equal("cluster.a.upstream_rq_total: 1\n", _registry.Text(usedOnly: true));
    }
}
