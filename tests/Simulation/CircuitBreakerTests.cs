using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>What happens to requests for which a cluster has no connection left.</summary>
public sealed class CircuitBreakerTests
{
    private const string Hanging = "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Counted = "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public void Requests_BeyondTheConnections_WaitForOneToBecomeFree()
    {
        SimulatedHttpWorld world = World(new CircuitBreaker(MaxConnections: 1));
        var answers = new List<Task<PeerResponse?>>();
        for (int i = 0; i < 20; i++)
        {
            answers.Add(OneAsync(world.Run(world.ConnectAsync()), Counted));
        }

        foreach (Task<PeerResponse?> answer in answers)
        {
            Assert.Equal(200, world.Run(answer)!.Status);
        }

        Assert.Equal(1, world.ClusterStats.UpstreamCxTotal);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingActive);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingOverflow);
    }

    [Fact]
    public void Requests_WaitingWhileTheConnectionCloses_AreServedByTheNext()
    {
        SimulatedHttpWorld world = World(new CircuitBreaker(MaxConnections: 1));
        world.Upstream.CloseAfterRequests = 1;
        var answers = new List<Task<PeerResponse?>>();
        for (int i = 0; i < 10; i++)
        {
            answers.Add(OneAsync(world.Run(world.ConnectAsync()), Counted));
        }

        foreach (Task<PeerResponse?> answer in answers)
        {
            Assert.Equal(200, world.Run(answer)!.Status);
        }

        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingActive);
    }

    [Fact]
    public void Request_BeyondThePendingOnes_IsRefusedAsOverloaded()
    {
        SimulatedHttpWorld world = World(new CircuitBreaker(MaxConnections: 1, MaxPendingRequests: 1));
        HttpPeer first = world.Run(world.ConnectAsync());
        HttpPeer second = world.Run(world.ConnectAsync());
        HttpPeer third = world.Run(world.ConnectAsync());
        Task<PeerResponse?> hanging = OneAsync(first, Hanging);
        Assert.True(world.Network.RunUntil(() => world.Upstream.Requests.Count == 1, 10_000));
        world.Network.RunUntil(static () => false, 1_000);
        Task<PeerResponse?> waiting = OneAsync(second, Counted);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqPendingActive == 1, 10_000));
        PeerResponse? refused = world.Run(OneAsync(third, Counted));
        Assert.Equal(503, refused!.Status);
        Assert.Equal("true", refused.Field("x-envoy-overloaded"));
        Assert.Equal(1, world.ClusterStats.UpstreamRqPendingOverflow);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(504, world.Run(hanging)!.Status);
        Assert.Equal(200, world.Run(waiting)!.Status);
    }

    [Fact]
    public void Request_WaitingLongerThanItsTimeout_EndsThen()
    {
        SimulatedHttpWorld world = World(new CircuitBreaker(MaxConnections: 1), idleSeconds: 3);
        HttpPeer first = world.Run(world.ConnectAsync());
        HttpPeer second = world.Run(world.ConnectAsync());
        _ = first.SendAsync("POST /counted/3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxActive == 1, 10_000));
        Task<PeerResponse?> waiting = OneAsync(second, Counted);
        world.Network.RunUntil(static () => false, 2_000);
        _ = first.SendAsync("x");
        Assert.Equal(504, world.Run(waiting)!.Status);
        Assert.Equal(1, world.ClusterStats.UpstreamCxTotal);
        Assert.Equal(1, world.ClusterStats.UpstreamCxActive);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingActive);
        Assert.Equal(0, world.ClusterStats.UpstreamCxConnecting);
    }

    [Fact]
    public void MaxConnectionsOfZero_StillLeavesOneForEachPool()
    {
        SimulatedHttpWorld world = World(new CircuitBreaker(MaxConnections: 0));
        HttpPeer peer = world.Run(world.ConnectAsync());
        Assert.Equal(200, world.Run(OneAsync(peer, Counted))!.Status);
        Assert.Equal(1, world.ClusterStats.UpstreamCxOverflow);
    }

    private static SimulatedHttpWorld World(CircuitBreaker breaker, int idleSeconds = 300) => new(
        1,
        configure: settings => settings with { StreamIdleTimeout = TimeSpan.FromSeconds(idleSeconds) },
        cluster: model => model with { CircuitBreaker = breaker });

    private static async Task<PeerResponse?> OneAsync(HttpPeer peer, string request)
    {
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }
}
