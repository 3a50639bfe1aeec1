using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>What a route's retry policy does with outcomes, bodies, limits and time.</summary>
public sealed class RetryTests
{
    private const string Get = "GET /counted/3 HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData(RetryConditions.ServerError)]
    [InlineData(RetryConditions.GatewayError)]
    [InlineData(RetryConditions.RetriableStatusCodes)]
    public void Status_ThatIsCovered_IsTriedAgain(RetryConditions conditions)
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = conditions, StatusCodes = [503] });
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(200, Answer(world, Get).Status);
        Assert.Equal(2, world.Upstream.Requests.Count);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetry);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetrySuccess);
        Assert.Equal(0, world.ClusterStats.UpstreamRqRetryActive);
    }

    [Theory]
    [InlineData(RetryConditions.Reset, 503)]
    [InlineData(RetryConditions.Retriable4xx, 503)]
    [InlineData(RetryConditions.RetriableStatusCodes, 501)]
    public void Status_ThatIsNotCovered_StandsAsItCame(RetryConditions conditions, int code)
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = conditions, StatusCodes = [(uint)code] });
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(503, Answer(world, Get).Status);
        Assert.Single(world.Upstream.Requests);
        Assert.Equal(0, world.ClusterStats.UpstreamRqRetry);
    }

    [Theory]
    [InlineData("409 Conflict", "", RetryConditions.Retriable4xx)]
    [InlineData("200 OK", "grpc-status: 14\r\n", RetryConditions.GrpcUnavailable)]
    [InlineData("200 OK", "grpc-status: 1\r\n", RetryConditions.GrpcCancelled)]
    [InlineData("429 Too Many Requests", "x-envoy-ratelimited: true\r\n", RetryConditions.EnvoyRateLimited)]
    public void Answer_OfAKindThatIsCovered_IsTriedAgain(string status, string field, RetryConditions conditions)
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = conditions });
        world.Upstream.RawResponse = $"HTTP/1.1 {status}\r\n{field}Content-Length: 0\r\n\r\n";
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(200, Answer(world, Get).Status);
        Assert.Equal(2, world.Upstream.Requests.Count);
    }

    [Fact]
    public void Answer_ThatTheUpstreamIsOverloaded_IsNotTriedAgain()
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse =
            "HTTP/1.1 503 Service Unavailable\r\nx-envoy-overloaded: true\r\nContent-Length: 0\r\n\r\n";
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(503, Answer(world, Get).Status);
        Assert.Single(world.Upstream.Requests);
    }

    [Theory]
    [InlineData(RetryConditions.Reset, 200)]
    [InlineData(RetryConditions.ServerError, 200)]
    [InlineData(RetryConditions.ConnectFailure, 503)]
    [InlineData(RetryConditions.ResetBeforeRequest, 503)]
    public void Reset_AfterThePostWasRead_IsTriedAgainWhereCovered(RetryConditions conditions, int expected)
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = conditions });
        world.Upstream.Instead.Enqueue("/reset");
        Assert.Equal(expected, Answer(world, Post(10)).Status);
    }

    [Fact]
    public void Retries_UsedUp_GiveTheLastAnswerAndSayIt()
    {
        SimulatedHttpWorld world = World(new RetryPolicy
        {
            Conditions = RetryConditions.ServerError,
            NumRetries = 3,
        });
        world.Upstream.RawResponse = Unavailable;
        for (int i = 0; i < 10; i++)
        {
            world.Upstream.Instead.Enqueue("/raw");
        }

        PeerResponse answer = Answer(world, Get);
        Assert.Equal(503, answer.Status);
        Assert.Equal(4, world.Upstream.Requests.Count);
        Assert.Equal(3, world.ClusterStats.UpstreamRqRetry);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetryLimitExceeded);
        Assert.Equal(0, world.ClusterStats.UpstreamRqRetrySuccess);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void Body_WithinTheBuffer_IsSentAgainWhole(int length)
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(200, Answer(world, Post(length)).Status);
        Assert.Equal(2, world.Upstream.Requests.Count);
        Assert.All(world.Upstream.Requests, request => Assert.Equal(ScriptedUpstream.Pattern(length), request.Body));
        Assert.Empty(world.Upstream.Instead);
    }

    [Fact]
    public void ChunkedBody_IsSentAgainWhole()
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        string body = ScriptedUpstream.Pattern(50_000);
        string chunks = string.Concat(body.Chunk(7_000).Select(static piece =>
            string.Create(CultureInfo.InvariantCulture, $"{piece.Length:x}\r\n{new string(piece)}\r\n")));
        string post = $"POST /counted/3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n";
        Assert.Equal(200, Answer(world, post).Status);
        Assert.Equal(2, world.Upstream.Requests.Count);
        Assert.All(world.Upstream.Requests, request => Assert.Equal(body, request.Body));
    }

    [Fact]
    public void Body_BeyondTheBuffer_IsSentOnce()
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        Assert.Equal(503, Answer(world, Post(1_100_000)).Status);
        Assert.Single(world.Upstream.Requests);
        Assert.Equal(0, world.ClusterStats.UpstreamRqRetry);
    }

    [Fact]
    public void Body_HalfHereWhenTheAttemptFails_IsSentAgainAndGoesOn()
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse = Unavailable;
        HttpPeer peer = world.Run(world.ConnectAsync());
        string body = ScriptedUpstream.Pattern(40_000);
        _ = peer.SendAsync($"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body[..20_000]}");
        Assert.True(world.Network.RunUntil(() => world.ClusterStats.UpstreamRqRetry == 1, 10_000));
        world.Upstream.RawResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        _ = peer.SendAsync(body[20_000..]);
        Assert.Equal(200, world.Run(peer.ReadResponseAsync())!.Status);
        Assert.True(world.Network.RunUntil(() => world.Upstream.Requests.Exists(static r => r.IsWhole), 10_000));
        Assert.Equal(body, world.Upstream.Requests.Single(static request => request.IsWhole).Body);
    }

    [Fact]
    public void Attempt_LongerThanThePerTryTimeout_IsTriedAgain()
    {
        SimulatedHttpWorld world = World(new RetryPolicy
        {
            Conditions = RetryConditions.ServerError,
            PerTryTimeout = TimeSpan.FromSeconds(1),
        });
        world.Upstream.Instead.Enqueue("/hang");
        Assert.Equal(200, Answer(world, Get).Status);
        Assert.Equal(1, world.ClusterStats.UpstreamRqPerTryTimeout);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetry);
    }

    [Fact]
    public void Attempts_AllLongerThanThePerTryTimeout_EndIn504()
    {
        SimulatedHttpWorld world = World(new RetryPolicy
        {
            Conditions = RetryConditions.GatewayError,
            NumRetries = 2,
            PerTryTimeout = TimeSpan.FromSeconds(1),
        });
        for (int i = 0; i < 5; i++)
        {
            world.Upstream.Instead.Enqueue("/hang");
        }

        Assert.Equal(504, Answer(world, Get).Status);
        Assert.Equal(3, world.Upstream.Requests.Count);
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetryLimitExceeded);
    }

    [Fact]
    public void RouteTimeout_DuringABackOff_EndsTheWait()
    {
        SimulatedHttpWorld world = World(
            new RetryPolicy
            {
                Conditions = RetryConditions.ServerError,
                NumRetries = 100,
                BackOffBase = TimeSpan.FromHours(1),
                BackOffMax = TimeSpan.FromHours(1),
            },
            timeoutSeconds: 2);
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        HttpPeer peer = world.Run(world.ConnectAsync());
        Assert.Equal(504, world.Run(OneAsync(peer, Get), 10_000)!.Status);
        Assert.Single(world.Upstream.Requests);
        Assert.Equal(0, world.ClusterStats.UpstreamRqRetryActive);
    }

    [Fact]
    public void Retries_BeyondMaxRetries_AreNotMade()
    {
        SimulatedHttpWorld world = World(
            new RetryPolicy { Conditions = RetryConditions.ServerError }, new CircuitBreaker(MaxRetries: 0));
        world.Upstream.RawResponse = Unavailable;
        world.Upstream.Instead.Enqueue("/raw");
        PeerResponse answer = Answer(world, Get);
        Assert.Equal(503, answer.Status);
        Assert.Null(answer.Field("x-envoy-overloaded"));
        Assert.Equal(1, world.ClusterStats.UpstreamRqRetryOverflow);
        Assert.Equal(0, world.ClusterStats.UpstreamRqPendingOverflow);
        Assert.Single(world.Upstream.Requests);
    }

    [Fact]
    public void Connection_KeepsServingAfterRetries()
    {
        SimulatedHttpWorld world = World(new RetryPolicy { Conditions = RetryConditions.ServerError });
        world.Upstream.RawResponse = Unavailable;
        HttpPeer peer = world.Run(world.ConnectAsync());
        for (int i = 0; i < 20; i++)
        {
            world.Upstream.Instead.Enqueue(i % 2 == 0 ? "/raw" : "/reset");
            PeerResponse answer = world.Run(OneAsync(peer, i % 3 == 0 ? Post(30_000) : Get))!;
            Assert.Equal(200, answer.Status);
        }

        Assert.Equal(20, world.ClusterStats.UpstreamRqRetry);
    }

    private static string Post(int length) =>
        $"POST /counted/3 HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{ScriptedUpstream.Pattern(length)}";

    private static PeerResponse Answer(SimulatedHttpWorld world, string request) =>
        world.Run(OneAsync(world.Run(world.ConnectAsync()), request))!;

    private static async Task<PeerResponse?> OneAsync(HttpPeer peer, string request)
    {
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }

    private static SimulatedHttpWorld World(
        RetryPolicy policy, CircuitBreaker? breaker = null, int timeoutSeconds = 15) => new(
        1,
        route: action => action with { Retry = policy, Timeout = TimeSpan.FromSeconds(timeoutSeconds) },
        cluster: model => model with { CircuitBreaker = breaker ?? new CircuitBreaker() });
}
