using System;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>What the proxy answers itself, and what it makes of an upstream that misbehaves.</summary>
public sealed class HttpAnswersTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400")]
    [InlineData("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505")]
    [InlineData("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "426")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "400")]
    [InlineData("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "4")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", "417")]
    [InlineData("POST /counted/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "400")]
    public void MalformedRequest_IsAnsweredAndReachesNoUpstream(string request, string status)
    {
        var world = new SimulatedHttpWorld(1);
        string answer = world.Exchange(request);
        Assert.StartsWith("HTTP/1.1 " + status, answer, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Upstream.Requests, static received => received.IsWhole);
    }

    [Fact]
    public void Pipeline_ErrorInTheMiddle_AnswersBeforeItFirst()
    {
        var world = new SimulatedHttpWorld(1);
        string answer = world.Exchange("GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nBad Header\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        int body = answer.IndexOf("abc", StringComparison.Ordinal);
        Assert.True(answer.IndexOf("HTTP/1.1 400", StringComparison.Ordinal) > body && body > 0, answer);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    public void BrokenResponse_IsABadGateway(string response)
    {
        var world = new SimulatedHttpWorld(1);
        world.Upstream.RawResponse = response;
        string answer = world.Exchange("GET /raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void InterimResponsesWithoutEnd_AreBounded()
    {
        var world = new SimulatedHttpWorld(1);
        world.Upstream.RawResponse = string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 40));
        string answer = world.Exchange("GET /raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.Contains("HTTP/1.1 502", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void CutResponse_IsCutForTheClientToo()
    {
        var world = new SimulatedHttpWorld(1);
        PeerResponse? response = world.Run(OneAsync(world, "GET /cut/500 HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.False(response!.IsWhole);
    }

    [Fact]
    public void UpstreamThatNeverAnswers_TimesOutWith504()
    {
        var world = new SimulatedHttpWorld(1, route: static action => action with { Timeout = TimeSpan.FromSeconds(2) });
        PeerResponse? response = world.Run(OneAsync(world, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal(504, response!.Status);
        Assert.Equal("upstream request timeout", response.Body);
    }

    [Fact]
    public void HeadThatNeverEnds_TimesOutWith408()
    {
        var world = new SimulatedHttpWorld(1);
        string answer = world.Exchange("GET / HTTP/1.1\r\nHost:");
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void BodyThatStalls_TimesOutWith408()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { RequestTimeout = TimeSpan.FromSeconds(3) });
        string answer = world.Exchange("POST /counted/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort");
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Upstream.Requests, static request => request.IsWhole);
    }

    [Fact]
    public void IdleConnection_ClosesSilently()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { IdleTimeout = TimeSpan.FromSeconds(5) });
        Assert.Equal("", world.Exchange(""));
    }

    [Fact]
    public void ExpectContinue_IsAnsweredHereAndTheBodyFollows()
    {
        var world = new SimulatedHttpWorld(1);
        string answer = world.Exchange(
            "POST /counted/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nxyz");
        Assert.StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("xyz", world.Upstream.Requests.Single().Body);
        Assert.DoesNotContain("expect", world.Upstream.Requests[0].Head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void ForwardedRequest_IsCanonicalWithoutHopByHopFields()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { UseRemoteAddress = true, NormalizePath = true });
        world.Exchange(
            "GET http://Example.test/a/../counted/1?q HTTP/1.1\r\nHost: example.test\r\nConnection: close, X-Mine\r\n"
            + "X-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Keep: Yes\r\nX-Envoy-Internal: true\r\n\r\n");
        string head = world.Upstream.Requests.Single().Head;
        Assert.StartsWith("GET /counted/1?q HTTP/1.1\r\nhost: Example.test\r\n", head, StringComparison.Ordinal);
        Assert.Contains("X-Keep: Yes\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-forwarded-proto: http\r\n", head, StringComparison.Ordinal);
        Assert.Contains("x-request-id: ", head, StringComparison.Ordinal);
        Assert.Contains("x-forwarded-for: ", head, StringComparison.Ordinal);
        foreach (string gone in (string[])["X-Mine", "Keep-Alive", "Connection", "X-Envoy-Internal"])
        {
            Assert.DoesNotContain("\r\n" + gone + ":", head, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void UpgradeThatTheUpstreamDeclines_WhatFollowsIsNotARequest()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { Upgrades = [new UpgradeRule("websocket")] });
        world.Upstream.RawResponse = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        string answer = world.Exchange(
            "GET /raw HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            + "GET /counted/7 HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("connection: close", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Single(world.Upstream.Requests);
    }

    [Fact]
    public void WebSocketUpgrade_PassesBytesBothWaysWhereAllowed()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { Upgrades = [new UpgradeRule("websocket")] });
        world.Upstream.RawResponse =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello from upstream";
        const string Request = "GET /raw HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        string answer = world.Exchange(Request, endAfterwards: true);
        Assert.StartsWith("HTTP/1.1 101", answer, StringComparison.Ordinal);
        Assert.EndsWith("hello from upstream", answer, StringComparison.Ordinal);

        var refusing = new SimulatedHttpWorld(1);
        Assert.StartsWith("HTTP/1.1 403", refusing.Exchange(
            Request.Replace("Connection: Upgrade", "Connection: Upgrade, close", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Empty(refusing.Upstream.Requests);
    }

    private static async Task<PeerResponse?> OneAsync(SimulatedHttpWorld world, string request)
    {
        HttpPeer peer = await world.ConnectAsync();
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }
}
