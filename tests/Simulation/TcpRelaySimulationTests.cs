using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>A client, the relay and a server, each on its own reactor, in a network of chance.</summary>
public sealed class TcpRelaySimulationTests
{
    private const int Seeds = 400;

    private static readonly NetAddress s_front = NetAddress.FromIPv4(0x0A000009, 15001);

    [Fact]
    public void Relay_ShortReadsAndSmallBuffers_CarriesBothDirectionsWhole()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            World world = new(seed, new SimulationOptions { ReadBytesMax = 600, SocketBufferBytes = 2000 });
            world.Run();
            Assert.True(world.Server!.EndedCleanly && world.Client!.EndedCleanly, $"seed {seed}");
            Assert.True(world.Server.Received.Count == world.Client.Sent, $"seed {seed}");
            Assert.True(world.Client.Received.Count == world.Server.Sent, $"seed {seed}");
            world.CheckNothingIsLeft();
        }
    }

    [Fact]
    public void Relay_ResetsAndRefusals_NeverLookLikeAnEnd()
    {
        int whole = 0;
        int cut = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            World world = new(seed, new SimulationOptions { ResetOneIn = 3, RefuseOneIn = 6, ReadBytesMax = 2000 });
            world.Run();
            if (world.Server is { } server && world.Client is { } client)
            {
                Assert.True(!server.EndedCleanly || server.Received.Count == client.Sent, $"seed {seed}: server");
                Assert.True(!client.EndedCleanly || client.Received.Count == server.Sent, $"seed {seed}: client");
                whole += server.EndedCleanly && client.EndedCleanly ? 1 : 0;
                cut += server.EndedCleanly ? 0 : 1;
            }

            world.CheckNothingIsLeft();
        }

        Assert.True(whole > 0 && cut > 0, $"{whole} whole, {cut} cut");
    }

    [Fact]
    public void Relay_SilentForAnHour_IsClosedThenAndNotBefore()
    {
        World world = new(7, new SimulationOptions()) { IsSilent = true };
        world.Start();
        Assert.False(world.Network.RunUntil(() => world.Client?.IsOver ?? false, 3_599_000));
        Assert.True(world.Network.RunUntil(() => world.IsOver, 5_000));
        Assert.Equal(1, world.Stats.IdleTimeout);
        world.CheckNothingIsLeft();
    }

    private static byte Pattern(int position) => (byte)((position * 31) + (position >> 8));

    /// <summary>One end: sends so many bytes of the pattern and its end, and keeps what comes.</summary>
    private sealed class End(TransportConnection connection, int toSend)
    {
        public List<byte> Received { get; } = [];

        public int Sent => toSend;

        public bool EndedCleanly { get; private set; }

        public bool IsOver { get; private set; }

        public async Task SendAsync()
        {
            for (int sent = 0; sent < toSend;)
            {
                int take = Math.Min(1000, toSend - sent);
                Span<byte> span = connection.Writer.GetSpan(take);
                for (int i = 0; i < take; i++)
                {
                    span[i] = Pattern(sent + i);
                }

                connection.Writer.Advance(take);
                sent += take;
                if ((await connection.Writer.FlushAsync()).IsCompleted)
                {
                    return;
                }
            }

            connection.Writer.ShutdownWrite();
        }

        public async Task ReceiveAsync()
        {
            while (true)
            {
                ReadResult read = await connection.Reader.ReadAsync();
                foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                {
                    foreach (byte value in piece.Span)
                    {
                        Assert.Equal(Pattern(Received.Count), value);
                        Received.Add(value);
                    }
                }

                connection.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            EndedCleanly = connection.Error.IsNone && !connection.IsClosed;
        }

        public async Task RunAsync(bool silent)
        {
            Task receiving = ReceiveAsync();
            if (!silent)
            {
                await SendAsync();
            }

            await receiving;
            IsOver = true;
            connection.Close();
        }
    }

    private sealed class World
    {
        private static readonly NetAddress s_back = NetAddress.FromIPv4(0x0A000001, 80);

        private readonly Random _random;
        private readonly Reactor _proxy;
        private readonly Reactor _away;
        private readonly ListenerState _state = new(new ListenerStats());
        private readonly ClusterStats _clusterStats = new();
        private Task? _client;

        public World(ulong seed, SimulationOptions options)
        {
            Seed = seed;
            _random = new Random((int)seed);
            Network = new SimulatedNetwork(seed, options);
            _proxy = Network.AddReactor();
            _away = Network.AddReactor();
        }

        public ulong Seed { get; }

        public SimulatedNetwork Network { get; }

        public TcpStats Stats { get; } = new();

        public bool IsSilent { get; init; }

        public End? Client { get; private set; }

        public End? Server { get; private set; }

        public bool IsOver => _client!.IsCompleted && (Server?.IsOver ?? true) && _state.Table.Count == 0;

        public void Start()
        {
            Cluster model = new() { Name = "c", Endpoints = [new Endpoint(new SocketTarget("10.0.0.1", 80))] };
            TcpRelay relay = new([new RelayCluster("c", new ClusterRuntime(model, [_clusterStats]), 1)])
            {
                Stats = [Stats],
            };
            CompiledFilterChain chain = new("chain", relay.Run, isOpaque: true);
            CompiledListener listener = new()
            {
                Name = "front",
                Addresses = [s_front],
                Selector = FilterChainSelector.Compile([], chain, []),
                Count = new ConnectionCount(),
                States = [_state],
            };
            AcceptPipeline pipeline = new(
                0, new ConnectionCount(), new ConnectionCount(), int.MaxValue, 16, NullLogger.Instance);
            Transports.Listen(
                _proxy, new ListenOptions { Address = s_front }, accepted => pipeline.Accept(accepted, listener));
            Transports.Listen(_away, new ListenOptions { Address = s_back }, accepted =>
            {
                Server = new End(accepted, _random.Next(20_000));
                _ = Server.RunAsync(IsSilent);
            });
            _client = ConnectAsync();
        }

        public void Run()
        {
            Start();
            Assert.True(Network.RunUntil(() => IsOver), $"seed {Seed} does not end");
            Assert.True(Stats.IdleTimeout == 0, $"seed {Seed} stalled");
        }

        public void CheckNothingIsLeft() => Assert.True(
            _state.Table.Count == 0 && _state.Stats.DownstreamCxActive == 0 && Stats.DownstreamCxActive == 0
            && _clusterStats.UpstreamCxActive == 0,
            $"seed {Seed} left something");

        private async Task ConnectAsync()
        {
            ConnectResult connected = await Transports.ConnectAsync(_away, new ConnectOptions { Address = s_front });
            if (connected.Connection is { } connection)
            {
                Client = new End(connection, _random.Next(20_000));
                await Client.RunAsync(IsSilent);
            }
        }
    }
}
