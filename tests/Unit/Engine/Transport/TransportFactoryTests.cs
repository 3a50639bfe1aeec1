using System;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

public sealed class TransportFactoryTests
{
    // Only for a test that would hang otherwise; nothing depends on how long it takes.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Kinds => TransportKinds.Working;

    private static CancellationToken Canceled => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task BindAndConnect_FromOutsideTheReactors_GiveConnections(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await BindAsync(factory);
        ConnectionContext client = await factory.ConnectAsync(listener.EndPoint, Canceled);
        ConnectionContext? server = await listener.AcceptAsync(Canceled);
        Assert.Equal(client.LocalEndPoint, server!.RemoteEndPoint);
        await listener.UnbindAsync(Canceled);
        Assert.Null(await listener.AcceptAsync(Canceled));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_TwoCallersAtOnce_EachGetsAConnection(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await BindAsync(factory);
        Task<ConnectionContext?> first = listener.AcceptAsync(Canceled).AsTask();
        Task<ConnectionContext?> second = listener.AcceptAsync(Canceled).AsTask();
        await factory.ConnectAsync(listener.EndPoint, Canceled);
        await factory.ConnectAsync(listener.EndPoint, Canceled);
        ConnectionContext?[] both = await Task.WhenAll(first, second).WaitAsync(s_patience, Canceled);
        Assert.All(both, Assert.NotNull);
        Assert.NotSame(both[0], both[1]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_CanceledWhileWaiting_LeavesTheConnectionToTheNextCaller(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await BindAsync(factory);
        using var gaveUp = new CancellationTokenSource();
        Task<ConnectionContext?> first = listener.AcceptAsync(gaveUp.Token).AsTask();
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(s_patience, Canceled));
        ConnectionContext client = await factory.ConnectAsync(listener.EndPoint, Canceled);
        ConnectionContext? server = await listener.AcceptAsync(Canceled).AsTask().WaitAsync(s_patience, Canceled);
        Assert.Equal(client.LocalEndPoint, server!.RemoteEndPoint);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_UnboundWhileSeveralWait_AllEndWithNull(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        IConnectionListener listener = await BindAsync(new TransportFactory(test.Group));
        Task<ConnectionContext?> first = listener.AcceptAsync(Canceled).AsTask();
        Task<ConnectionContext?> second = listener.AcceptAsync(Canceled).AsTask();
        await listener.UnbindAsync(Canceled);
        Assert.All(await Task.WhenAll(first, second).WaitAsync(s_patience, Canceled), Assert.Null);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_ReactorsStopWhileWaiting_EndsWithNull(string kind)
    {
        var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        IConnectionListener listener = await BindAsync(new TransportFactory(test.Group));
        Task<ConnectionContext?> waiting = listener.AcceptAsync(Canceled).AsTask();
        await test.DisposeAsync();
        Assert.Null(await waiting.WaitAsync(s_patience, Canceled));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Everything_AfterTheReactorsHaveStopped_EndsInsteadOfWaiting(string kind)
    {
        var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await BindAsync(factory);
        await test.DisposeAsync();
        await listener.UnbindAsync(Canceled).AsTask().WaitAsync(s_patience, Canceled);
        await listener.DisposeAsync().AsTask().WaitAsync(s_patience, Canceled);
        await Assert.ThrowsAsync<IOException>(
            () => factory.ConnectAsync(listener.EndPoint, Canceled).AsTask().WaitAsync(s_patience, Canceled));
        await Assert.ThrowsAsync<IOException>(() => BindAsync(factory).WaitAsync(s_patience, Canceled));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Dispose_ConnectionsNobodyTook_AreReset(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await BindAsync(factory);
        ConnectionContext taken = await factory.ConnectAsync(listener.EndPoint, Canceled);
        Assert.NotNull(await listener.AcceptAsync(Canceled));
        ConnectionContext left = await factory.ConnectAsync(listener.EndPoint, Canceled);
        await listener.DisposeAsync();
        Assert.True(await test.RunAsync(async _ => (await left.Transport.Input.ReadAsync()).IsCompleted));
        Assert.False(((TransportConnection)taken).IsPeerDone);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_ManyThreadsWhileTheReactorsStop_EachEnds(string kind)
    {
        const int rounds = 20;
        const int threads = 4;
        for (int round = 0; round < rounds; round++)
        {
            var test = new TestReactors(Enum.Parse<TransportKind>(kind));
            var factory = new TransportFactory(test.Group);
            IConnectionListener listener = await BindAsync(factory);
            var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var work = new Task[threads + 1];
            work[0] = Task.Run(() => AcceptAllAsync(listener), Canceled);
            for (int i = 1; i <= threads; i++)
            {
                work[i] = Task.Run(() => ConnectUntilStoppedAsync(factory, listener.EndPoint, connected), Canceled);
            }

            await connected.Task.WaitAsync(s_patience, Canceled);
            await test.DisposeAsync().AsTask().WaitAsync(s_patience, Canceled);
            await Task.WhenAll(work).WaitAsync(s_patience, Canceled);
        }
    }

    private static async Task AcceptAllAsync(IConnectionListener listener)
    {
        while (await listener.AcceptAsync(Canceled) is { } connection)
        {
            await connection.DisposeAsync();
        }
    }

    private static async Task ConnectUntilStoppedAsync(
        TransportFactory factory, EndPoint endPoint, TaskCompletionSource connected)
    {
        try
        {
            while (true)
            {
                ConnectionContext connection = await factory.ConnectAsync(endPoint, Canceled);
                connected.TrySetResult();
                connection.Abort();
            }
        }
        catch (IOException)
        {
            // The reactors have stopped.
        }
    }

    private static async Task<IConnectionListener> BindAsync(TransportFactory factory) =>
        await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Canceled);
}
