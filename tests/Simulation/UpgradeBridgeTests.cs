using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>WebSocket and CONNECT between clients and upstreams of both versions (RFC 9110 §7.8, RFC 8441).</summary>
public sealed class UpgradeBridgeTests
{
    // The example of RFC 6455 §1.3.
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string KeyAnswer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private const string Request =
        $"GET /chat HTTP/1.1\r\nHost: web.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + $"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private readonly Http2Upstream _http2 = new() { Whole = static _ => { } };
    private readonly List<string> _heads = [];
    private string _http1Answer = "101 Switching Protocols";
    private Func<string, string> _http1AcceptOf = Accept;
    private string _http1Fields = "";
    private string? _passed;
    private string? _rest;

    public static TheoryData<int, int, bool> Bridges => new()
    {
        { 1, 1, false }, { 1, 2, false }, { 2, 1, false }, { 2, 2, false },
        { 1, 1, true }, { 1, 2, true }, { 2, 1, true }, { 2, 2, true },
    };

    /// <summary>Bytes pass both ways, and each side can end while the other goes on.</summary>
    [Theory]
    [MemberData(nameof(Bridges))]
    public void Tunnel_OfEveryVersionToEveryVersion_PassesBytesAndBothEnds(int client, int upstream, bool isConnect)
    {
        SimulatedHttpWorld world = World(upstream, isConnect);
        ServeHttp2(200, isConnect ? "" : "sec-websocket-protocol: chat");
        string got = world.Run(client == 1 ? AskHttp1Async(world, isConnect) : AskHttp2Async(world, isConnect));
        Assert.Equal("echo ping|bye", got);
        if (upstream == 1)
        {
            Assert.Equal("", _rest);
            string line = Assert.Single(_heads).Split("\r\n")[0];
            Assert.Equal(isConnect ? "CONNECT proxy.test:80 HTTP/1.1" : "GET /chat HTTP/1.1", line);
        }
        else
        {
            Http2Got request = Assert.Single(_http2.Requests);
            Assert.True(request.IsWhole);
            Assert.Equal(isConnect ? "" : "websocket", request.Protocol);
            Assert.StartsWith("CONNECT " + (isConnect ? "" : "/chat"), request.Line, StringComparison.Ordinal);
            Assert.Equal(0, world.First.UpstreamHttp2Stats.StreamsActive);
        }
    }

