using System;
using System.Collections.Generic;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tests.Unit.Engine.Transport;
using FastMesh.Tls;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>Clients that begin a TLS handshake and do not end it as they should.</summary>
public sealed class TlsAcceptTests
{
    private static readonly TestAuthority s_authority = new();

    private static readonly TlsContext s_server = Contexts.Server(new TlsServerSettings
    {
        Certificates = [s_authority.Issue(Leaf.Host("server.test")).Load()],
    });

    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Handshakes_OneTooMany_EndsTheOneThatWaitedLongest(string kind)
    {
        await using TestMesh mesh = await StartAsync(kind, handshakesMax: 2);
        using Peer oldest = await SilentAsync(mesh, 1);
        using Peer second = await SilentAsync(mesh, 2);
        await ServeAsync(mesh);
        Assert.Equal("RST", await oldest.ReceiveToEndAsync());
        Assert.Equal(1, mesh.StatsOf("l").DownstreamCxHandshakeOverflow);

        // The second one's place was not taken: it is next when there are too many again.
        using Peer third = await SilentAsync(mesh, 2);
        Assert.Equal(1, mesh.StatsOf("l").DownstreamCxHandshakeOverflow);
        using Peer fourth = await SilentAsync(mesh, 2);
        Assert.Equal("RST", await second.ReceiveToEndAsync());
        Assert.Equal(2, mesh.StatsOf("l").DownstreamCxHandshakeOverflow);
    }

    [Fact]
    public async Task Handshakes_ThousandsThatSayNothing_LeaveNothingBehindAndServiceGoesOn()
    {
        await using TestMesh mesh = await StartAsync("Epoll", handshakesMax: 16);
        var silent = new List<Peer>();
        try
        {
            for (int i = 0; i < 1000; i++)
            {
                silent.Add(await mesh.ConnectAsync("l"));
            }

            await ServeAsync(mesh);
        }
        finally
        {
            silent.ForEach(static each => each.Dispose());
        }

        while (await mesh.ConnectionsAsync() > 0)
        {
            await Task.Yield();
        }

        Assert.Equal(1001 - 16, mesh.StatsOf("l").DownstreamCxHandshakeOverflow);
        Assert.Equal(0, mesh.StatsOf("l").DownstreamCxActive);
    }

    [Fact]
    public async Task FailedHandshakes_AreLoggedWithTheirReason_ButNotWithoutBound()
    {
        var lines = new LineLogger();
        await using TestMesh mesh = await StartAsync("Epoll", handshakesMax: 100, lines);
        for (int i = 0; i < LogBudget.LinesPerSecond + 3; i++)
        {
            using Peer peer = await mesh.ConnectAsync("l");
            await peer.SendAsync("GET / HTTP/1.1\r\n\r\n");
            await peer.ReceiveToEndAsync();
        }

        await mesh.SettleAsync();
        Assert.InRange(lines.Lines.Count, 1, LogBudget.LinesPerSecond + 3);
        Assert.All(lines.Lines, static line =>
            Assert.Matches("^listener l: TLS handshake with 127.0.0.1:[0-9]+ failed: .*http request", line));
        Assert.Equal(LogBudget.LinesPerSecond + 3, mesh.StatsOf("l").Tls.ConnectionError);
    }

    [Fact]
    public void LogBudget_OfASecond_IsUsedUpAndTheNextSecondTellsWhatWasLeftOut()
    {
        LogBudget budget = default;
        for (int i = 0; i < LogBudget.LinesPerSecond; i++)
        {
            Assert.True(budget.TryTake(5000 + i, out long none));
            Assert.Equal(0, none);
        }

        Assert.False(budget.TryTake(5900, out _));
        Assert.False(budget.TryTake(5999, out _));
        Assert.True(budget.TryTake(6000, out long leftOut));
        Assert.Equal(2, leftOut);
        Assert.True(budget.TryTake(6000, out leftOut));
        Assert.Equal(0, leftOut);
    }

    private static async Task<TestMesh> StartAsync(string kind, int handshakesMax, ILogger? logger = null)
    {
        var mesh = new TestMesh(kind, handshakesMax: handshakesMax, logger: logger)
        {
            Tls = s_server,
            Handler = static connection => connection.End(),
        };
        Assert.Empty(await mesh.ApplyAsync(TestMesh.Listener("l", TestMesh.Http() with { Tls = new DownstreamTls() })));
        return mesh;
    }

    /// <summary>A client that says nothing, once the reactor has it.</summary>
    private static async Task<Peer> SilentAsync(TestMesh mesh, int connections)
    {
        Peer peer = await mesh.ConnectAsync("l");
        while (await mesh.ConnectionsAsync() != connections
            || mesh.StatsOf("l").DownstreamCxTotal == 0)
        {
            await Task.Yield();
        }

        return peer;
    }

    private static async Task ServeAsync(TestMesh mesh)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", mesh.PortOf("l"));
#pragma warning disable CA5359 // That the handshake completes is what counts.
        using SslStream stream = new(new NetworkStream(socket), false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync("server.test");
    }

    private sealed class LineLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && eventId.Id == 3006)
            {
                lock (Lines)
                {
                    Lines.Add(formatter(state, exception));
                }
            }
        }
    }
}
