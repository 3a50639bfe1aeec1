using System;
using System.Collections.Generic;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>The proxy as an HTTP/2 client: translation, shared connections, upstreams that refuse or die.</summary>
public sealed class Http2UpstreamTests
{
    private const string Close = "Connection: close\r\n";

    private readonly Http2Upstream _upstream = new();

    [Fact]
    public void Request_OfHttp1_BecomesAStream()
    {
        SimulatedHttpWorld world = World();
        PeerResponse answer = Ask(world,
            $"POST /a?b=c HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n{Close}"
            + "X-Name: v\r\nKeep-Alive: 5\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        Assert.Equal((200, "hello", true), (answer.Status, answer.Body, answer.IsWhole));
        Http2Got got = Assert.Single(_upstream.Requests);
        Assert.Equal("POST /a?b=c web.test", got.Line);
        Assert.Equal("abc", got.Body.ToString());
        Assert.Contains("|x-name=v", got.Fields, StringComparison.Ordinal);
        Assert.DoesNotContain("keep-alive", got.Fields, StringComparison.Ordinal);
        Assert.DoesNotContain("connection", got.Fields, StringComparison.Ordinal);
        Assert.DoesNotContain("transfer-encoding", got.Fields, StringComparison.Ordinal);
        Assert.Equal(1, world.ClusterStats.UpstreamCxHttp2Total);
    }

    [Fact]
    public void Head_OfHttp1_KeepsTheDeclaredLength()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static got => got.Connection.Answer(got, 200, "", "content-length: 1234");
        string answer = world.Exchange($"HEAD / HTTP/1.1\r\nHost: a\r\n{Close}\r\n");
        Assert.Contains("content-length: 1234\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Trailers_OfBothSides_PassBetweenHttp2AndHttp2()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static got =>
            got.Connection.Answer(got, 200, "hello", "grpc-encoding: identity", Trailers("grpc-status", "0"));
        Http2Call call = world.Run(CallAsync(world, static client =>
            client.Post("/s/m", "question", "te: trailers", Trailers("x-checksum", "1"))));
        Assert.Equal("hello", call.Body.ToString());
        Assert.Equal("|grpc-status=0", call.Trailers);
        Http2Got got = Assert.Single(_upstream.Requests);
        Assert.Equal("|x-checksum=1", got.Trailers);
        Assert.Contains("|te=trailers", got.Fields, StringComparison.Ordinal);
    }

    [Fact]
    public void Interim_Heads_PassAndTheFinalOneFollows()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static got =>
        {
            got.Connection.Answer(got, 103, "", "link: </a.css>");
            got.Connection.Answer(got, 103, "", "link: </b.css>");
            got.Connection.Answer(got, 200, "hello");
        };
        Http2Call call = world.Run(CallAsync(world, static client => client.Get("/")));
        Assert.Equal([103, 103], call.Interim);
        Assert.Equal((200, "hello"), (call.Status, call.Body.ToString()));
    }

    [Fact]
    public void Requests_OfManyClients_ShareOneConnection()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static _ => { };
        var answers = new List<Task<PeerResponse>>();
        for (int i = 0; i < 50; i++)
        {
            answers.Add(AskAsync(world, $"GET /{i} HTTP/1.1\r\nHost: a\r\n{Close}\r\n"));
        }

