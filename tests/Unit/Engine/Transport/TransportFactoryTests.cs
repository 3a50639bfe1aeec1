using System;
using System.Net;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

public sealed class TransportFactoryTests
{
    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task BindAndConnect_FromOutsideTheReactors_GiveConnections(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        var factory = new TransportFactory(test.Group);
        IConnectionListener listener = await factory.BindAsync(
            new IPEndPoint(IPAddress.Loopback, 0), TestContext.Current.CancellationToken);
        ConnectionContext client = await factory.ConnectAsync(
            listener.EndPoint, TestContext.Current.CancellationToken);
        ConnectionContext? server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.Equal(client.LocalEndPoint, server!.RemoteEndPoint);
        await listener.UnbindAsync(TestContext.Current.CancellationToken);
        Assert.Null(await listener.AcceptAsync(TestContext.Current.CancellationToken));
    }
}
