using System;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

public sealed class TransportEchoTests
{
    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Echo_SmallMessages_ComeBackOnTheReactor(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        bool same = await test.RunAsync(async reactor =>
        {
            TransportConnection client = await ConnectToEchoAsync(reactor, transfer: false);
            bool all = true;
            for (int i = 0; i < 100; i++)
            {
                "hello"u8.CopyTo(client.Writer.GetSpan(5));
                client.Writer.Advance(5);
                await client.Writer.FlushAsync();
                ReadResult result = await client.Reader.ReadAsync();
                all &= result.Buffer.Length == 5 && Reactor.Current == reactor;
                client.Reader.AdvanceTo(result.Buffer.End);
            }

            client.Close();
            return all && client.BytesSent == 500 && client.BytesReceived == 500;
        });
        Assert.True(same);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Echo_Megabytes_SurviveHandOverAndHalfClose(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        const int total = 8 << 20;
        int matched = await test.RunAsync(async reactor =>
        {
            TransportConnection client = await ConnectToEchoAsync(reactor, transfer: true);
            Task writing = WriteAsync(client, total);
            int position = 0;
            int good = 0;
            while (true)
            {
                ReadResult result = await client.Reader.ReadAsync();
                foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                {
                    foreach (byte b in piece.Span)
                    {
                        good += b == Pattern(position++) ? 1 : 0;
                    }
                }

                client.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }

            await writing;
            client.Close();
            return client.Error.IsNone ? good : -1;
        });
        Assert.Equal(total, matched);
    }

    private static byte Pattern(int position) => (byte)((position * 31) + (position >> 9));

    private static async Task WriteAsync(TransportConnection client, int total)
    {
        int position = 0;
        while (position < total)
        {
            int take = Math.Min(total - position, 1000 + (position % 30000));
            Span<byte> room = client.Writer.GetSpan(take);
            for (int i = 0; i < take; i++)
            {
                room[i] = Pattern(position + i);
            }

            client.Writer.Advance(take);
            position += take;
            await client.Writer.FlushAsync();
        }

        client.Writer.ShutdownWrite();
    }

    private static async ValueTask<TransportConnection> ConnectToEchoAsync(Reactor reactor, bool transfer)
    {
        TransportListener listener = Transports.Listen(
            reactor,
            new ListenOptions { Address = TestReactors.Loopback },
            accepted => _ = EchoAsync(accepted, transfer));
        ConnectResult connected = await Transports.ConnectAsync(
            reactor, new ConnectOptions { Address = listener.LocalAddress, TimeoutMs = 5000 });
        return connected.Connection ?? throw new InvalidOperationException(connected.Error.Text);
    }

    private static async Task EchoAsync(TransportConnection connection, bool transfer)
    {
        while (true)
        {
            ReadResult result = await connection.Reader.ReadAsync();
            if (transfer)
            {
                connection.Reader.TransferTo(connection.Writer, long.MaxValue);
            }
            else
            {
                foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                {
                    connection.Writer.Append(piece.Span);
                }

                connection.Reader.AdvanceTo(result.Buffer.End);
            }

            await connection.Writer.FlushAsync();
            if (result.IsCompleted)
            {
                break;
            }
        }

        connection.Close();
    }
}
