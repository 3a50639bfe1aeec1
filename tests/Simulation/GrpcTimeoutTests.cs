using System;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>How far <c>grpc-timeout</c> of a call stands for the limits of its route.</summary>
public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("300m", 0, 300)]
    [InlineData("9S", 2, 2_000)]
    [InlineData(null, 2, 2_000)]
    [InlineData("9S", -1, 5_000)]
    public void MaxGrpcTimeout_LimitsTheResponse(string? said, int maxSeconds, int expectedMs)
    {
        SimulatedHttpWorld world = World(action => action with
        {
            Timeout = TimeSpan.FromSeconds(5),
            MaxGrpcTimeout = maxSeconds < 0 ? null : TimeSpan.FromSeconds(maxSeconds),
        });
        (string? status, long tookMs) = Call(world, said, "application/grpc");
        Assert.Equal("14", status);
        Assert.InRange(tookMs, expectedMs, expectedMs + 200);
    }

    [Fact]
    public void MaxGrpcTimeout_OfAPlainRequest_ChangesNothing()
    {
        SimulatedHttpWorld world = World(action => action with
        {
            Timeout = TimeSpan.FromSeconds(5),
            MaxGrpcTimeout = TimeSpan.Zero,
        });
        Assert.InRange(Call(world, "300m", "text/plain").TookMs, 5_000, 5_200);
    }

    [Fact]
    public void MaxGrpcTimeout_ThatIsLess_IsToldToTheUpstream()
    {
        SimulatedHttpWorld world = World(action => action with { MaxGrpcTimeout = TimeSpan.FromSeconds(2) });
        Call(world, "9S", "application/grpc+proto");
        Assert.Contains(
            "grpc-timeout: 2000m\r\n", world.Upstream.Requests.Single().Head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("1S", 0, 1_000)]
    [InlineData("9S", 3, 3_000)]
    public void HeaderMax_LimitsTheStream(string said, int maxSeconds, int expectedMs)
    {
        SimulatedHttpWorld world = World(action => action with
        {
            Timeout = TimeSpan.Zero,
            MaxStreamDuration = TimeSpan.Zero,
            GrpcTimeoutHeaderMax = TimeSpan.FromSeconds(maxSeconds),
        });
        Assert.InRange(Call(world, said, "application/grpc").TookMs, expectedMs, expectedMs + 200);
    }

    private static SimulatedHttpWorld World(Func<ForwardAction, ForwardAction> route) => new(1, route: route);

    private static (string? GrpcStatus, long TookMs) Call(SimulatedHttpWorld world, string? timeout, string type)
    {
        string field = timeout is null ? "" : $"grpc-timeout: {timeout}\r\n";
        HttpPeer peer = world.Run(world.ConnectAsync());
        long startMs = world.ClientReactor.NowMs;
        PeerResponse answer = world.Run(OneAsync(
            peer, $"GET /hang HTTP/1.1\r\nHost: a\r\ncontent-type: {type}\r\n{field}\r\n"))!;
        return (answer.Field("grpc-status"), world.ClientReactor.NowMs - startMs);
    }

    private static async Task<PeerResponse?> OneAsync(HttpPeer peer, string request)
    {
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }
}
