using System;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

public sealed class SimulatedNetworkTests
{
    private static readonly NetAddress s_server = NetAddress.FromIPv4(0x0A000001, 80);

    [Fact]
    public void Run_SameSeed_SameFingerprint()
    {
        (ulong first, long received) = RunOnce(42, new SimulationOptions());
        (ulong again, _) = RunOnce(42, new SimulationOptions());
        (ulong other, _) = RunOnce(43, new SimulationOptions());
        Assert.Equal(200_000, received);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Run_TinyReadsAndBuffers_StillCarriesEveryByte()
    {
        var options = new SimulationOptions { ReadBytesMax = 7, SocketBufferBytes = 100 };
        for (ulong seed = 1; seed <= 20; seed++)
        {
            (_, long received) = RunOnce(seed, options, 3000);
            Assert.True(received == 3000, $"seed {seed}: {received} bytes");
        }
    }

    [Fact]
    public void Run_ResetAtAByte_EndsBothSidesWithTheReason()
    {
        var network = new SimulatedNetwork(5) { ResetAfter = static _ => 1000 };
        Reactor reactor = network.AddReactor();
        TransportConnection? server = null;
        Transports.Listen(reactor, new ListenOptions { Address = s_server }, accepted => server = accepted);
        Task<TransportConnection> client = SendAsync(reactor, 5000);
        Assert.True(network.RunUntil(() => client.IsCompleted && server is not null && !server.Error.IsNone));
        Assert.Equal(TransportError.ConnectionReset, server!.Error.Errno);
    }

    [Fact]
    public async Task Connect_NobodyListens_IsRefusedAndTimeIsVirtual()
    {
        var network = new SimulatedNetwork(5);
        Reactor reactor = network.AddReactor();
        var options = new ConnectOptions { Address = s_server };
        Task<ConnectResult> connect = Transports.ConnectAsync(reactor, options).AsTask();
        bool late = false;
        reactor.Timers.Schedule(new ReactorTimer(_ => late = true, null), 3_600_000);
        Assert.True(network.RunUntil(() => late, timeMaxMs: 4_000_000));
        Assert.Equal(TransportError.ConnectionRefused, (await connect).Error.Errno);
    }

    private static (ulong Fingerprint, long Received) RunOnce(
        ulong seed, SimulationOptions options, int bytes = 200_000)
    {
        var network = new SimulatedNetwork(seed, options);
        Reactor one = network.AddReactor();
        Reactor two = network.AddReactor();
        long received = 0;
        bool done = false;
        Transports.Listen(one, new ListenOptions { Address = s_server }, accepted => _ = CountAsync(accepted));
        Task<TransportConnection> client = SendAsync(two, bytes);
        Assert.True(network.RunUntil(() => done && client.IsCompleted), "the run ends");
        return (network.Fingerprint, received);

        async Task CountAsync(TransportConnection connection)
        {
            received = await Pair.CountToEndAsync(connection);
            done = true;
        }
    }

    private static async Task<TransportConnection> SendAsync(Reactor reactor, int bytes)
    {
        ConnectResult result = await Transports.ConnectAsync(reactor, new ConnectOptions { Address = s_server });
        TransportConnection connection = result.Connection!;
        while (bytes > 0)
        {
            int take = Math.Min(bytes, 1000);
            connection.Writer.Append(new byte[take]);
            bytes -= take;
            FlushResult flush = await connection.Writer.FlushAsync();
            if (flush.IsCompleted)
            {
                return connection;
            }
        }

        connection.Close();
        return connection;
    }
}
