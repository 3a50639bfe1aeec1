using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipelines;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

/// <summary>What a connection does at its edges, alike on every kernel interface that works here.</summary>
public sealed class TransportConnectionTests
{
    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_NobodyListens_IsRefused(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        TransportError error = await test.RunAsync(async reactor =>
        {
            Assert.True(ListenSocket.TryBind(
                new ListenOptions { Address = TestReactors.Loopback }, 1, out ListenSocket[] sockets, out _));
            NetAddress address = sockets[0].Address;
            sockets[0].Close();
            ConnectResult result = await Transports.ConnectAsync(reactor, new ConnectOptions { Address = address });
            Assert.False(result.IsConnected);
            return result.Error;
        });
        Assert.Equal(TransportError.ConnectionRefused, error.Errno);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Abort_WithReset_EndsThePeersReadWithTheReason(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        int errno = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
            ValueTask<ReadResult> read = server.Reader.ReadAsync();
            client.Abort(reset: true);
            ReadResult result = await read;
            Assert.True(result.IsCompleted);
            Assert.True(server.Writer.IsFailed);
            return server.Error.Errno;
        });
        Assert.Equal(TransportError.ConnectionReset, errno);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Close_WithQueuedBytes_SendsThemFirst(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        long received = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
            server.Writer.Append(new byte[3 << 20]);
            server.Close();
            return await Pair.CountToEndAsync(client);
        });
        Assert.Equal(3 << 20, received);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Close_WhileReadAwaited_CompletesTheRead(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        bool completed = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, _) = await Pair.ConnectAsync(reactor);
            ValueTask<ReadResult> read = client.Reader.ReadAsync();
            client.Close();
            return (await read).IsCompleted && client.IsClosed;
        });
        Assert.True(completed);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CloseLingering_PeerStillSends_DeliversTheLastAnswer(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        string answer = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
            client.Writer.Append(new byte[100_000]);
            await client.Writer.FlushAsync();
            await server.Reader.ReadAsync();
            server.Writer.Append("no"u8);
            server.CloseLingering(5000);
            ReadResult result = await client.Reader.ReadAsync();
            return Encoding.ASCII.GetString(result.Buffer.ToArray());
        });
        Assert.Equal("no", answer);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task IdleActivity_PeerCloses_IsCalledAndConnectionNotReusable(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        bool reusable = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
            Assert.True(client.IsReusable);
            var told = new TaskCompletionSource();
            client.IdleActivity = _ => told.SetResult();
            server.Close();
            await told.Task;
            return client.IsReusable;
        });
        Assert.False(reusable);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Flush_PeerDoesNotRead_WaitsAndResumes(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        long received = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
            bool waited = false;
            long written = 0;
            Task<long>? reading = null;
            while (written < 64 << 20)
            {
                server.Writer.Append(new byte[256 << 10]);
                written += 256 << 10;
                ValueTask<FlushResult> flush = server.Writer.FlushAsync();
                waited |= !flush.IsCompleted;
                reading ??= waited ? Pair.CountToEndAsync(client).AsTask() : null;
                Assert.False((await flush).IsCompleted);
            }

            server.Close();
            Assert.True(waited);
            return await reading!;
        });
        Assert.Equal(64 << 20, received);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Receive_BudgetUsedUp_WaitsForBlocksAndGoesOn(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind), budgetBytes: 700 << 10);
        long received = await test.RunAsync(async reactor =>
        {
            var clients = new List<TransportConnection>();
            var counts = new List<Task<long>>();
            for (int i = 0; i < 8; i++)
            {
                (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
                clients.Add(client);
                counts.Add(Pair.CountToEndAsync(server).AsTask());
                client.Writer.Append(new byte[1 << 20]);
                client.Close();
            }

            long sum = 0;
            foreach (Task<long> count in counts)
            {
                sum += await count;
            }

            return sum;
        });
        Assert.Equal(8 << 20, received);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Unix_PathAndAbstract_CarryBytes(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        string name = Guid.NewGuid().ToString("N");
        foreach (string path in new[] { "@" + name, Path.Combine(Path.GetTempPath(), name) })
        {
            long received = await test.RunAsync(async reactor =>
            {
                (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(
                    reactor, new ListenOptions { UnixPath = path }, new ConnectOptions { UnixPath = path });
                Assert.Equal(NetAddressKind.Unix, server.RemoteAddress.Kind);
                client.Writer.Append("abc"u8);
                client.Close();
                return await Pair.CountToEndAsync(server);
            });
            Assert.Equal(3, received);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_WithBindAddress_ComesFromThere(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        NetAddress seen = await test.RunAsync(async reactor =>
        {
            var from = NetAddress.FromIPv4(0x7F000009, 0);
            (_, TransportConnection server) = await Pair.ConnectAsync(
                reactor,
                new ListenOptions { Address = TestReactors.Loopback },
                new ConnectOptions { BindAddress = from });
            return server.RemoteAddress;
        });
        Assert.Equal(0x7F000009u, seen.IPv4Value);
    }

    [Fact]
    public void TryBind_PortHeldByAnother_FailsDespiteReusePort()
    {
        Assert.True(ListenSocket.TryBind(
            new ListenOptions { Address = TestReactors.Loopback }, 2, out ListenSocket[] first, out _));
        bool second = ListenSocket.TryBind(
            new ListenOptions { Address = first[0].Address }, 1, out _, out TransportError error);
        foreach (ListenSocket socket in first)
        {
            socket.Close();
        }

        Assert.False(second);
        Assert.Equal(TransportError.AddressInUse, error.Errno);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Handler_Throws_CostsItsConnectionOnly(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        long faults = await test.RunAsync(async reactor =>
        {
            TransportListener listener = Transports.Listen(
                reactor,
                new ListenOptions { Address = TestReactors.Loopback },
                static _ => throw new InvalidOperationException("a bug"));
            ConnectResult result = await Transports.ConnectAsync(
                reactor, new ConnectOptions { Address = listener.LocalAddress });

            // The reset may be there before the connect is seen to be done.
            bool ended = !result.IsConnected || (await result.Connection!.Reader.ReadAsync()).IsCompleted;
            Assert.True(ended);
            return reactor.Faults;
        });
        Assert.Equal(1, faults);
    }
}
