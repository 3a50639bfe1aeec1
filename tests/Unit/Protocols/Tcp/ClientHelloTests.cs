using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols.Tcp;
using FastMesh.Tests.Unit.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Tcp;

public sealed class ClientHelloTests
{
    [Theory]
    [InlineData(16_000)]
    [InlineData(1)]
    [InlineData(7)]
    public void Read_AnyRecordSize_FindsNameAndProtocols(int recordBytes)
    {
        ClientHello hello = new();
        byte[] wire = Records(Message("Svc.Example", "h2", "http/1.1"), recordBytes);
        Assert.Equal(ClientHelloStatus.Done, hello.Read(new ReadOnlySequence<byte>(wire)));
        Assert.Equal("svc.example", Heads.Text(hello.ServerName));
        Assert.True(hello.Offers("h2"u8));
        Assert.True(hello.Offers("http/1.1"u8));
        Assert.False(hello.Offers("http/1"u8));
    }

    [Fact]
    public void Read_ByteByByte_NeedsMoreUntilTheLast()
    {
        ClientHello hello = new();
        byte[] wire = Records(Message("a.b", "istio"), 50);
        for (int length = 0; length < wire.Length; length++)
        {
            Assert.Equal(ClientHelloStatus.NeedMore, hello.Read(new ReadOnlySequence<byte>(wire, 0, length)));
        }

        Assert.Equal(ClientHelloStatus.Done, hello.Read(Heads.Sequence(Heads.OneByOne(wire))));
        Assert.Equal("a.b", Heads.Text(hello.ServerName));
        hello.Clear();
        Assert.True(hello.ServerName.IsEmpty);
    }

    [Fact]
    public void Read_NoExtensions_IsDoneWithoutName()
    {
        ClientHello hello = new();
        Assert.Equal(ClientHelloStatus.Done, hello.Read(new ReadOnlySequence<byte>(Records(Body([]), 100))));
        Assert.True(hello.ServerName.IsEmpty);
        Assert.True(hello.ProtocolList.IsEmpty);
    }

    [Fact]
    public void Read_PlainText_IsNotTls() =>
        Assert.Equal(ClientHelloStatus.NotTls,
            new ClientHello().Read(new ReadOnlySequence<byte>("GET / "u8.ToArray())));

    [Fact]
    public void Read_EveryTruncatedMessage_IsMalformedAndNeverThrows()
    {
        byte[] message = Message("a.example", "h2");
        for (int length = 4; length < message.Length; length++)
        {
            byte[] cut = message[..length];
            cut[1] = 0;
            cut[2] = (byte)((length - 4) >> 8);
            cut[3] = (byte)(length - 4);
            ClientHelloStatus status = new ClientHello().Read(new ReadOnlySequence<byte>(Records(cut, 1000)));
            bool endsBeforeExtensions = length == 4 + 34 + 1 + 4 + 2;
            Assert.Equal(endsBeforeExtensions ? ClientHelloStatus.Done : ClientHelloStatus.Malformed, status);
        }
    }

    [Fact]
    public void Read_OverTheLimit_IsMalformedAtItsHeader()
    {
        byte[] wire = [22, 3, 1, 0x40, 0, 1, 1, 0, 0];
        Assert.Equal(ClientHelloStatus.Malformed, new ClientHello().Read(new ReadOnlySequence<byte>(wire)));
    }

    [Fact]
    public void Read_RepeatedServerName_IsMalformed()
    {
        byte[] name = Extension(0, Vector16(Concat([0], Vector16(Heads.Bytes("a")))));
        byte[] wire = Records(Body(Concat(name, name)), 1000);
        Assert.Equal(ClientHelloStatus.Malformed, new ClientHello().Read(new ReadOnlySequence<byte>(wire)));
    }

    private static byte[] Message(string name, params string[] protocols)
    {
        byte[] list = Concat([.. protocols.Select(p => Concat([(byte)p.Length], Heads.Bytes(p)))]);
        return Body(Concat(
            Extension(10, [0, 2, 0, 29]),
            Extension(0, Vector16(Concat([0], Vector16(Heads.Bytes(name))))),
            Extension(16, Vector16(list))));
    }

    private static byte[] Body(byte[] extensions)
    {
        byte[] body = Concat([3, 3], new byte[32], [0], [0, 2, 0x13, 1], [1, 0],
            extensions.Length == 0 ? [] : Vector16(extensions));
        return Concat([1, 0, (byte)(body.Length >> 8), (byte)body.Length], body);
    }

    private static byte[] Extension(int type, byte[] body) => Concat([(byte)(type >> 8), (byte)type], Vector16(body));

    private static byte[] Vector16(byte[] body) => Concat([(byte)(body.Length >> 8), (byte)body.Length], body);

    private static byte[] Records(byte[] message, int recordBytes)
    {
        List<byte> wire = [];
        foreach (byte[] piece in message.Chunk(recordBytes))
        {
            wire.AddRange([22, 3, 1, (byte)(piece.Length >> 8), (byte)piece.Length]);
            wire.AddRange(piece);
        }

        return [.. wire];
    }

    private static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(part => part)];
}