        Assert.True(world.Network.RunUntil(() => _upstream.Requests.Count == 50));
        Assert.Single(_upstream.Connections);
        _upstream.Requests.ForEach(static got => got.Connection.Answer(got, 200, "x"));
        world.Run(Task.WhenAll(answers));
        Assert.All(answers, static answer => Assert.Equal(200, answer.Result.Status));
        Assert.Equal(0, world.First.UpstreamHttp2Stats.StreamsActive);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    public void Streams_BeyondTheServersLimit_WaitOnOneConnectionWhenThereMayBeNoOther(int streams, int requests)
    {
        SimulatedHttpWorld world = World(static model => model with
        {
            CircuitBreaker = new CircuitBreaker(MaxConnections: 1),
        });
        _upstream.StreamsMax = streams;
        int most = 0;
        var held = new Queue<Http2Got>();
        _upstream.Whole = got =>
        {
            held.Enqueue(got);
            most = Math.Max(most, held.Count);
        };

        // The server's SETTINGS are known from the first on.
        Task<PeerResponse> first = AskAsync(world, $"GET / HTTP/1.1\r\nHost: a\r\n{Close}\r\n");
        Assert.True(world.Network.RunUntil(() => held.Count == 1));
        Release(held);
        world.Run(first);
        var answers = new List<Task<PeerResponse>>();
        for (int i = 0; i < requests; i++)
        {
            answers.Add(AskAsync(world, $"GET /{i} HTTP/1.1\r\nHost: a\r\n{Close}\r\n"));
        }

        for (int i = 0; i < requests; i++)
        {
            int expected = Math.Min(streams, requests - i);
            Assert.True(world.Network.RunUntil(() => held.Count == expected));
            Release(held);
        }

        world.Run(Task.WhenAll(answers));
        Assert.Single(_upstream.Connections);
        Assert.Equal(Math.Min(streams, requests), most);
        Assert.DoesNotContain(_upstream.Requests, static got => got.ResetCode is not null);
    }

