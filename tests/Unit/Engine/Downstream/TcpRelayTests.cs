using System;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Tests.Unit.Engine.Connections;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Downstream;

public sealed class TcpRelayTests
{
    public static TheoryData<string> Kinds => ["Epoll", "Uring"];

    private static readonly TcpProxySettings s_settings = new() { StatPrefix = "t", Clusters = [new("c")] };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClientEndsItsSide_UpstreamSeesTheEndAndStillAnswers(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        await client.SendAsync("question");
        client.EndSending();
        Assert.Equal("question", await upstream.ReceiveToEndAsync());
        await upstream.SendAsync("answer");
        upstream.EndSending();
        Assert.Equal("answer", await client.ReceiveToEndAsync());
        await GoneAsync(mesh);
        Assert.Equal((8, 6), (mesh.Tcp[0].DownstreamCxRxBytesTotal, mesh.Tcp[0].DownstreamCxTxBytesTotal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_UpstreamEndsItsSide_ClientSeesTheEndAndStillTalks(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        await upstream.SendAsync("banner");
        upstream.EndSending();
        Assert.Equal("banner", await client.ReceiveToEndAsync());
        await client.SendAsync("thanks");
        client.EndSending();
        Assert.Equal("thanks", await upstream.ReceiveToEndAsync());
        await GoneAsync(mesh);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClientResets_UpstreamIsReset(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        client.Reset();
        Assert.Equal("RST", await upstream.ReceiveToEndAsync());
        await GoneAsync(mesh);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_UpstreamResets_ClientIsReset(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        upstream.Reset();
        Assert.Equal("RST", await client.ReceiveToEndAsync());
        await GoneAsync(mesh);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_Silence_EndsAfterTheIdleTimeout(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) =
            await OpenAsync(mesh, s_settings with { IdleTimeout = TimeSpan.FromMilliseconds(30) });
        await client.ReceiveToEndAsync();
        await upstream.ReceiveToEndAsync();
        await GoneAsync(mesh);
        Assert.Equal(1, mesh.Tcp[0].IdleTimeout);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_BusyConnection_EndsAtItsLongestDuration(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(
            mesh, s_settings with { MaxDownstreamConnectionDuration = TimeSpan.FromMilliseconds(100) });
        await client.SendAsync("x");
        Assert.Equal("x", await upstream.ReceiveAsync(1));
        await client.ReceiveToEndAsync();
        await GoneAsync(mesh);
        Assert.Equal(1, mesh.Tcp[0].MaxDownstreamConnectionDuration);
    }

    [Theory]
    [InlineData("Epoll", 2, 1)]
    [InlineData("Epoll", 1, 0)]
    [InlineData("Uring", 2, 1)]
    public async Task Relay_FirstEndpointRefuses_TriesAnotherWhileAttemptsAreLeft(string kind, int attempts, int served)
    {
        await using TestMesh mesh = new(kind);
        using Socket server = Peer.Listen();
        ClusterRuntime cluster = mesh.AddCluster("c", Peer.DeadPort(), Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener(
            "l", TestMesh.Relay("c", settings: s_settings with { MaxConnectAttempts = attempts })));
        using Peer client = await mesh.ConnectAsync("l");
        client.EndSending();
        if (served > 0)
        {
            using Peer upstream = await Peer.AcceptAsync(server);
            await upstream.SendAsync("served");
            upstream.EndSending();
            Assert.Equal("served", await client.ReceiveToEndAsync());
        }

        await client.ReceiveToEndAsync();
        await GoneAsync(mesh);
        Assert.Equal((1, served), (cluster.Stats[0].UpstreamCxConnectFail, cluster.Stats[0].UpstreamCxTotal));
        Assert.Equal(0, cluster.Stats[0].UpstreamCxActive);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClusterWithoutEndpoints_ClosesTheClient(string kind)
    {
        await using TestMesh mesh = new(kind);
        ClusterRuntime cluster = mesh.AddCluster("c");
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c")));
        using Peer client = await mesh.ConnectAsync("l");
        Assert.Equal("", await client.ReceiveToEndAsync());
        Assert.Equal(1, cluster.Stats[0].UpstreamCxNoneHealthy);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_UnknownCluster_ClosesAndCountsNoRoute(string kind)
    {
        await using TestMesh mesh = new(kind);
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("missing")));
        using Peer client = await mesh.ConnectAsync("l");
        Assert.Equal("", await client.ReceiveToEndAsync());
        Assert.Equal(1, mesh.Tcp[0].DownstreamCxNoRoute);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClusterWantsProxyHeader_SendsItFirst(string kind)
    {
        await using TestMesh mesh = new(kind);
        using Socket server = Peer.Listen();
        mesh.AddCluster(new Cluster { Name = "c", ProxyProtocol = ProxyProtocolVersion.V1 }, Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c")));
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        string line = $"PROXY TCP4 127.0.0.1 127.0.0.1 {client.Local.Port} {mesh.PortOf("l")}\r\n";
        Assert.Equal(line, await upstream.ReceiveAsync(line.Length));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClusterBindsItsSource_UpstreamSeesIt(string kind)
    {
        await using TestMesh mesh = new(kind);
        using Socket server = Peer.Listen();
        mesh.AddCluster(
            new Cluster { Name = "c", BindAddresses = [new SocketTarget("127.0.0.6", 0)] }, Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c")));
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        Assert.Equal("127.0.0.6", upstream.Remote.Address.ToString());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_ClientReadsSlowly_QueueStaysBoundedAndNothingIsLost(string kind)
    {
        await using TestMesh mesh = new(kind);
        using Socket server = Peer.Listen();
        TcpRelay relay = new([new RelayCluster("c", mesh.AddCluster("c", Peer.PortOf(server)), 1)])
        {
            Stats = mesh.Tcp,
            SpliceAfterBytes = long.MaxValue,
        };
        TransportConnection? downstream = null;
        long queuedMax = 0;
        mesh.Handler = connection =>
        {
            downstream = connection.Transport;
            mesh.Reactor.TurnEnded += () => queuedMax = Math.Max(queuedMax, downstream.Writer.QueuedBytes);
            relay.Run(connection);
        };
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Http()));
        using Peer client = await mesh.ConnectAsync("l", receiveBufferBytes: 8192);
        using Peer upstream = await Peer.AcceptAsync(server);
        byte[] block = new byte[1 << 20];
        Task sending = SendAllAsync(upstream, block, 48);
        long received = 0;
        while (received < 48L << 20)
        {
            received += (await client.ReceiveAsync(65536)).Length;
        }

        await sending;
        // Above the high-water mark only what the kernel had received before the reads stopped.
        Assert.InRange(queuedMax, 1, 8 << 20);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_MegabytesBothWays_ArriveWholeWithTheirEndsAndAreCounted(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        string forth = Pattern(9 << 20);
        string back = Pattern(5 << 20);
        Task<string> atUpstream = upstream.ReceiveToEndAsync();
        await client.SendAsync(forth);
        client.EndSending();
        Assert.True(forth == await atUpstream);
        Task<string> atClient = client.ReceiveToEndAsync();
        await upstream.SendAsync(back);
        upstream.EndSending();
        Assert.True(back == await atClient);
        await GoneAsync(mesh);
        Assert.Equal(1, mesh.Tcp[0].DownstreamCxSpliced);
        Assert.Equal(
            (9L << 20, 5L << 20), (mesh.Tcp[0].DownstreamCxRxBytesTotal, mesh.Tcp[0].DownstreamCxTxBytesTotal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Relay_UpstreamResetsAfterMegabytes_ClientIsReset(string kind)
    {
        await using TestMesh mesh = new(kind);
        (Peer client, Peer upstream) = await OpenAsync(mesh, s_settings);
        Task sending = upstream.SendAsync(Pattern(4 << 20));
        await client.ReceiveAsync(4 << 20);
        await sending;
        upstream.Reset();
        Assert.Equal("RST", await client.ReceiveToEndAsync());
        await GoneAsync(mesh);
    }

    [Fact]
    public void PickCluster_Weights_ShareConnectionsByThem()
    {
        TcpRelay relay = new([new("a", null, 80), new("b", null, 15), new("none", null, 0), new("c", null, 5)])
        {
            Stats = [new TcpStats()],
        };
        const ulong step = ulong.MaxValue / 1000;
        int[] counts = new int[3];
        for (ulong i = 0; i < 1000; i++)
        {
            string name = relay.PickCluster((i * step) + (step / 2)).Name;
            counts["abc".IndexOf(name, StringComparison.Ordinal)]++;
        }

        Assert.Equal([800, 150, 50], counts);
    }

    private static string Pattern(int length) =>
        string.Create(length, 0, static (text, _) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = (char)(byte)((i * 31) + (i >> 9));
            }
        });

    private static async Task SendAllAsync(Peer peer, byte[] block, int times)
    {
        for (int i = 0; i < times; i++)
        {
            await peer.SendAsync(block);
        }
    }

    private static async Task<(Peer Client, Peer Upstream)> OpenAsync(TestMesh mesh, TcpProxySettings settings)
    {
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Relay("c", settings: settings)));
        Peer client = await mesh.ConnectAsync("l");
        return (client, await Peer.AcceptAsync(server));
    }

    private static async Task GoneAsync(TestMesh mesh)
    {
        while (await mesh.ConnectionsAsync() > 0)
        {
            await Task.Yield();
        }
    }
}
