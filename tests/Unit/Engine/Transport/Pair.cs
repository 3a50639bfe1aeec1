using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

/// <summary>Two ends of one connection on one reactor.</summary>
internal static class Pair
{
    public static Task<(TransportConnection Client, TransportConnection Server)> ConnectAsync(Reactor reactor) =>
        ConnectAsync(reactor, new ListenOptions { Address = TestReactors.Loopback }, default);

    public static async Task<(TransportConnection Client, TransportConnection Server)> ConnectAsync(
        Reactor reactor, ListenOptions listen, ConnectOptions connect)
    {
        var accepted = new TaskCompletionSource<TransportConnection>();
        TransportListener listener = Transports.Listen(reactor, listen, accepted.SetResult);
        ConnectResult result = await Transports.ConnectAsync(
            reactor, connect.UnixPath is null ? connect with { Address = listener.LocalAddress } : connect);
        TransportConnection server = await accepted.Task;
        listener.Stop();
        return (result.Connection ?? throw new InvalidOperationException(result.Error.Text), server);
    }

    /// <summary>Reads to the end of input and counts.</summary>
    public static async ValueTask<long> CountToEndAsync(TransportConnection connection)
    {
        long count = 0;
        while (true)
        {
            ReadResult result = await connection.Reader.ReadAsync();
            count += result.Buffer.Length;
            connection.Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                connection.Close();
                return count;
            }
        }
    }
}

/// <summary>The kernel interfaces that work where the tests run.</summary>
internal static class TransportKinds
{
    /// <summary>Every name on every transport that works here.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Each(IEnumerable<string> names) =>
        Working.SelectMany(kind => names.Select(name => new TheoryDataRow<string, string>(kind.Data, name)));

    public static TheoryData<string> Working =>
        TransportProbe.Choose().Kind == TransportKind.Uring ? ["Epoll", "Uring"] : ["Epoll"];
}
