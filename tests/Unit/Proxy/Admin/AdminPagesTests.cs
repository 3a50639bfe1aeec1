using System;
using System.Text;
using FastMesh.Proxy.Admin;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy.Admin;

public sealed class AdminPagesTests
{
    private readonly ScriptedAdmin _source = new();

    [Theory]
    [InlineData("/drain_listeners")]
    [InlineData("/healthcheck/fail")]
    [InlineData("/logging?level=debug")]
    [InlineData("/quitquitquit")]
    public void Change_ByGet_IsRefusedAndDoesNothing(string target)
    {
        AdminReply reply = Ask("GET", target);
        Assert.Equal(405, reply.Status);
        Assert.Equal("POST", reply.Allow);
        Assert.Empty(_source.Calls);
        Assert.True(_source.Healthy);
        Assert.Equal("info", _source.LogLevel);
    }

    [Theory]
    [InlineData(0, 503, "INITIALIZING\n")]
    [InlineData(1, 200, "LIVE\n")]
    [InlineData(2, 503, "DRAINING\n")]
    public void Ready_InEachState_AnswersAsEnvoy(int state, int status, string body)
    {
        _source.State = (AdminState)state;
        AdminReply reply = Ask("GET", "/ready");
        Assert.Equal((status, body), (reply.Status, Body(reply)));
    }

    [Fact]
    public void Ready_AfterHealthcheckFail_SaysNoUntilOk()
    {
        Ask("POST", "/healthcheck/fail");
        Assert.Equal(503, Ask("GET", "/ready").Status);
        Ask("POST", "/healthcheck/ok");
        Assert.Equal(200, Ask("GET", "/ready").Status);
    }

    [Theory]
    [InlineData("/drain_listeners?graceful", "drain True")]
    [InlineData("/drain_listeners", "drain False")]
    [InlineData("/quitquitquit", "quit")]
    public void Change_ByPost_ReachesTheEngine(string target, string call)
    {
        Assert.Equal(200, Ask("POST", target).Status);
        Assert.Equal([call], _source.Calls);
    }

    [Fact]
    public void Logging_UnknownLevel_IsRefused()
    {
        Assert.Equal(400, Ask("POST", "/logging?level=loud").Status);
        Assert.Equal("level: debug\n", Body(Ask("POST", "/logging?level=debug")));
    }

    [Fact]
    public void Stats_FilterAndFormat_AreHandedOn()
    {
        Assert.Equal("Json ^http\\.", Body(Ask("GET", "/stats?format=json&filter=%5Ehttp%5C.")));
        Assert.Equal("Prometheus ", Body(Ask("GET", "/stats/prometheus")));
        Assert.Equal("Text  used", Body(Ask("GET", "/stats?usedonly")));
    }

    [Theory]
    [InlineData("/stats?filter=%28")]
    [InlineData("/stats?format=xml")]
    public void Stats_BadParameter_IsRefused(string target) => Assert.Equal(400, Ask("GET", target).Status);

    [Fact]
    public void Clusters_AsJson_HaveEnvoysShape()
    {
        string body = Body(Ask("GET", "/clusters?format=json"));
        Assert.Contains("\"cluster_statuses\"", body, StringComparison.Ordinal);
        Assert.Contains("\"port_value\": 8080", body, StringComparison.Ordinal);
        Assert.Contains("api::10.0.0.1:8080::rq_active::2\n", Body(Ask("GET", "/clusters")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/config_dump")]
    [InlineData("/listeners")]
    [InlineData("/listeners?format=json")]
    [InlineData("/routes?format=json")]
    [InlineData("/server_info")]
    [InlineData("/memory")]
    [InlineData("/help")]
    [InlineData("/")]
    public void Page_ByGet_Answers(string target)
    {
        AdminReply reply = Ask("GET", target);
        Assert.Equal(200, reply.Status);
        Assert.NotEmpty(reply.Body);
    }

    [Fact]
    public void UnknownPath_Is404() => Assert.Equal(404, Ask("GET", "/nope").Status);

    private AdminReply Ask(string method, string target) => new AdminPages(_source).Answer(method, target);

    private static string Body(AdminReply reply) => Encoding.UTF8.GetString(reply.Body);
}
