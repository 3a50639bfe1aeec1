using System.Collections.Generic;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

public sealed class AcceptPipelineTests
{
    [Fact]
    public async Task Accept_AboveTheListenersLimit_ClosesAndCountsUntilOneLeaves()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c")) with { ConnectionLimit = 1 });

        using Peer first = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        await ExpectRefusalAsync(mesh, "l");
        Assert.Equal(1, mesh.StatsOf("l").DownstreamCxOverflow);

        first.EndSending();
        upstream.EndSending();
        Assert.Equal("", await first.ReceiveToEndAsync());
        while (await mesh.ConnectionsAsync() > 0)
        {
            await Task.Yield();
        }

        using Peer third = await mesh.ConnectAsync("l");
        using Peer again = await Peer.AcceptAsync(server);
        await third.SendAsync("x");
        Assert.Equal("x", await again.ReceiveAsync(1));
    }

    [Fact]
    public async Task Accept_AboveTheGlobalLimit_ClosesAndCounts()
    {
        await using TestMesh mesh = new(globalMax: 1);
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(
            TestMesh.Listener("a", TestMesh.Relay("c")), TestMesh.Listener("b", TestMesh.Relay("c")));
        using Peer first = await mesh.ConnectAsync("a");
        using Peer upstream = await Peer.AcceptAsync(server);
        await ExpectRefusalAsync(mesh, "b");
        Assert.Equal(1, mesh.StatsOf("b").DownstreamGlobalCxOverflow);
    }

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(0, 1)]
    public async Task Accept_DescriptorsRunOut_CountsTheRestAndWhoWasRefused(int refusesFrom, int refused)
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c")));
        var poller = (SocketPoller)mesh.Reactor.Poller;
        poller.Descriptors = new DescriptorReserve(restsFrom: 0, refusesFrom);

        using Peer client = await mesh.ConnectAsync("l");
        while (mesh.StatsOf("l").DownstreamCxAcceptRests == 0)
        {
            await mesh.SettleAsync();
        }

        await mesh.SettleAsync();
        Assert.Equal(1, mesh.StatsOf("l").DownstreamCxAcceptRests);
        Assert.Equal(refused, mesh.StatsOf("l").DownstreamCxOverloadReject);
        Assert.Equal(1 - refused, await mesh.ConnectionsAsync());
    }

    [Fact]
    public async Task Accept_ServerNameChains_RelayTheHelloUntouched()
    {
        await using TestMesh mesh = new();
        using Socket one = Peer.Listen();
        using Socket two = Peer.Listen();
        mesh.AddCluster("one", Peer.PortOf(one));
        mesh.AddCluster("two", Peer.PortOf(two));
        await mesh.ApplyAsync(TestMesh.Listener(
            "l",
            TestMesh.Relay("one", new() { ServerNames = ["a.example"] }),
            TestMesh.Relay("two", new() { ServerNames = ["*.example"] })));
        byte[] hello = ListenerFilterTests.Hello("b.example", "h2");
        using Peer client = await mesh.ConnectAsync("l");
        await client.SendAsync(hello[..20]);
        await client.SendAsync(hello[20..]);
        await client.SendAsync("more");
        using Peer upstream = await Peer.AcceptAsync(two);
        Assert.Equal(Encoding.Latin1.GetString(hello) + "more", await upstream.ReceiveAsync(hello.Length + 4));
    }

    [Fact]
    public async Task Accept_NoChainMatches_ClosesAndCounts()
    {
        await using TestMesh mesh = new();
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c", new() { DestinationPort = 1 })));
        using Peer client = await mesh.ConnectAsync("l");
        Assert.Equal("", await client.ReceiveToEndAsync());
        Assert.Equal(1, mesh.StatsOf("l").NoFilterChainMatch);
    }

    [Fact]
    public async Task Accept_HttpInspector_HttpGoesToTheManagerTheRestToTheRelay()
    {
        // On a busy machine the client's first bytes may take longer than the usual wait.
        await using TestMesh mesh = new() { ServerFirstWaitMs = 30_000 };
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        TaskCompletionSource<string> served = new();
        mesh.Handler = connection =>
        {
            served.TrySetResult(connection.FilterChainName + " " + connection.Facts.ApplicationProtocols![0]);
            connection.End();
        };
        await mesh.ApplyAsync(Sniffing());

        using Peer http = await mesh.ConnectAsync("l");
        await http.SendAsync("GET / HTTP/1.1\r\n");
        Assert.Equal("http http/1.1", await served.Task);

        using Peer other = await mesh.ConnectAsync("l");
        await other.SendAsync("SSH-2.0-x\r\n");
        using Peer upstream = await Peer.AcceptAsync(server);
        Assert.Equal("SSH-2.0-x\r\n", await upstream.ReceiveAsync(11));
    }

    [Fact]
    public async Task Accept_FilterDisabledForThePort_DoesNotWaitForTheClient()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(Sniffing() with
        {
            ListenerFilters = [new HttpInspectorFilter { DisabledPorts = [new PortRange(0, 65535)] }],
            ListenerFiltersTimeout = System.TimeSpan.FromHours(1),
        });
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        await upstream.SendAsync("220 ready");
        Assert.Equal("220 ready", await client.ReceiveAsync(9));
    }

    [Fact]
    public async Task Accept_ServerSpeaksFirstOverASniffedPort_GetsItsTurn()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(Sniffing());
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        await upstream.SendAsync("220 hello\r\n");
        Assert.Equal("220 hello\r\n", await client.ReceiveAsync(11));
        await client.SendAsync("EHLO\r\n");
        Assert.Equal("EHLO\r\n", await upstream.ReceiveAsync(6));
    }

    [Fact]
    public async Task Accept_FiltersTimeOut_ClosesUnlessToldToContinue()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        Listener strict = Sniffing() with { ListenerFiltersTimeout = System.TimeSpan.FromMilliseconds(20) };
        await mesh.ApplyAsync(strict, strict with { Name = "m", ContinueOnListenerFiltersTimeout = true });
        using Peer closed = await mesh.ConnectAsync("l");
        await closed.SendAsync("GE");
        await closed.ReceiveToEndAsync();
        Assert.Equal(1, mesh.StatsOf("l").DownstreamPreCxTimeout);

        using Peer relayed = await mesh.ConnectAsync("m");
        await relayed.SendAsync("GE");
        using Peer upstream = await Peer.AcceptAsync(server);
        Assert.Equal("GE", await upstream.ReceiveAsync(2));
    }

    [Fact]
    public async Task Accept_ProxyHeader_IsTakenOffAndRestoresAddresses()
    {
        await using TestMesh mesh = new();
        TaskCompletionSource<ConnectionFacts> served = new();
        mesh.Handler = connection =>
        {
            served.TrySetResult(connection.Facts);
            connection.End();
        };
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Http()) with
        {
            ListenerFilters = [new ProxyProtocolFilter()],
        });
        using Peer client = await mesh.ConnectAsync("l");
        await client.SendAsync("PROXY TCP4 203.0.113.7 198.51.100.2 5000 443\r\n");
        ConnectionFacts facts = await served.Task;
        Assert.Equal("203.0.113.7:5000", facts.Remote.ToString());
        Assert.Equal("198.51.100.2:443", facts.Local.ToString());
        Assert.Equal(client.Local.Port, facts.DirectRemote.Port);
    }

    [Fact]
    public async Task Accept_ProxyHeaderMissing_ClosesAndCounts()
    {
        await using TestMesh mesh = new();
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Http()) with
        {
            ListenerFilters = [new ProxyProtocolFilter()],
            ContinueOnListenerFiltersTimeout = true,
        });
        using Peer client = await mesh.ConnectAsync("l");
        await client.SendAsync("GET / HTTP/1.1\r\n");
        await client.ReceiveToEndAsync();
        Assert.Equal(1, mesh.StatsOf("l").DownstreamListenerFilterError);
    }

    [Theory]
    [InlineData("10.9.0.1", 8080, "to exact")]
    [InlineData("10.9.0.2", 8080, "to wild")]
    [InlineData("10.9.0.2", 8081, "to own")]
    public async Task HandOver_OriginalDestination_ExactThenWildcardThenOwnChains(string address, int port, string chain)
    {
        await using TestMesh mesh = new();
        await mesh.ApplyAsync(
            Capturing("own"),
            Virtual("10.9.0.1", 8080, "exact"),
            Virtual("0.0.0.0", 8080, "wild"));
        using Socket server = Peer.Listen();
        foreach (string name in (string[])["own", "exact", "wild"])
        {
            mesh.AddCluster(name, chain == "to " + name ? Peer.PortOf(server) : Peer.DeadPort());
        }

        await mesh.ApplyAsync(
            Capturing("own"),
            Virtual("10.9.0.1", 8080, "exact"),
            Virtual("0.0.0.0", 8080, "wild"));
        using Peer client = await mesh.ConnectAsync("capture");
        await client.SendAsync($"PROXY TCP4 203.0.113.7 {address} 5000 {port}\r\nhello");
        using Peer upstream = await Peer.AcceptAsync(server);
        Assert.Equal("hello", await upstream.ReceiveAsync(5));
        Assert.Equal(chain == "to own" ? 1 : 0, mesh.StatsOf("capture").DownstreamCxActive);
    }

    [Fact]
    public async Task Accept_OriginalDestinationIsTheListener_RefusesAndCounts()
    {
        await using TestMesh mesh = new();
        await mesh.ApplyAsync(Capturing("own"));
        using Peer client = await mesh.ConnectAsync("capture");
        await client.SendAsync($"PROXY TCP4 203.0.113.7 127.0.0.1 5000 {mesh.PortOf("capture")}\r\n");
        await client.ReceiveToEndAsync();
        Assert.Equal(1, mesh.StatsOf("capture").DownstreamCxLoop);
    }

    [Fact]
    public async Task Apply_ListenerStays_KeepsSocketAndConnections()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        Listener listener = TestMesh.Listener("l", TestMesh.Relay("c"));
        await mesh.ApplyAsync(listener);
        int port = mesh.PortOf("l");
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        await mesh.ApplyAsync(listener with { ConnectionLimit = 5 }, TestMesh.Listener("other", TestMesh.Relay("c")));
        Assert.Equal(port, mesh.PortOf("l"));
        Assert.Equal(1, mesh.StatsOf("l").DownstreamCxActive);
        await client.SendAsync("still");
        Assert.Equal("still", await upstream.ReceiveAsync(5));
    }

    [Fact]
    public async Task Apply_AddressInUse_IsRefusedAndTheOldSetServesOn()
    {
        await using TestMesh mesh = new();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        Listener good = TestMesh.Listener("l", TestMesh.Relay("c"));
        await mesh.ApplyAsync(good);
        Listener taken = TestMesh.Listener("t", TestMesh.Relay("c")) with
        {
            Address = new SocketTarget("127.0.0.1", Peer.PortOf(server)),
        };
        List<ConfigProblem> problems = await mesh.ApplyAsync(good, taken);
        Assert.Contains("address in use", Assert.Single(problems).Text, System.StringComparison.Ordinal);
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
    }

    [Fact]
    public async Task Drain_TellsSessionsThenCutsWhatIsLeft()
    {
        await using TestMesh mesh = new();
        Session session = new();
        TaskCompletionSource accepted = new();
        mesh.Handler = connection =>
        {
            connection.Session = session;
            accepted.TrySetResult();
            connection.EndAfter(session.Ended.Task);
        };
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Http()));
        using Peer client = await mesh.ConnectAsync("l");
        await accepted.Task;
        await mesh.BeginDrainAsync();
        Assert.Equal(1, session.Asked);
        await Assert.ThrowsAsync<SocketException>(() => mesh.ConnectAsync("l"));
        Assert.Equal(1, await mesh.ConnectionsAsync());
        await mesh.CloseConnectionsAsync();
        await client.ReceiveToEndAsync();
        await mesh.OnReactorAsync(session.Ended.SetResult);
        Assert.Equal(0, await mesh.ConnectionsAsync());
    }

    // The reset may overtake the end of connect.
    private static async Task ExpectRefusalAsync(TestMesh mesh, string listener)
    {
        try
        {
            using Peer peer = await mesh.ConnectAsync(listener);
            Assert.Equal("RST", await peer.ReceiveToEndAsync());
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    private static Listener Sniffing() => TestMesh.Listener(
        "l",
        TestMesh.Http(new() { TransportProtocol = "raw_buffer", ApplicationProtocols = ["http/1.1", "h2c"] })) with
    {
        DefaultFilterChain = TestMesh.Relay("c"),
        ListenerFilters = [new HttpInspectorFilter()],
        ListenerFiltersTimeout = System.TimeSpan.Zero,
    };

    private static Listener Capturing(string cluster) => TestMesh.Listener("capture", TestMesh.Relay(cluster)) with
    {
        UseOriginalDestination = true,
        ListenerFilters = [new OriginalDestinationFilter(), new ProxyProtocolFilter()],
    };

    private static Listener Virtual(string address, int port, string cluster) =>
        TestMesh.Listener(cluster, TestMesh.Relay(cluster)) with
        {
            Address = new SocketTarget(address, port),
            BindToPort = false,
        };

    private sealed class Session : IDrainable
    {
        public TaskCompletionSource Ended { get; } = new();

        public int Asked { get; private set; }

        public void BeginDrain() => Asked++;
    }
}
