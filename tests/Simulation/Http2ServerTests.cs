using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>One HTTP/2 client and the proxy: what RFC 9113 and the settings promise it.</summary>
public sealed class Http2ServerTests
{
    private const string Hello = ":method: GET\n:scheme: http\n:path: /counted/5\n:authority: a.test\n";

    [Fact]
    public void Request_WithBodyAndTrailers_ArrivesAndIsAnswered()
    {
        SimulatedHttpWorld world = World();
        (Http2Client client, Http2Call call) = world.Run(SendAsync(world, static client =>
        {
            var trailers = new HttpFields();
            trailers.Append("x-sum"u8, "7"u8);
            return client.Post("/counted/5", "hello", "x-one: 1\ncookie: a=1", trailers);
        }));
        Assert.Equal(200, call.Status);
        Assert.Equal("abcde", call.Body.ToString());
        Assert.Equal("5", call.Field("content-length"));
        Assert.True(call.IsWhole);
        UpstreamRequest request = Assert.Single(world.Upstream.Requests);
        Assert.Equal("hello", request.Body);
        Assert.Contains("POST /counted/5 HTTP/1.1\r\n", request.Head, StringComparison.Ordinal);
        Assert.Contains("transfer-encoding: chunked\r\n", request.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((1, 1), (world.Stats.DownstreamCxTotal, world.Stats.DownstreamCxHttp2Total));
        Assert.Equal(0, client.Session.StreamCount);
        Assert.Equal((0, 1), (world.Stats.DownstreamCxHttp1Total, world.Stats.DownstreamCxActive));
    }

    [Fact]
    public void Head_OfACountedBody_KeepsItsLengthAndHasNoData()
    {
        SimulatedHttpWorld world = World();
        (_, Http2Call call) = world.Run(SendAsync(
            world, static client => client.Send("HEAD", "/counted/70000", "", default)));
        Assert.Equal(("70000", 0, true), (call.Field("content-length"), call.Body.Length, call.IsWhole));
    }

    [Fact]
    public void Expect_OfAnUpload_IsAnsweredWith100()
    {
        SimulatedHttpWorld world = World();
        (_, Http2Call call) = world.Run(SendAsync(
            world, static client => client.Post("/counted/1", "body", "expect: 100-continue")));
        Assert.Equal([100], call.Interim);
        Assert.Equal(200, call.Status);
    }

    [Fact]
    public void StreamsOverTheLimit_AreRefusedAndTheOthersServed()
    {
        SimulatedHttpWorld world = World(static said => said with { MaxConcurrentStreams = 2 });
        List<Http2Call> calls = world.Run(TogetherAsync());
        Assert.Equal(2, calls.Count(static call => call.Status == 200));
        Assert.Equal(1, calls.Count(static call => call.ResetCode == Http2ErrorCode.RefusedStream));
        Assert.Equal(1, world.Http2Stats.StreamRefusedErrors);

        async Task<List<Http2Call>> TogetherAsync()
        {
            Http2Client client = await world.ConnectHttp2Async();
            List<Http2Call> sent = [client.Get("/counted/1"), client.Get("/counted/2"), client.Get("/counted/3")];
            await Task.WhenAll(sent.ConvertAll(static call => call.Done));
            return sent;
        }
    }

    [Fact]
    public void OneStalledStream_AmongMany_IsBoundedAndResetInTimeAndTheOthersPass()
    {
        SimulatedHttpWorld world = World(manager: static said => said with
        {
            StreamIdleTimeout = TimeSpan.FromSeconds(20),
        });
        long heldBytes = world.Run(StallAsync(world));
        Assert.InRange(heldBytes, 1, 320 << 10);
        Assert.Equal(1, world.Http2Stats.TxReset);
        Assert.Equal(0, world.ProxyReactor.Buffers.RentedBytes);
    }

    [Fact]
    public void DataBeyondContentLength_NeverReachesTheUpstreamAsAWholeRequest()
    {
        SimulatedHttpWorld world = World();
        string frames = world.Run(SendRawAsync(
            world,
            Frames.Headers(1, Hello.Replace("GET", "POST", StringComparison.Ordinal) + "content-length: 5", false),
            Frames.Data(1, "hello!"u8, endStream: true)));
        Assert.Contains("RST_STREAM 1 ProtocolError\n", frames, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Upstream.Requests, static request => request.IsWhole && request.Body.Length > 0);
        Assert.Equal(1, world.Http2Stats.RxMessagingError);
    }

    [Theory]
    [InlineData("connection: close")]
    [InlineData("Upper: 1")]
    [InlineData("transfer-encoding: chunked")]
    [InlineData("host: other.test")]
    [InlineData("te: gzip")]
    public void MalformedHead_ResetsItsStreamAndForwardsNothing(string field)
    {
        SimulatedHttpWorld world = World();
        string frames = world.Run(SendRawAsync(world, Frames.Headers(1, Hello + field)));
        Assert.Contains("RST_STREAM 1 ProtocolError\n", frames, StringComparison.Ordinal);
        Assert.Contains("HEADERS 3\n", frames, StringComparison.Ordinal);
        Assert.DoesNotContain("GOAWAY 1", frames, StringComparison.Ordinal);
        Assert.Single(world.Upstream.Requests);
        Assert.Equal(1, world.Http2Stats.RxMessagingError);
        Assert.Equal(1, world.Stats.DownstreamCxProtocolError);
    }

    [Fact]
    public void MalformedHead_WhereStreamErrorsAreOff_EndsTheConnection()
    {
        SimulatedHttpWorld world = World(static said => said with { StreamErrorOnMalformedMessage = false });
        string frames = world.Run(SendRawAsync(world, Frames.Headers(1, Hello + "connection: close")));
        Assert.EndsWith("GOAWAY 1 ProtocolError\n", frames, StringComparison.Ordinal);
        Assert.Empty(world.Upstream.Requests);
    }

    [Theory]
    [InlineData(UnderscoresAction.RejectRequest, 400, 1, 0)]
    [InlineData(UnderscoresAction.DropField, 200, 0, 1)]
    public void Underscores_AreRejectedOrDropped(UnderscoresAction action, int status, int rejected, int dropped)
    {
        SimulatedHttpWorld world = World(manager: said => said with { HeadersWithUnderscores = action });
        (_, Http2Call call) = world.Run(SendAsync(world, static client => client.Get("/counted/1", "x_y: 1")));
        Assert.Equal(status, call.Status);
        Assert.Equal(
            (rejected, dropped), (world.Http2Stats.RejectedUnderscores, world.Http2Stats.DroppedUnderscores));
        Assert.DoesNotContain(
            world.Upstream.Requests, static request => request.Head.Contains("x_y", StringComparison.Ordinal));
    }

    [Fact]
    public void RapidReset_EndsTheConnectionCalmly()
    {
        SimulatedHttpWorld world = World();
        Http2Client client = world.Run(FloodAsync());
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, client.GoAways[^1].Code);
        Assert.Equal(1, world.Http2Stats.RapidResetFlood);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqActive == 0, 60_000));

        async Task<Http2Client> FloodAsync()
        {
            Http2Client client = await world.ConnectHttp2Async();
            for (int i = 0; i < 1000 && !client.IsOver; i++)
            {
                Http2Call call = client.Get("/hang");
                if (call.ResetCode is null)
                {
                    client.Reset(call);
                }
            }

            await client.Ended;
            return client;
        }
    }

    [Fact]
    public void UnfinishedFieldBlock_EndsTheConnectionInTime()
    {
        SimulatedHttpWorld world = World();
        byte[] headers = Frames.Frame(
            FrameType.Headers, FrameFlags.EndStream, 1, Frames.Block(Hello));
        Http2Client client = world.Run(WaitForEndAsync(world, client => client.SendRaw(headers)));
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, client.GoAways[^1].Code);
        Assert.Equal(1, world.Stats.DownstreamRqHeaderTimeout);
    }

    [Fact]
    public void IdleConnection_EndsWithGoAway()
    {
        SimulatedHttpWorld world = World(manager: static said => said with { IdleTimeout = TimeSpan.FromSeconds(30) });
        Http2Client client = world.Run(WaitForEndAsync(world, static _ => { }));
        Assert.Equal(Http2ErrorCode.NoError, Assert.Single(client.GoAways).Code);
        Assert.Equal(1, world.Stats.DownstreamCxIdleTimeout);
        Assert.Equal(0, world.Stats.DownstreamCxActive);
    }

    [Fact]
    public void Drain_TakesWhatIsOnItsWay_ThenEnds()
    {
        SimulatedHttpWorld world = World();
        (Http2Client client, Http2Call call) = world.Run(DrainAsync());
        Assert.Equal(200, call.Status);
        Assert.Equal([(int.MaxValue, Http2ErrorCode.NoError), (3, Http2ErrorCode.NoError)], client.GoAways);

        async Task<(Http2Client, Http2Call)> DrainAsync()
        {
            Http2Client client = await world.ConnectHttp2Async();
            Http2Call call = client.Send("POST", "/counted/9", "", Encoding.Latin1.GetBytes("a"), staysOpen: true);
            await client.Get("/counted/1").Done;
            world.ProxyReactor.Post(_ => world.Accepted[0].BeginDrain(), null);
            await UntilAsync(world, () => client.GoAways.Count > 0);
            client.Continue(call, "b", isLast: true);
            await call.Done;
            await client.Ended;
            return (client, call);
        }
    }

    [Fact]
    public void Drain_OfAClientThatAnswersNothing_EndsInTime()
    {
        SimulatedHttpWorld world = World(manager: static said => said with { DrainTimeout = TimeSpan.FromSeconds(3) });
        world.Run(DrainAsync());
        Assert.Equal(0, world.Stats.DownstreamCxActive);

        async Task<bool> DrainAsync()
        {
            HttpPeer peer = await world.ConnectAsync();
            peer.Connection.Writer.Append([.. Frames.Preface, .. Frames.Settings()]);
            peer.Connection.Writer.Flush();
            await UntilAsync(world, () => world.Stats.DownstreamCxHttp2Active == 1);
            long beganMs = world.ProxyReactor.NowMs;
            world.ProxyReactor.Post(_ => world.Accepted[0].BeginDrain(), null);
            await peer.ReadToEndAsync();
            Assert.InRange(world.ProxyReactor.NowMs - beganMs, 2900, 4500);
            return true;
        }
    }

    [Fact]
    public void ConnectionOfFullAge_IsDrained()
    {
        SimulatedHttpWorld world = World(
            manager: static said => said with { MaxConnectionDuration = TimeSpan.FromSeconds(10) });
        Http2Client client = world.Run(WaitForEndAsync(world, static _ => { }));
        Assert.Equal([int.MaxValue, 0], client.GoAways.ConvertAll(static goAway => goAway.Last));
        Assert.Equal(1, world.Stats.DownstreamCxMaxDurationReached);
    }

    [Fact]
    public void RequestsOfAConnection_UsedUp_DrainIt()
    {
        SimulatedHttpWorld world = World(manager: static said => said with { MaxRequestsPerConnection = 2 });
        Http2Client client = world.Run(WaitForEndAsync(world, static client =>
        {
            client.Get("/counted/1");
            client.Get("/counted/2");
        }));
        Assert.Equal([int.MaxValue, 3], client.GoAways.ConvertAll(static goAway => goAway.Last));
        Assert.Equal(2, world.Upstream.Requests.Count);
    }

    [Fact]
    public void Keepalive_OfAClientThatIsGone_EndsTheConnection()
    {
        SimulatedHttpWorld world = World(static said => said with
        {
            KeepaliveInterval = TimeSpan.FromSeconds(30),
            KeepaliveTimeout = TimeSpan.FromSeconds(10),
        });
        world.Run(SilentAsync());
        Assert.Equal(1, world.Http2Stats.KeepaliveTimeout);

        async Task<bool> SilentAsync()
        {
            HttpPeer peer = await world.ConnectAsync();
            peer.Connection.Writer.Append([.. Frames.Preface, .. Frames.Settings()]);
            peer.Connection.Writer.Flush();
            await peer.ReadToEndAsync();
            return true;
        }
    }

    [Fact]
    public void Keepalive_OfAClientThatAnswers_KeepsTheConnection()
    {
        SimulatedHttpWorld world = World(
            static said => said with
            {
                KeepaliveInterval = TimeSpan.FromSeconds(30),
                KeepaliveTimeout = TimeSpan.FromSeconds(10),
            },
            static said => said with { IdleTimeout = TimeSpan.FromSeconds(200) });
        Http2Client client = world.Run(WaitForEndAsync(world, static _ => { }));
        Assert.Equal((0, 1), (world.Http2Stats.KeepaliveTimeout, world.Stats.DownstreamCxIdleTimeout));
    }

    [Fact]
    public void UpgradeToH2c_IsServedAsHttp1()
    {
        SimulatedHttpWorld world = World();
        string answer = world.Exchange(
            "GET /counted/3 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n" +
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        UpstreamRequest request = Assert.Single(world.Upstream.Requests);
        Assert.DoesNotContain("h2c", request.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http2-settings", request.Head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Connect_IsRefused()
    {
        SimulatedHttpWorld world = World();
        string frames = world.Run(SendRawAsync(
            world, Frames.Headers(1, ":method: CONNECT\n:authority: a.test:80\n", endStream: false)));
        Assert.Contains("HEADERS 1", frames, StringComparison.Ordinal);
        Assert.Single(world.Upstream.Requests);
        Assert.Equal(1, world.Stats.Responses.Of4xx);
    }

    private static SimulatedHttpWorld World(
        Func<Http2ProtocolSettings, Http2ProtocolSettings>? http2 = null,
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>? manager = null) =>
        new(1, configure: said =>
        {
            said = said with { Http2 = http2?.Invoke(said.Http2) ?? said.Http2 };
            return manager?.Invoke(said) ?? said;
        });

    private static async Task<(Http2Client Client, Http2Call Call)> SendAsync(
        SimulatedHttpWorld world, Func<Http2Client, Http2Call> send)
    {
        Http2Client client = await world.ConnectHttp2Async();
        return (client, await send(client).Done);
    }

    /// <summary>Sends frames that no codec makes, then a request that must still be served.</summary>
    private static async Task<string> SendRawAsync(SimulatedHttpWorld world, params byte[][] frames)
    {
        HttpPeer peer = await world.ConnectAsync();
        peer.Connection.Writer.Append([.. Frames.Preface, .. Frames.Settings(), .. Frames.SettingsAck()]);
        foreach (byte[] frame in frames)
        {
            peer.Connection.Writer.Append(frame);
        }

        peer.Connection.Writer.Append(Frames.Headers(3, Hello));
        peer.Connection.Writer.Flush();
        Task<string> answer = peer.ReadToEndAsync();
        await UntilAsync(world, () => answer.IsCompleted || world.Stats.Responses.Of2xx > 0);
        world.ProxyReactor.Post(_ => world.Accepted[0].BeginDrain(), null);
        return Frames.Describe(Encoding.Latin1.GetBytes(await answer));
    }

    private static async Task<Http2Client> WaitForEndAsync(SimulatedHttpWorld world, Action<Http2Client> send)
    {
        Http2Client client = await world.ConnectHttp2Async();
        await UntilAsync(world, () => client.Session.SettingsReceived);
        send(client);
        await client.Ended;
        return client;
    }

    private static async Task<long> StallAsync(SimulatedHttpWorld world)
    {
        Http2Client client = await world.ConnectHttp2Async();
        client.ConsumesData = false;
        Http2Call stalled = client.Get("/counted/5000000");
        await UntilAsync(world, () => stalled.Unconsumed >= 65_535);
        var others = new List<Http2Call>();
        for (int i = 0; i < 50; i++)
        {
            Http2Call other = client.Get("/counted/9000");
            others.Add(await other.Done);
            client.Session.ConsumeData(other.Key, other.Unconsumed);
        }

        Assert.All(others, static call => Assert.Equal((200, 9000), (call.Status, call.Body.Length)));
        long held = world.ProxyReactor.Buffers.RentedBytes;
        await stalled.Done;
        Assert.False(stalled.IsWhole);
        client.Connection.Close();
        await client.Ended;
        await UntilAsync(world, () => world.ProxyReactor.Buffers.RentedBytes == 0);
        return held;
    }

    /// <summary>Waits in virtual time.</summary>
    private static async Task UntilAsync(SimulatedHttpWorld world, Func<bool> condition)
    {
        while (!condition())
        {
            await world.SleepAsync(1);
        }
    }
}
