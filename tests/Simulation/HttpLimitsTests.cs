using System;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>Slow clients, connects that are refused, and what the proxy believes of the fields it gets.</summary>
public sealed class HttpLimitsTests
{
    private const string Get = "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public void SilentConnection_IsClosedTenSecondsAfterItsAccept()
    {
        var world = new SimulatedHttpWorld(1);
        Task<string> script = SilentAsync(world, "");
        Assert.False(world.Network.RunUntil(() => script.IsCompleted, 9_500));
        Assert.Equal("", world.Run(script, timeMaxMs: 1_000));
        Assert.Equal(1, world.Stats.DownstreamCxIdleTimeout);
    }

    [Fact]
    public void ConnectionThatHasServed_RestsForTheIdleTime()
    {
        var world = new SimulatedHttpWorld(1);
        Task<string> script = SilentAsync(world, Get);
        Assert.False(world.Network.RunUntil(() => script.IsCompleted, 3_500_000));
        Assert.EndsWith("abc", world.Run(script, timeMaxMs: 200_000), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "408")]
    [InlineData(300, "200")]
    public void CountedBody_HasALeastPace(int bytesPerSecond, string status)
    {
        var world = new SimulatedHttpWorld(1);
        Task<string> script = DripAsync(world, "Content-Length: 9000\r\n", bytesPerSecond, 9000);
        Assert.StartsWith("HTTP/1.1 " + status, world.Run(script), StringComparison.Ordinal);
    }

    [Fact]
    public void CountedBody_NothingComes_EndsAfterTheGrace()
    {
        var world = new SimulatedHttpWorld(1);
        Task<string> script = DripAsync(world, "Content-Length: 9000\r\n", 0, 1);
        Assert.False(world.Network.RunUntil(() => script.IsCompleted, 4_900));
        Assert.StartsWith("HTTP/1.1 408", world.Run(script, timeMaxMs: 300), StringComparison.Ordinal);
        Assert.Equal(0, world.Stats.DownstreamRqActive);
    }

    [Fact]
    public void ChunkedBody_MayRest()
    {
        var world = new SimulatedHttpWorld(1);
        Task<string> script = DripAsync(world, "Transfer-Encoding: chunked\r\n", 0, 1);
        Assert.False(world.Network.RunUntil(() => script.IsCompleted, 290_000));
        Assert.StartsWith("HTTP/1.1 408", world.Run(script, timeMaxMs: 11_000), StringComparison.Ordinal);
    }

    [Fact]
    public void BodyThatTheUpstreamDoesNotTake_IsNotTheClientsSlowness()
    {
        var world = new SimulatedHttpWorld(
            1, route: static action => action with { Timeout = TimeSpan.Zero },
            options: new FastMesh.Engine.Transport.SimulationOptions { SocketBufferBytes = 2000 });
        world.Upstream.StopsReading = true;
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync(
            "POST /counted/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + new string('x', 3_000_000));
        Assert.True(world.Network.RunUntil(() => world.Stats.DownstreamRqActive == 1, 1_000));
        Assert.False(world.Network.RunUntil(() => world.Stats.DownstreamRqActive == 0, 60_000));
    }

    [Fact]
    public void RefusedConnect_IsTriedOnceMoreWhereThereIsNoOtherEndpoint()
    {
        var world = new SimulatedHttpWorld(
            1, cluster: static model => model with { Endpoints = [new Endpoint(new SocketTarget("10.0.0.9", 1))] });
        string answer = world.Exchange("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503", answer, StringComparison.Ordinal);
        Assert.Equal(2, world.ClusterStats.UpstreamCxConnectFail);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetry);
    }

    [Fact]
    public void FieldsOfTheMesh_FromOutside_AreAllRemoved()
    {
        var world = new SimulatedHttpWorld(1, configure: static settings => settings with { UseRemoteAddress = true });
        world.Exchange(
            "GET /counted/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Envoy-Retriable-Status-Codes: 200\r\n"
            + "x-envoy-force-trace: 1\r\nX-ENVOY-UPSTREAM-ALT-STAT-NAME: x\r\n"
            + "x-envoy-hedge-on-per-try-timeout: true\r\n"
            + "x-envoy-attempt-count: 9\r\nx-envoy-peer-metadata: e30=\r\nx-envoy-peer-metadata-id: me\r\nx-envo: 1\r\n"
            + "x-envoy-original-path: /admin\r\nx-envoy-something-new: 1\r\nx-envoyage: 1\r\n\r\n");
        string[] left = [.. world.Upstream.Requests.Single().Head.Split("\r\n").Where(static line =>
            line.StartsWith("x-envo", StringComparison.OrdinalIgnoreCase))];
        Assert.Equal(2, left.Count(static line => line is "x-envo: 1" or "x-envoyage: 1"));
        Assert.Single(left, static line => line.StartsWith("x-envoy-", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(left, static line => line.StartsWith("x-envoy-external-address: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FieldsOfTheRouter_AreLeftOutWhereSuppressed(bool suppressed)
    {
        var world = new SimulatedHttpWorld(
            1,
            configure: settings => settings with { SuppressEnvoyHeaders = suppressed },
            route: static action => action with { PrefixRewrite = "/counted/1" });
        string answer = world.Exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        string head = world.Upstream.Requests.Single().Head;
        Assert.Equal(!suppressed, answer.Contains("\r\nx-envoy-upstream-service-time: ", StringComparison.Ordinal));
        Assert.Equal(!suppressed, head.Contains("\r\nx-envoy-original-path: /\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Number_OfMoreThanOneDigit_IsWrittenWhole()
    {
        var fields = new HttpFields();
        fields.SetNumber(KnownField.XEnvoyAttemptCount, 12);
        Assert.True(fields.TryGet(KnownField.XEnvoyAttemptCount, out ReadOnlySpan<byte> value));
        Assert.True(value.SequenceEqual("12"u8));
    }

    private static async Task<string> SilentAsync(SimulatedHttpWorld world, string first)
    {
        HttpPeer peer = await world.ConnectAsync();
        await peer.SendAsync(first);
        return await peer.ReadToEndAsync();
    }

    /// <summary>Sends a body at a pace, or its first byte only.</summary>
    private static async Task<string> DripAsync(SimulatedHttpWorld world, string framing, int bytesPerSecond,
        int length)
    {
        HttpPeer peer = await world.ConnectAsync();
        await peer.SendAsync($"POST /counted/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}\r\n");
        Task<string> answer = peer.ReadToEndAsync();
        for (int sent = 0; sent < length && !answer.IsCompleted; sent += Math.Max(1, bytesPerSecond))
        {
            await peer.SendAsync(bytesPerSecond == 0 ? "1" : new string('x', Math.Min(bytesPerSecond, length - sent)));
            await world.SleepAsync(1_000);
        }

        return await answer;
    }
}
