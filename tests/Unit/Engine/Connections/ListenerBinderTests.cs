using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Sockets;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tests.Unit.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>Sockets of the process before: every one must be served, or its queue would wait for ever.</summary>
public sealed class ListenerBinderTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    [InlineData(2, 2)]
    public void TryBind_HandedSockets_TakesThemAllAndSharesThemAmongMoreReactors(int handed, int reactors)
    {
        NetAddress address = Bind(handed, out ListenSocket[] before);
        ListenerBinder binder = new(reactors, [new HandedSockets(address.ToString(), FdsOf(before))]);
        ListenerSet set = Compile(reactors, address);

        Assert.True(binder.TryBind(set, []));

        ListenSocket[] sockets = set.Listeners[0].Bound[0].Sockets;
        Assert.Equal(FdsOf(before), FdsOf(sockets[..handed]));
        Assert.Equal(Math.Max(handed, reactors), sockets.Length);
        Assert.All(sockets, socket => Assert.Equal(address, socket.Address));
        Assert.Equal(sockets.Length, FdsOf(sockets).Distinct().Count());
        Array.ForEach(sockets, static socket => socket.Close());
    }

    [Fact]
    public void TryBind_HandedSocketThatNobodyWants_IsClosed()
    {
        NetAddress unwanted = Bind(1, out ListenSocket[] before);
        ListenerBinder binder = new(1, [new HandedSockets(unwanted.ToString(), [before[0].Fd])]);
        ListenerSet set = Compile(1, TestReactors.Loopback);

        Assert.True(binder.TryBind(set, []));

        using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        SocketException refused = Assert.Throws<SocketException>(() => client.Connect("127.0.0.1", unwanted.Port));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Array.ForEach(set.Listeners[0].Bound[0].Sockets, static socket => socket.Close());
    }

    [Fact]
    public void TryBind_AddressInUse_KeepsTheHandedSocketsForTheNextTry()
    {
        NetAddress address = Bind(1, out ListenSocket[] before);
        using Socket other = Peer.Listen();
        ListenerBinder binder = new(1, [new HandedSockets(address.ToString(), [before[0].Fd])]);
        NetAddress taken = NetAddress.FromIPv4(0x7F000001, (ushort)Peer.PortOf(other));
        List<ConfigProblem> problems = [];

        Assert.False(binder.TryBind(Compile(1, taken), problems));
        Assert.Contains("cannot listen on " + taken, Assert.Single(problems).ToString(), StringComparison.Ordinal);

        ListenerSet good = Compile(1, address);
        Assert.True(binder.TryBind(good, []));
        Assert.Equal(before[0].Fd, good.Listeners[0].Bound[0].Sockets[0].Fd);
        good.Listeners[0].Bound[0].Sockets[0].Close();
    }

    private static NetAddress Bind(int count, out ListenSocket[] sockets)
    {
        Assert.True(ListenSocket.TryBind(
            new ListenOptions { Address = TestReactors.Loopback }, count, out sockets, out _));
        return sockets[0].Address;
    }

    private static int[] FdsOf(ListenSocket[] sockets) => Array.ConvertAll(sockets, static socket => socket.Fd);

    private static ListenerSet Compile(int reactors, NetAddress address)
    {
        List<ConfigProblem> problems = [];
        ListenerServices services = new()
        {
            ReactorCount = reactors,
            HttpManager = static _ => static connection => connection.End(),
            Clusters = static _ => null,
            TcpStats = _ => [.. Enumerable.Repeat(new TcpStats(), reactors)],
            ListenerStats = _ => [.. Enumerable.Repeat(new ListenerStats(), reactors)],
            AccessLogs = static _ => [],
        };
        Listener listener = TestMesh.Listener("l", TestMesh.Http()) with
        {
            Address = new SocketTarget("127.0.0.1", address.Port),
        };
        ListenerSet set = new ListenerCompiler(services, ListenerSet.Empty, problems).Compile([listener]);
        Assert.Empty(problems);
        return set;
    }
}
