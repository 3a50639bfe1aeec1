using System;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>A request does not hang on the connect that was begun for it.</summary>
public sealed class PendingConnectTests
{
    private const string Request = "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n";
    private const int UpstreamPort = 8080;

    [Fact]
    public void RouteTimeout_DuringAConnect_EndsTheRequestThen()
    {
        SimulatedHttpWorld world = World(action => action with { Timeout = TimeSpan.FromSeconds(2) });
        HttpPeer peer = world.Run(world.ConnectAsync());
        Assert.Equal(504, world.Run(OneAsync(peer, Request), timeMaxMs: 3_000)!.Status);
        Assert.Equal(0, world.Stats.DownstreamRqActive);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingActive);
        Assert.Equal(1, world.ClusterStats.UpstreamCxConnecting);

        // The client's connection serves on.
        world.Network.LosesConnects = null;
        Assert.Equal(200, world.Run(OneAsync(peer, Request), timeMaxMs: 1_000)!.Status);
    }

    [Fact]
    public void StreamIdleTimeout_DuringAConnect_EndsTheRequestThen()
    {
        SimulatedHttpWorld world = World(
            configure: settings => settings with { StreamIdleTimeout = TimeSpan.FromSeconds(3) });
        HttpPeer peer = world.Run(world.ConnectAsync());
        Assert.Equal(504, world.Run(OneAsync(peer, Request), timeMaxMs: 4_000)!.Status);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingActive);
    }

    [Fact]
    public void ClientGone_DuringAConnect_EndsTheRequestAtOnce()
    {
        SimulatedHttpWorld world = World();
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync(Request);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxConnecting == 1, 1_000));
        peer.Connection.Abort(reset: true);
        Assert.True(world.Network.RunUntil(() => world.Stats.DownstreamRqActive == 0, 1_000));
        Assert.Equal(1, world.ClusterStats.UpstreamCxConnecting);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxConnecting == 0, 20_000));
        Assert.Equal(0, world.ClusterStats.UpstreamRqActive);
        Assert.Equal(0, world.ClusterStats.UpstreamCxActive);
    }

    [Fact]
    public void ConnectOfARequestThatLeft_ServesTheNext()
    {
        int seen = 0;
        for (ulong seed = 1; seed <= 20; seed++)
        {
            SimulatedHttpWorld world = World(seed: seed);
            world.Network.LosesConnects = null;
            HttpPeer first = world.Run(world.ConnectAsync());
            HttpPeer second = world.Run(world.ConnectAsync());
            _ = first.SendAsync(Request);
            Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxConnecting == 1, 1_000));
            first.Connection.Abort(reset: true);
            Assert.True(world.Network.RunUntil(() => world.Stats.DownstreamRqActive == 0, 1_000));
            if (world.ClusterStats.UpstreamCxTotal > 0)
            {
                // The connect was faster than the client's end.
                continue;
            }

            seen++;
            Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxActive == 1, 1_000));
            Assert.Equal(200, world.Run(OneAsync(second, Request), timeMaxMs: 1_000)!.Status);
            Assert.Equal(1, world.ClusterStats.UpstreamCxTotal);
        }

        Assert.NotEqual(0, seen);
    }

    [Fact]
    public void LostConnect_HoldsNobodyUp_WhereAnotherStands()
    {
        SimulatedHttpWorld world = World();
        HttpPeer first = world.Run(world.ConnectAsync());
        HttpPeer second = world.Run(world.ConnectAsync());
        Task<PeerResponse?> held = OneAsync(first, Request);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxConnecting == 1, 1_000));
        world.Network.LosesConnects = null;
        Task<PeerResponse?> next = OneAsync(second, Request);

        // The one that stands serves who waited first, and then the other.
        Assert.Equal(200, world.Run(held, timeMaxMs: 1_000)!.Status);
        Assert.Equal(200, world.Run(next, timeMaxMs: 1_000)!.Status);
        Assert.Equal(1, world.ClusterStats.UpstreamCxTotal);
    }

    [Fact]
    public void LastLostConnect_FailsAllThatWait()
    {
        SimulatedHttpWorld world = World(breaker: new CircuitBreaker(MaxConnections: 1));
        HttpPeer first = world.Run(world.ConnectAsync());
        HttpPeer second = world.Run(world.ConnectAsync());
        Task<PeerResponse?>[] answers = [OneAsync(first, Request), OneAsync(second, Request)];
        Assert.Equal(503, world.Run(answers[0], timeMaxMs: 11_000)!.Status);
        Assert.Equal(503, world.Run(answers[1], timeMaxMs: 1_000)!.Status);
        Assert.Equal(1, world.ClusterStats.UpstreamCxConnectTimeout);
        Assert.Equal(1, world.ClusterStats.UpstreamRqPendingFailureEject);
    }

    private static SimulatedHttpWorld World(
        Func<ForwardAction, ForwardAction>? route = null,
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>? configure = null,
        CircuitBreaker? breaker = null,
        ulong seed = 1)
    {
        var world = new SimulatedHttpWorld(
            seed,
            route: route,
            configure: configure,
            cluster: model => model with
            {
                ConnectTimeout = TimeSpan.FromSeconds(10),
                CircuitBreaker = breaker ?? model.CircuitBreaker,
            });
        world.Network.LosesConnects = static address => address.Port == UpstreamPort;
        return world;
    }

    private static async Task<PeerResponse?> OneAsync(HttpPeer peer, string request)
    {
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }
}