    [Theory]
    [InlineData(1, 200)]
    [InlineData(9, 200)]
    [InlineData(10, 503)]
    public void Stream_ThatIsRefused_IsSentAgainWithItsBody(int refusals, int status)
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = got =>
        {
            if (refusals-- > 0)
            {
                got.Connection.Reset(got, Http2ErrorCode.RefusedStream);
            }
            else
            {
                got.Connection.Answer(got, 200, got.Body.ToString());
            }
        };
        PeerResponse answer = Ask(
            world, $"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n{Close}\r\nbody");
        Assert.Equal(status, answer.Status);
        Assert.Contains(status == 200 ? "body" : "remote refused stream reset", answer.Body, StringComparison.Ordinal);
        Assert.All(_upstream.Requests, static got => Assert.Equal("body", got.Body.ToString()));
    }

    [Fact]
    public void Stream_ThatFailedOtherwise_IsNotSentAgain()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static got => got.Connection.Reset(got, Http2ErrorCode.InternalError);
        string answer = world.Exchange($"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n{Close}\r\nbody");
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Contains("remote reset", answer, StringComparison.Ordinal);
        Assert.Single(_upstream.Requests);
        Assert.Equal(1, world.First.UpstreamHttp2Stats.RxReset);
    }

    [Fact]
    public void GoAway_StreamsAboveTheLast_GoToANewConnectionAndTheOthersEnd()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static _ => { };
        Task<PeerResponse> first = AskAsync(
            world, $"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{Close}\r\nx");
        Assert.True(world.Network.RunUntil(() => _upstream.Requests.Count == 1));
        Http2Got kept = _upstream.Requests[0];
        Task<PeerResponse> second = AskAsync(
            world, $"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{Close}\r\ny");
        Assert.True(world.Network.RunUntil(() => _upstream.Requests.Count == 2));

        // It has not looked at the second when it says goodbye.
        _upstream.Whole = static got => got.Connection.Answer(got, 200, "second");
        kept.Connection.SendRaw(Frames.GoAway(kept.Key.Id, Http2ErrorCode.NoError));
        Assert.Equal("second", world.Run(second).Body);
        Assert.Equal(["y", "y"], _upstream.Requests[1..].ConvertAll(static got => got.Body.ToString()));
        Assert.Equal(2, _upstream.Connections.Count);

        kept.Connection.Answer(kept, 200, "first");
        Assert.Equal("first", world.Run(first).Body);
        world.Run(WithResultAsync(kept.Connection.Ended));
        Assert.True(kept.Connection.IsLeft);
    }

    [Fact]
    public void Connection_HasHadItsRequests_EndsWithItsLastStream()
    {
        SimulatedHttpWorld world = World(static model => model with { MaxRequestsPerConnection = 2 });
        for (int i = 0; i < 5; i++)
        {
            Assert.StartsWith(
                "HTTP/1.1 200 ", world.Exchange($"GET / HTTP/1.1\r\nHost: a\r\n{Close}\r\n"), StringComparison.Ordinal);
        }

        Assert.Equal(3, _upstream.Connections.Count);
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamCxActive == 1));
    }

    [Fact]
    public void Upstream_AnswersNoPing_LosesItsConnectionAndTheRequestIsAnswered()
    {
        SimulatedHttpWorld world = World(static model => model with
        {
            Http2 = model.Http2 with
            {
                KeepaliveInterval = TimeSpan.FromSeconds(2), KeepaliveTimeout = TimeSpan.FromSeconds(1),
            },
        });
        _upstream.Whole = got => _upstream.IsAlive = false;
        string answer = world.Exchange($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{Close}\r\nx");
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Equal(1, world.First.UpstreamHttp2Stats.KeepaliveTimeout);
    }

    [Fact]
    public void Upstream_SpeaksHttp1_IsABadGateway()
    {
        SimulatedHttpWorld world = new(1, cluster: static model => model with { Protocol = UpstreamProtocol.Http2 });
        world.Upstream.RawResponse = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        world.Upstream.Instead.Enqueue("/raw");
        Assert.StartsWith(
            "HTTP/1.1 502 ", world.Exchange($"GET /a HTTP/1.1\r\nHost: a\r\n{Close}\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Upstream_ClosesAtOnceAlways_AnswersAndDoesNotSpin()
    {
        int connects = 0;
        SimulatedHttpWorld world = new(
            1, cluster: static model => model with { Protocol = UpstreamProtocol.Http2 },
            upstream: connection =>
            {
                connects++;
                connection.Close();
            });
        Assert.StartsWith(
            "HTTP/1.1 503 ", world.Exchange($"GET /a HTTP/1.1\r\nHost: a\r\n{Close}\r\n"), StringComparison.Ordinal);
        Assert.InRange(connects, 1, 3);
    }

    /// <summary>The connect and the handshake behind it have one time limit.</summary>
    [Fact]
    public void Upstream_NeverAnswersTheHandshake_TimesOutAsAConnect()
    {
        SimulatedHttpWorld world = new(
            1,
            cluster: static model => model with
            {
                Tls = SimulatedTls.Upstream, ConnectTimeout = TimeSpan.FromSeconds(2),
            },
            upstream: static _ => { });
        long startMs = world.ClientReactor.NowMs;
        PeerResponse answer = Ask(world, $"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{Close}\r\nx");
        Assert.Equal(503, answer.Status);
        Assert.Contains("connection timeout", answer.Body, StringComparison.Ordinal);
        Assert.InRange(world.ClientReactor.NowMs - startMs, 1_990, 2_100);
        Assert.Equal(1, world.ClusterStats.UpstreamCxConnectTimeout);
        Assert.Equal(1, world.ClusterStats.UpstreamCxConnectFail);
    }

    [Fact]
    public void Client_Cancels_TheStreamIsCancelledAndTheConnectionServesOn()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static _ => { };
        Http2Client client = world.Run(world.ConnectHttp2Async());
        Http2Call call = client.Get("/slow");
        Assert.True(world.Network.RunUntil(() => _upstream.Requests.Count == 1));
        client.Reset(call);
        Assert.True(world.Network.RunUntil(() => _upstream.Requests[0].ResetCode is not null));
        Assert.Equal(Http2ErrorCode.Cancel, _upstream.Requests[0].ResetCode);
        _upstream.Whole = static got => got.Connection.Answer(got, 200, "next");
        Assert.Equal("next", world.Run(client.Get("/next").Done).Body.ToString());
        Assert.Single(_upstream.Connections);
    }

    /// <summary>However many clients do not read, the connection's window is not theirs alone.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    public void Clients_ReadNothing_TheUpstreamIsStoppedByTheirWindowsAndOthersAreServed(int stalled)
    {
        SimulatedHttpWorld world = World();
        const int BodyBytes = 4 << 20;
        _upstream.Whole = static got =>
            got.Connection.Answer(got, 200, got.Line.Contains("/big", StringComparison.Ordinal)
                ? ScriptedUpstream.Pattern(BodyBytes)
                : "small");
        Http2Client client = world.Run(world.ConnectHttp2Async(
            Http2Limits.Default with { ConnectionWindowBytes = 16 << 20 }));
        client.ConsumesData = false;
        var calls = new List<Http2Call>();
        for (int i = 0; i < stalled; i++)
        {
            calls.Add(client.Get("/big"));
        }

        Assert.True(world.Network.RunUntil(() => calls.TrueForAll(static big => big.Unconsumed > 60_000)));
        Assert.False(world.Network.RunUntil(static () => false, 1000));
        Assert.Equal("small", world.Run(client.Get("/other").Done).Body.ToString());
        for (int i = 0; i < stalled; i++)
        {
            Assert.InRange(BodyBytes - _upstream.Requests[i].Unsent.Length, 1, 512 << 10);
        }

        client.ConsumesData = true;
        client.Consume(calls[0], calls[0].Unconsumed);
        Assert.Equal(BodyBytes, world.Run(calls[0].Done).Body.Length);
    }

    [Fact]
    public void Body_ThatContradictsItsLength_ReachesNoClientAsWhole()
    {
        SimulatedHttpWorld world = World();
        _upstream.Whole = static got => got.Connection.Answer(got, 200, "hello", "content-length: 9");
        Http2Call call = world.Run(CallAsync(world, static client => client.Get("/")));
        Assert.False(call.IsWhole && call.Status == 200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UseDownstreamProtocol_SpeaksWhatTheClientSpeaks(bool isHttp2)
    {
        SimulatedHttpWorld world = new(
            1,
            cluster: static model => model with { Protocol = UpstreamProtocol.UseDownstream },
            upstream: isHttp2 ? _upstream.Accept : null);
        int status = isHttp2
            ? world.Run(CallAsync(world, static client => client.Get("/counted/3"))).Status
            : world.Exchange($"GET /counted/3 HTTP/1.1\r\nHost: a\r\n{Close}\r\n").StartsWith(
                "HTTP/1.1 200 ", StringComparison.Ordinal) ? 200 : 0;
        Assert.Equal(200, status);
        Assert.Equal(isHttp2 ? 1 : 0, world.ClusterStats.UpstreamCxHttp2Total);
    }

    private SimulatedHttpWorld World(Func<Cluster, Cluster>? cluster = null) => new(
        1,
        cluster: model => (cluster ?? (static same => same))(model with { Protocol = UpstreamProtocol.Http2 }),
        upstream: _upstream.Accept);

    private static void Release(Queue<Http2Got> held)
    {
        Http2Got got = held.Dequeue();
        got.Connection.Answer(got, 200, "x");
        got.Connection.Session.Release(got.Key);
        got.Connection.Pump();
    }

    private static HttpFields Trailers(string name, string value)
    {
        var trailers = new HttpFields();
        trailers.Append(Encoding.Latin1.GetBytes(name), Encoding.Latin1.GetBytes(value));
        return trailers;
    }

    private static async Task<Http2Call> CallAsync(SimulatedHttpWorld world, Func<Http2Client, Http2Call> send)
    {
        Http2Client client = await world.ConnectHttp2Async();
        return await send(client).Done;
    }

    private static PeerResponse Ask(SimulatedHttpWorld world, string request) => world.Run(AskAsync(world, request));

    private static async Task<PeerResponse> AskAsync(SimulatedHttpWorld world, string request)
    {
        HttpPeer peer = await world.ConnectAsync();
        await peer.SendAsync(request);
        return (await peer.ReadResponseAsync())!;
    }

    private static async Task<bool> WithResultAsync(Task task)
    {
        await task;
        return true;
    }
}
