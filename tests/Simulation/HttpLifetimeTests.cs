using System;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>How long exchanges and tunnels live, and what is left of them when a limit ends them.</summary>
public sealed class HttpLifetimeTests
{
    private const string Websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

    [Fact]
    public void ResponseUntilClose_CutByTheRouteTimeout_IsNotWholeForTheClient()
    {
        var world = new SimulatedHttpWorld(1, route: static action => action with { Timeout = TimeSpan.FromSeconds(2) });
        world.Upstream.RawResponse = "HTTP/1.0 200 OK\r\n\r\nthe beginning";
        HttpPeer peer = world.Run(world.ConnectAsync());
        PeerResponse? response = world.Run(OneAsync(peer, "GET /raw HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal("the beginning", response!.Body);
        Assert.False(response.IsWhole);
    }

    [Fact]
    public void ClientThatStopsReading_IsCutByTheStreamIdleTimeout()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { StreamIdleTimeout = TimeSpan.FromSeconds(5) });
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync("GET /counted/3000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.True(world.Network.RunUntil(
            () => world.Stats.DownstreamRqTotal == 1 && world.Stats.DownstreamRqActive == 0, 60_000));
    }

    [Fact]
    public void ClientThatStopsReading_IsCutDuringALocalReplyToo()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with
            {
                StreamIdleTimeout = TimeSpan.FromSeconds(5),
                Routes = Direct(1_000_000),
            });
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.True(world.Network.RunUntil(
            () => world.Stats.DownstreamRqTotal == 1 && world.Stats.DownstreamRqActive == 0, 60_000));
    }

    [Fact]
    public void ResponseHead_DoesNotWaitForItsBody()
    {
        var world = new SimulatedHttpWorld(1);
        world.Upstream.RawResponse = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync("GET /raw HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", world.Run(peer.ReadHeadAsync(), timeMaxMs: 1000), StringComparison.Ordinal);
    }

    [Fact]
    public void Tunnel_OutlivesTheRouteTimeout()
    {
        var world = new SimulatedHttpWorld(
            1,
            configure: static settings => settings with { Upgrades = [new UpgradeRule("websocket")] },
            route: static action => action with { Timeout = TimeSpan.FromSeconds(2) });
        world.Upstream.RawResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        HttpPeer peer = world.Run(world.ConnectAsync());
        PeerResponse? switched = world.Run(OneAsync(peer, $"GET /raw HTTP/1.1\r\nHost: a\r\n{Websocket}\r\n"));
        Assert.Equal(101, switched!.Status);
        world.Network.RunUntil(static () => false, 30_000);
        PeerResponse? inside = world.Run(OneAsync(peer, "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal("abc", inside?.Body);
    }

    [Fact]
    public void SwitchBeforeTheRequestIsWhole_IsABadGateway()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { Upgrades = [new UpgradeRule("websocket")] });
        world.Upstream.RawResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        string answer = world.Exchange($"POST /early HTTP/1.1\r\nHost: a\r\n{Websocket}Content-Length: 9\r\n\r\npart");
        Assert.StartsWith("HTTP/1.1 502", answer, StringComparison.Ordinal);
        Assert.Equal(0, world.Stats.DownstreamRqActive);
    }

    [Fact]
    public void Connect_AcceptedUpstream_IsATunnelAndNoPooledConnection()
    {
        var world = new SimulatedHttpWorld(
            1,
            configure: static settings => settings with
            {
                Upgrades = [new UpgradeRule("CONNECT")],
                Routes = One(new Route
                {
                    Match = new RouteMatch { PathKind = PathMatchKind.Connect },
                    Action = new ForwardAction { Cluster = "upstream" },
                }),
            });
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
        string? accepted = world.Run(peer.ReadHeadAsync());
        Assert.StartsWith("HTTP/1.1 200", accepted, StringComparison.Ordinal);
        Assert.DoesNotContain("content-length", accepted, StringComparison.OrdinalIgnoreCase);
        PeerResponse? inside = world.Run(OneAsync(peer, "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal("abc", inside?.Body);
    }

    [Fact]
    public void ConnectionWithARequestLimit_ClosesWithTheLastResponse()
    {
        var world = new SimulatedHttpWorld(
            1, configure: static settings => settings with { MaxRequestsPerConnection = 2 });
        const string Request = "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n";
        string answer = world.Exchange(Request + Request + Request);
        Assert.Equal(3, answer.Split("HTTP/1.1 200").Length);
        Assert.Contains("connection: close", answer[answer.LastIndexOf("HTTP/1.1", StringComparison.Ordinal)..],
            StringComparison.Ordinal);
    }

    private static RouteConfiguration Direct(int bodyBytes) =>
        One(new Route { Match = new RouteMatch(), Action = new DirectResponseAction(200, new byte[bodyBytes]) }) with
        {
            MaxDirectResponseBodyBytes = bodyBytes,
        };

    private static RouteConfiguration One(Route route) => new()
    {
        VirtualHosts = [new VirtualHost { Name = "all", Domains = ["*"], Routes = [route] }],
    };

    private static async Task<PeerResponse?> OneAsync(HttpPeer peer, string request)
    {
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }
}
