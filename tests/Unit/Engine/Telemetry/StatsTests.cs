using FastMesh.Engine.Telemetry;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class StatsTests
{
    [Fact]
    public void Request_BeginAndEnd_LeavesNothingActive()
    {
        HttpStats http = new();
        ClusterStats cluster = new();
        http.BeginRequest();
        cluster.BeginRequest();
        Assert.Equal((1, 1), (http.DownstreamRqActive, cluster.UpstreamRqActive));
        http.EndRequest(Records.Forwarded());
        cluster.EndRequest(Records.Forwarded());
        Assert.Equal((0, 0), (http.DownstreamRqActive, cluster.UpstreamRqActive));
        Assert.Equal((1, 1), (http.Responses.Of2xx, cluster.Responses.Of2xx));
        Assert.Equal(1, http.DownstreamRqTime.Count);
    }

    [Fact]
    public void ClusterRequest_NeverSent_HasNoTime()
    {
        ClusterStats cluster = new();
        cluster.BeginRequest();
        cluster.EndRequest(new ExchangeRecord { EndUs = 9_000_000_000, ResponseCode = 503 });
        Assert.Equal(0, cluster.UpstreamRqTime.Count);
        Assert.Equal(1, cluster.Responses.Of5xx);
    }

    [Fact]
    public void Flags_OfARecord_CountWhereEnvoyDoes()
    {
        HttpStats http = new();
        ClusterStats cluster = new();
        http.EndRequest(new ExchangeRecord { ResponseCode = 404, Flags = ResponseFlags.NoRouteFound });
        http.EndRequest(new ExchangeRecord { ResponseCode = 400, Flags = ResponseFlags.DownstreamProtocolError });
        http.EndRequest(new ExchangeRecord
        {
            ResponseCode = 408, Flags = ResponseFlags.DownstreamProtocolError,
            ResponseCodeDetails = "request_header_timeout",
        });
        http.EndRequest(new ExchangeRecord { ResponseCode = 408, ResponseCodeDetails = "request_overall_timeout" });
        http.EndRequest(new ExchangeRecord { ResponseCode = 408, ResponseCodeDetails = "via_upstream" });
        cluster.EndRequest(new ExchangeRecord { ResponseCode = 504, Flags = ResponseFlags.UpstreamRequestTimeout });
        cluster.EndRequest(new ExchangeRecord
            { ResponseCode = 503, Flags = ResponseFlags.UpstreamConnectionTermination });
        Assert.Equal((1, 1, 1, 1), (http.NoRoute, http.DownstreamCxProtocolError, http.DownstreamRqHeaderTimeout,
            http.DownstreamRqTimeout));
        Assert.Equal((1, 1), (cluster.UpstreamRqTimeout, cluster.UpstreamRqRxReset));
    }
}
