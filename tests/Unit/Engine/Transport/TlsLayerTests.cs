using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

/// <summary>TLS inside a connection, over real sockets and on every kernel interface that works here.</summary>
public sealed class TlsLayerTests
{
    private const int TimeoutMs = 10_000;
    private const int RecordOverheadBytes = 22;

    private static readonly TestAuthority s_authority = new();

    private static readonly TlsContext s_server = Contexts.Server(new TlsServerSettings
    {
        Certificates = [s_authority.Issue(Leaf.Host("server.test")).Load()],
    });

    private static readonly TlsContext s_client = Contexts.Client(new TlsClientSettings
    {
        Verification = new PeerVerification { TrustBundle = s_authority.Bundle() },
    });

    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Write_SmallBlocks_ShareARecord(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        (long wireBytes, byte[] got, byte[] text) = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection server) = await SecureAsync(reactor);
            long before = client.BytesSent;
            byte[] text = Append(client, totalBytes: 9000, blockBytes: 100);
            byte[] got = await ReadAsync(server, text.Length);
            return (client.BytesSent - before, got, text);
        });
        Assert.Equal(text, got);
        Assert.Equal(9000 + RecordOverheadBytes, wireBytes);
    }

    /// <summary>A lent block begins in the middle of what it is a part of.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Write_BlocksOfAnySize_KeepsTheOrder(string kind)
    {
        foreach (int blockBytes in (int[])[1, 700, 5000, 16_000, 60_000])
        {
            await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
            (byte[] got, byte[] text) = await test.RunAsync(async reactor =>
            {
                (TransportConnection client, TransportConnection server) = await SecureAsync(reactor);
                byte[] text = Append(client, totalBytes: blockBytes == 1 ? 3000 : 700_000, blockBytes);
                return (await ReadAsync(server, text.Length), text);
            });
            Assert.True(got.AsSpan().SequenceEqual(text), $"{blockBytes} bytes a block");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Ciphertext_SplitAtEveryByte_IsOneConversation(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        byte[] got = await test.RunAsync(async reactor =>
        {
            (TransportConnection wire, TransportConnection server) = await Pair.ConnectAsync(reactor);
            Task<TlsHandshake> accepting = TlsHandshake.RunAsync(server, s_server.Accept(), TimeoutMs);
            using TlsSession session = s_client.Connect("server.test");
            var output = new ArrayBufferWriter<byte>();
            ReadOnlySequence<byte> none = default;
            TlsStatus status = session.Handshake(ref none, output);
            while (status == TlsStatus.NeedInput)
            {
                await DribbleAsync(reactor, wire, output);
                ReadResult read = await wire.Reader.ReadAsync();
                ReadOnlySequence<byte> input = read.Buffer;
                status = session.Handshake(ref input, output);
                wire.Reader.AdvanceTo(input.Start);
            }

            session.Write("split"u8, output);
            await DribbleAsync(reactor, wire, output);
            Assert.True((await accepting).Succeeded);
            return await ReadAsync(server, 5);
        });
        Assert.Equal("split"u8, got);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task End_SaidByTls_IsThePeersAndACutIsNot(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        foreach (bool isCut in (bool[])[false, true])
        {
            bool isTruncated = await test.RunAsync(async reactor =>
            {
                (TransportConnection client, TransportConnection server) = await SecureAsync(reactor);
                if (isCut)
                {
                    client.Abort(reset: false);
                }
                else
                {
                    client.Close();
                }

                await Pair.CountToEndAsync(server);
                return server.Tls!.IsTruncated;
            });
            Assert.Equal(isCut, isTruncated);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Handshake_OfGarbageOrSilence_FailsWithItsReason(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        (string garbage, string silence, long alertBytes) = await test.RunAsync(async reactor =>
        {
            (TransportConnection wire, TransportConnection server) = await Pair.ConnectAsync(reactor);
            Task<TlsHandshake> accepting = TlsHandshake.RunAsync(server, s_server.Accept(), TimeoutMs);
            wire.Writer.Append([0x16, 3, 1, 0, 5, .. "hello"u8]);
            wire.Writer.Flush();
            TlsHandshake failed = await accepting;
            server.CloseLingering(100);
            long alertBytes = await Pair.CountToEndAsync(wire);

            (_, TransportConnection silent) = await Pair.ConnectAsync(reactor);
            TlsHandshake late = await TlsHandshake.RunAsync(silent, s_server.Accept(), timeoutMs: 20);
            Assert.False(failed.Succeeded || late.Succeeded);
            return (failed.Reason, late.Reason, alertBytes);
        });
        Assert.Contains("alert sent", garbage, StringComparison.Ordinal);
        Assert.Equal("the handshake took too long", silence);
        Assert.True(alertBytes > 0, "an alert says why");
    }

    private static async Task<(TransportConnection Client, TransportConnection Server)> SecureAsync(Reactor reactor)
    {
        (TransportConnection client, TransportConnection server) = await Pair.ConnectAsync(reactor);
        Task<TlsHandshake> accepting = TlsHandshake.RunAsync(server, s_server.Accept(), TimeoutMs);
        TlsHandshake connecting = await TlsHandshake.RunAsync(client, s_client.Connect("server.test"), TimeoutMs);
        Assert.True(connecting.Succeeded, connecting.Succeeded ? "" : connecting.Reason);
        Assert.True((await accepting).Succeeded);
        return (client, server);
    }

    /// <summary>Queues bytes in blocks whose first bytes were taken before.</summary>
    private static byte[] Append(TransportConnection connection, int totalBytes, int blockBytes)
    {
        const int Before = 7;
        byte[] text = new byte[totalBytes];
        new Random(blockBytes).NextBytes(text);
        for (int at = 0; at < totalBytes; at += blockBytes)
        {
            int count = Math.Min(blockBytes, totalBytes - at);
            BufferSegment block = connection.Reactor.Buffers.RentAtLeast(count + Before);
            block.Append(new byte[Before]);
            block.Append(text.AsSpan(at, count));
            block.Start += Before;
            connection.Writer.Append(block);
        }

        connection.Writer.Flush();
        return text;
    }

    private static async Task<byte[]> ReadAsync(TransportConnection connection, int bytes)
    {
        var got = new List<byte>(bytes);
        while (got.Count < bytes)
        {
            ReadResult read = await connection.Reader.ReadAsync();
            got.AddRange(read.Buffer.ToArray());
            connection.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted && got.Count < bytes)
            {
                throw new IOException($"{got.Count} of {bytes} bytes");
            }
        }

        return [.. got];
    }

    /// <summary>Sends what a session said, a byte a turn.</summary>
    private static async Task DribbleAsync(Reactor reactor, TransportConnection wire, ArrayBufferWriter<byte> output)
    {
        byte[] bytes = output.WrittenSpan.ToArray();
        output.Clear();
        foreach (byte one in bytes)
        {
            wire.Writer.Append([one]);
            wire.Writer.Flush();
            var turned = new TaskCompletionSource();
            reactor.Defer(static source => ((TaskCompletionSource)source!).SetResult(), turned);
            await turned.Task;
        }
    }
}
