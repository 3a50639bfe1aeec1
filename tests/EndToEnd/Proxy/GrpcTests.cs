using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Grpc;
using FastMesh.Tests.EndToEnd.Processes;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>
/// Grpc.Net.Client and Grpc.AspNetCore with one proxy and with two between them: every kind of call, metadata,
/// statuses, deadlines and cancellation, as if there were none.
/// </summary>
public sealed class GrpcTests : IDisposable
{
    private const string Http2 = "http2_protocol_options: { }, "
        + "circuit_breakers: { thresholds: [{ max_requests: 20000, max_pending_requests: 20000 }] },";

    private const int StreamsMany = 10_000;
    private const int LargeBytes = 3 << 20;

    private readonly TestFolder _folder = new();

    public static TheoryData<string, int> Paths => new()
    {
        { "epoll", 1 }, { "epoll", 2 }, { "auto", 1 }, { "auto", 2 },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Calls_OfEveryKind_GiveWhatTheServerSays(string transport, int proxies)
    {
        await using World world = await World.StartAsync(_folder, transport, proxies);
        Echo.EchoClient client = world.Client;

        using AsyncUnaryCall<Note> unary = client.UnaryAsync(
            new Note { Text = "one" }, new Metadata { { "x-ask", "tail" } });
        Assert.Equal("h", (await unary.ResponseHeadersAsync).GetValue("x-head"));
        Assert.Equal("one", (await unary).Text);
        Assert.Equal("tail", unary.GetTrailers().GetValue("x-tail"));

        ByteString large = ByteString.CopyFrom(new byte[LargeBytes]);
        Assert.Equal(LargeBytes, (await client.UnaryAsync(new Note { Payload = large })).Payload.Length);

        using AsyncServerStreamingCall<Note> down = client.Down(new Note { Text = "d", Count = 100 });
        Assert.Equal(Enumerable.Range(0, 100), await CountsAsync(down.ResponseStream));

        using AsyncClientStreamingCall<Note, Note> up = client.Up();
        for (int i = 1; i <= 100; i++)
        {
            await up.RequestStream.WriteAsync(new Note { Count = i });
        }

        await up.RequestStream.CompleteAsync();
        Assert.Equal(5050, (await up).Count);

        using AsyncDuplexStreamingCall<Note, Note> both = client.Both();
        for (int i = 0; i < 100; i++)
        {
            await both.RequestStream.WriteAsync(new Note { Count = i });
            Assert.True(await both.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(i, both.ResponseStream.Current.Count);
        }

        await both.RequestStream.CompleteAsync();
        Assert.False(await both.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, both.GetStatus().StatusCode);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Call_ThatFailsOrIsCancelledOrTooLate_SaysSoOnBothSides(string transport, int proxies)
    {
        await using World world = await World.StartAsync(_folder, transport, proxies);
        RpcException failed = await Assert.ThrowsAsync<RpcException>(
            async () => await world.Client.UnaryAsync(new Note { Text = "fail" }));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "not 100 % good: ü"), (failed.StatusCode, failed.Status.Detail));

        using CancellationTokenSource cancel = new();
        Task<Note> hanging = world.Client.UnaryAsync(
            new Note { Text = "hang" }, cancellationToken: cancel.Token).ResponseAsync;
        await Poll.UntilAsync(async () =>
            (await world.First.Admin.GetStringAsync("/stats?filter=upstream_rq_active")).Contains(
                "cluster.backend.upstream_rq_active: 1", StringComparison.Ordinal));
        await cancel.CancelAsync();
        Assert.Equal(
            StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => hanging)).StatusCode);
        await world.Server.Calls.Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));

        RpcException late = await Assert.ThrowsAsync<RpcException>(async () => await world.Client.UnaryAsync(
            new Note { Text = "hang" }, deadline: DateTime.UtcNow.AddMilliseconds(300)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Streams_TenThousandOpenAtOnce_AllAreServed(string transport)
    {
        await using World world = await World.StartAsync(_folder, transport, proxies: 1);
        var calls = new AsyncDuplexStreamingCall<Note, Note>[StreamsMany];
        await Task.WhenAll(Enumerable.Range(0, StreamsMany).Select(async i =>
        {
            calls[i] = world.Client.Both();
            await calls[i].RequestStream.WriteAsync(new Note { Count = i });
            Assert.True(await calls[i].ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(i, calls[i].ResponseStream.Current.Count);
        }));
        Assert.Contains(
            FormattableString.Invariant($"cluster.backend.upstream_rq_active: {StreamsMany}"),
            await world.First.Admin.GetStringAsync("/stats?filter=upstream_rq_active"), StringComparison.Ordinal);

        await Task.WhenAll(calls.Select(static async call =>
        {
            await call.RequestStream.CompleteAsync();
            Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
            call.Dispose();
        }));
    }

    [Fact]
    public async Task Call_WithoutUpstream_IsUnavailable()
    {
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Forward(_folder["nobody.sock"], Http2)));
        using GrpcChannel channel = GrpcChannel.ForAddress(proxy.Url("web"));
        RpcException failed = await Assert.ThrowsAsync<RpcException>(
            async () => await new Echo.EchoClient(channel).UnaryAsync(new Note()));
        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
        Assert.Contains("connection failure", failed.Status.Detail, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<List<int>> CountsAsync(IAsyncStreamReader<Note> stream)
    {
        List<int> counts = [];
        while (await stream.MoveNext(CancellationToken.None))
        {
            counts.Add(stream.Current.Count);
        }

        return counts;
    }

    /// <summary>Client, one proxy or two, server.</summary>
    private sealed class World(EchoServer server, ProxyProcess first, ProxyProcess? second, GrpcChannel channel)
        : IAsyncDisposable
    {
        public EchoServer Server => server;

        public ProxyProcess First => first;

        public Echo.EchoClient Client { get; } = new(channel);

        public static async Task<World> StartAsync(TestFolder folder, string transport, int proxies)
        {
            string socket = folder["grpc.sock"];
            EchoServer server = await EchoServer.StartAsync(socket);
            ProxyProcess? second = null;
            if (proxies == 2)
            {
                string between = folder["between.sock"];
                second = await ProxyProcess.StartAsync(
                    folder.Write("second.yaml", Configs.Forward(socket, Http2, between)), "--transport", transport);
                socket = between;
            }

            ProxyProcess first = await ProxyProcess.StartAsync(
                folder.Write("first.yaml", Configs.Forward(socket, Http2)), "--transport", transport);
            return new World(server, first, second, GrpcChannel.ForAddress(
                first.Url("web"),
                new GrpcChannelOptions
                {
                    MaxReceiveMessageSize = null,
                    MaxSendMessageSize = null,
                    HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
                }));
        }

        public async ValueTask DisposeAsync()
        {
            channel.Dispose();
            await first.DisposeAsync();
            if (second is not null)
            {
                await second.DisposeAsync();
            }

            await server.DisposeAsync();
        }
    }
}