    [Fact]
    public void Http1ToHttp2_TheClientsKeyIsAnsweredAndWhatHttp2ForbidsIsLeftOut()
    {
        SimulatedHttpWorld world = World(upstream: 2);
        ServeHttp2(200, "sec-websocket-protocol: chat");
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync(Request);
        string head = world.Run(peer.ReadHeadAsync())!;
        Assert.StartsWith("HTTP/1.1 101 Switching Protocols\r\n", head, StringComparison.Ordinal);
        Assert.Contains("upgrade: websocket\r\n", head, StringComparison.Ordinal);
        Assert.Contains("connection: upgrade\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"sec-websocket-accept: {KeyAnswer}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("sec-websocket-protocol: chat\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("content-length", head, StringComparison.Ordinal);
        Http2Got got = Assert.Single(_http2.Requests);
        Assert.Equal("CONNECT /chat web.test", got.Line);
        Assert.DoesNotContain("|upgrade=", got.Fields, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("|connection=", got.Fields, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Http2ToHttp1_AKeyIsMadeAndItsAnswerIsCheckedAndKept()
    {
        SimulatedHttpWorld world = World(upstream: 1);
        Http2Call call = world.Run(AcceptedAsync(world));
        Assert.Equal(200, call.Status);
        Assert.DoesNotContain("sec-websocket-accept", call.Fields, StringComparison.Ordinal);
        Assert.DoesNotContain("|upgrade", call.Fields, StringComparison.Ordinal);
        string head = Assert.Single(_heads);
        Assert.Contains("\r\nupgrade: websocket\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\nconnection: upgrade\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(16, Convert.FromBase64String(Field(head, "sec-websocket-key")).Length);
    }

    [Fact]
    public void Http2ToHttp1_AKeyOfTheClientStaysAndIsAnswered()
    {
        SimulatedHttpWorld world = World(upstream: 1);
        Http2Call call = world.Run(AcceptedAsync(world, "sec-websocket-key: " + Key));
        Assert.Equal(KeyAnswer, call.Field("sec-websocket-accept"));
        Assert.Equal(Key, Field(Assert.Single(_heads), "sec-websocket-key"));
    }

    [Fact]
    public void Http2ToHttp1_AWrongAnswer_IsNoWebSocket()
    {
        _http1AcceptOf = static _ => KeyAnswer;
        SimulatedHttpWorld world = World(upstream: 1);
        Http2Call call = world.Run(AskedAsync(world));
        Assert.Equal(502, call.Status);
    }

    /// <summary>An answer that the client has no room for is no tunnel, and the stream is not left open.</summary>
    [Fact]
    public void Http2Client_TakesNoSuchHead_GetsAWholeErrorAndNoBytesOfATunnel()
    {
        _http1Fields = $"x-long: {new string('x', 2000)}\r\n";
        SimulatedHttpWorld world = World(upstream: 1);
        Http2Client client = world.Run(world.ConnectHttp2Async(
            Http2Limits.Default with { HeaderListBytesMax = 1000 }));
        Http2Call call = world.Run(Open(world, client, "").Done);
        Assert.Equal((502, true), (call.Status, call.IsWhole));
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqActive == 0));
    }

    /// <summary>Bytes behind a request that is declined are nobody's: neither upstream's nor a next request.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Http2Client_SendsBeforeItIsAccepted_NothingOfItPasses(int upstream)
    {
        _http1Answer = "403 Forbidden";
        ServeHttp2(403, "");
        SimulatedHttpWorld world = World(upstream);
        Http2Call call = world.Run(AskedAsync(world, "", "early"));
        Assert.Equal(403, call.Status);
        Assert.False(world.Network.RunUntil(() => _passed is not null, 1000));
        Assert.Equal(upstream == 1 ? 0 : 1, _http2.Requests.Count);
        Assert.All(_http2.Requests, static got => Assert.Equal(0, got.Body.Length));
    }

    [Fact]
    public void Upstream_WithoutExtendedConnect_IsSentNone()
    {
        _http2.AllowsConnect = false;
        SimulatedHttpWorld world = World(upstream: 2);
        Assert.StartsWith("HTTP/1.1 403 ", world.Exchange(Request), StringComparison.Ordinal);
        Assert.Equal(403, world.Run(AskedAsync(world)).Status);
        Assert.Empty(_http2.Requests);
        Assert.Equal(0, world.ClusterStats.UpstreamRqActive);
    }

    /// <summary>An extended CONNECT has neither method nor content.</summary>
    [Theory]
    [InlineData("POST", "")]
    [InlineData("GET", "content-length: 1\r\n")]
    public void Http1Upgrade_ThatHttp2CannotSay_IsRefused(string method, string fields)
    {
        SimulatedHttpWorld world = World(upstream: 2);
        string request = Request.Replace("GET", method, StringComparison.Ordinal)
            .Replace("Host", fields + "Host", StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", world.Exchange(request), StringComparison.Ordinal);
        Assert.Empty(_http2.Requests);
    }

    [Fact]
    public void Client_LeavesWhileTheServersSettingsAreAwaited_NothingIsHeld()
    {
        SimulatedHttpWorld world = World(upstream: 0);
        HttpPeer peer = world.Run(world.ConnectAsync());
        _ = peer.SendAsync(Request);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxHttp2Total == 1));
        peer.Connection.Abort(reset: true);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqActive == 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Client_ResetsItsTunnel_TheUpstreamIsTold(int upstream)
    {
        SimulatedHttpWorld world = World(upstream);
        ServeHttp2(200, "");
        Http2Client client = world.Run(world.ConnectHttp2Async());
        Http2Call call = Open(world, client, "");
        Assert.True(world.Network.RunUntil(() => call.Status == 200));
        client.Reset(call);
        Assert.True(world.Network.RunUntil(
            () => upstream == 1 ? _rest is not null : _http2.Requests[0].ResetCode is not null));
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqActive == 0));
    }

    /// <summary>An extended CONNECT is no CONNECT: its protocol must be allowed.</summary>
    [Theory]
    [InlineData("CONNECT", 403)]
    [InlineData("websocket", 200)]
    public void ExtendedConnect_IsAllowedByItsProtocol(string allowed, int status)
    {
        SimulatedHttpWorld world = new(1, configure: said => said with
        {
            Http2 = said.Http2 with { AllowConnect = true },
            Upgrades = [new UpgradeRule(allowed)],
        }, upstream: Serve);
        Http2Client client = world.Run(world.ConnectHttp2Async());
        Http2Call call = Open(world, client, "");
        Assert.True(world.Network.RunUntil(() => call.Status != 0));
        Assert.Equal(status, call.Status);
    }

    private static string Accept(string key)
    {
#pragma warning disable CA5350 // RFC 6455 §4.2.2.
        byte[] hash = SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
#pragma warning restore CA5350
        return Convert.ToBase64String(hash);
    }

    private static string Field(string head, string name)
    {
        int at = head.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "" : head[(at + name.Length + 4)..].Split("\r\n")[0];
    }

    /// <summary>Opens a tunnel once the proxy has said that it takes extended CONNECT.</summary>
    private static Http2Call Open(
        SimulatedHttpWorld world, Http2Client client, string fields, bool isConnect = false, string early = "")
    {
        Assert.True(world.Network.RunUntil(() => client.Session.SettingsReceived));
        return client.Send(
            "CONNECT", isConnect ? "" : "/chat", fields, Encoding.Latin1.GetBytes(early), staysOpen: true,
            protocol: isConnect ? "" : "websocket");
    }

    private static async Task<Http2Call> AcceptedAsync(SimulatedHttpWorld world, string fields = "")
    {
        Http2Client client = await world.ConnectHttp2Async();
        Http2Call call = Open(world, client, fields);
        while (call.Status == 0)
        {
            await world.SleepAsync(1);
        }

        return call;
    }

    private static async Task<Http2Call> AskedAsync(SimulatedHttpWorld world, string fields = "", string early = "")
    {
        Http2Client client = await world.ConnectHttp2Async();
        return await Open(world, client, fields, early: early).Done;
    }

    private static async Task<string> AskHttp1Async(SimulatedHttpWorld world, bool isConnect)
    {
        HttpPeer peer = await world.ConnectAsync();
        await peer.SendAsync(isConnect ? "CONNECT proxy.test:80 HTTP/1.1\r\nHost: proxy.test:80\r\n\r\n" : Request);
        string? head = await peer.ReadHeadAsync();
        Assert.StartsWith(isConnect ? "HTTP/1.1 200" : "HTTP/1.1 101", head, StringComparison.Ordinal);
        await peer.SendAsync("ping");
        string echo = await peer.ReadAsync(9);
        peer.Connection.Writer.Complete();
        return echo + "|" + await peer.ReadToEndAsync();
    }

    private static async Task<string> AskHttp2Async(SimulatedHttpWorld world, bool isConnect)
    {
        Http2Client client = await world.ConnectHttp2Async();
        Http2Call call = Open(world, client, "", isConnect);
        while (call.Status == 0)
        {
            await world.SleepAsync(1);
        }

        Assert.Equal(200, call.Status);
        client.Continue(call, "ping", isLast: false);
        while (call.Body.Length < 9)
        {
            await world.SleepAsync(1);
        }

        client.Continue(call, "", isLast: true);
        await call.Done;
        Assert.True(call.IsWhole);
        return call.Body.ToString().Insert(9, "|");
    }

    private static RouteConfiguration With(RouteConfiguration routes, RouteMatch match)
    {
        VirtualHost host = routes.VirtualHosts[0];
        return routes with { VirtualHosts = [host with { Routes = [host.Routes[0] with { Match = match }] }] };
    }

    private SimulatedHttpWorld World(int upstream, bool isConnect = false) => new(
        1,
        configure: said => said with
        {
            Http2 = said.Http2 with { AllowConnect = true },
            Upgrades = [new UpgradeRule("websocket"), new UpgradeRule("CONNECT")],
            Routes = With(said.Routes!, isConnect
                ? new RouteMatch { PathKind = PathMatchKind.Connect }
                : new RouteMatch { Path = "/chat" }),
        },
        cluster: model => upstream == 1 ? model : model with { Protocol = UpstreamProtocol.Http2 },
        upstream: upstream switch { 1 => Serve, 2 => _http2.Accept, _ => static _ => { } });

    private void ServeHttp2(int status, string fields)
    {
        _http2.Begun = got => got.Connection.Answer(got, status, "", fields, staysOpen: status < 300);
        _http2.Received = static got =>
        {
            if (got.Body.ToString() == "ping")
            {
                got.Body.Clear();
                got.Connection.Continue(got, "echo ping", isLast: false);
            }
        };
        _http2.Whole = static got =>
        {
            if (got.StaysOpen)
            {
                got.Connection.Continue(got, "bye", isLast: true);
            }
        };
    }

    private void Serve(TransportConnection connection) => _ = ServeAsync(new HttpPeer(connection));

    private async Task ServeAsync(HttpPeer peer)
    {
        if (await peer.ReadHeadAsync() is not { } head)
        {
            return;
        }

        _heads.Add(head);
        bool isConnect = head.StartsWith("CONNECT", StringComparison.Ordinal);
        await peer.SendAsync(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {(isConnect ? "200 OK" : _http1Answer)}\r\n")
            + (_http1Answer[0] == '4' ? "content-length: 0\r\n\r\n"
                : isConnect ? "\r\n"
                : _http1Fields + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                    + _http1AcceptOf(Field(head, "sec-websocket-key")) + "\r\n\r\n"));
        string got = await peer.ReadAsync(4);
        _passed = got;
        if (got == "ping")
        {
            await peer.SendAsync("echo ping");
            got = "";
        }

        _rest = got + await peer.ReadToEndAsync();
        await peer.SendAsync("bye");
        peer.Connection.Close();
    }
}
