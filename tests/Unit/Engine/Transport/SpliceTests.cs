using System;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

public sealed class SpliceTests
{
    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Splice_BothWays_CarriesEveryByteAndBothEnds(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        (long forth, long back, long counted) = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection front) = await Pair.ConnectAsync(reactor);
            (TransportConnection rear, TransportConnection server) = await Pair.ConnectAsync(reactor);
            Splice splice = Splice.TryStart(front, rear)!;
            ValueTask<long> atServer = Pair.CountToEndAsync(server);
            ValueTask<long> atClient = CountAsync(client);
            await WriteAsync(client, 20 << 20);
            await WriteAsync(server, 5 << 20);
            await splice.WaitAsync();
            Assert.True(splice.Error.IsNone);
            front.Close();
            rear.Close();
            return (await atServer, await atClient, rear.BytesSent);
        });
        Assert.Equal(20 << 20, forth);
        Assert.Equal(5 << 20, back);
        Assert.Equal(20 << 20, counted);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Splice_OneSideResets_EndsWithTheReason(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        TransportError error = await test.RunAsync(async reactor =>
        {
            (TransportConnection client, TransportConnection front) = await Pair.ConnectAsync(reactor);
            (TransportConnection rear, _) = await Pair.ConnectAsync(reactor);
            Splice splice = Splice.TryStart(front, rear)!;
            client.Abort(reset: true);
            await splice.WaitAsync();
            return splice.Error;
        });
        Assert.Equal(TransportError.ConnectionReset, error.Errno);
    }

    private static async ValueTask<long> CountAsync(TransportConnection connection)
    {
        long count = 0;
        while (true)
        {
            ReadResult result = await connection.Reader.ReadAsync();
            count += result.Buffer.Length;
            connection.Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return count;
            }
        }
    }

    private static async Task WriteAsync(TransportConnection connection, int bytes)
    {
        for (int left = bytes; left > 0; left -= 1 << 18)
        {
            connection.Writer.Append(new byte[Math.Min(left, 1 << 18)]);
            await connection.Writer.FlushAsync();
        }

        connection.Writer.ShutdownWrite();
    }
}
