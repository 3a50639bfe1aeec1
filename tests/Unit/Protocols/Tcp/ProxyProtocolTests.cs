using System;
using System.Buffers;
using FastMesh.Protocols;
using FastMesh.Protocols.Tcp;
using FastMesh.Tests.Unit.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Tcp;

public sealed class ProxyProtocolTests
{
    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\n", "1.2.3.4:1000", "5.6.7.8:80")]
    [InlineData("PROXY TCP6 ::1 2001:db8::1 0 65535\r\n", "::1", "[2001:db8::1]:65535")]
    [InlineData("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", "1.2.3.4:1", "[::1]:2")]
    [InlineData("PROXY UNKNOWN\r\n", "-", "-")]
    [InlineData("PROXY UNKNOWN ffff::1 x y z\r\n", "-", "-")]
    public void Read_Version1_GivesAddressesInAnySplit(string text, string source, string target)
    {
        byte[] wire = Heads.Bytes(text + "DATA");
        ProxyHeader header = new();
        for (int length = 0; length < text.Length; length++)
        {
            ReadOnlySequence<byte> part = new(wire, 0, length);
            Assert.Equal(ProxyProtocolStatus.NeedMore, ProxyProtocol.Read(part, header, out _, out _));
        }

        ReadOnlySequence<byte> whole = Heads.Sequence(Heads.OneByOne(wire));
        ProxyProtocolStatus status = ProxyProtocol.Read(whole, header, out long consumed, out _);
        Assert.Equal(ProxyProtocolStatus.Done, status);
        Assert.Equal(text.Length, consumed);
        Assert.Equal((source, target), (header.Source.ToString(), header.Destination.ToString()));
    }

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1000\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n")]
    [InlineData("PROXY TCP4 ::1 ::1 1 2\r\n")]
    [InlineData("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n")]
    [InlineData("PROXY TCP4 1.2.3.4:5 5.6.7.8 1 2\r\n")]
    [InlineData("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("PROXY UNKNOWNX\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX")]
    public void Read_MalformedVersion1_IsAnError(string text) =>
        Assert.Equal(ProxyProtocolStatus.Error, Read(Heads.Bytes(text), out _));

    [Fact]
    public void Read_Version1WithoutEnd_IsAnErrorAtItsLimit() =>
        Assert.Equal(ProxyProtocolStatus.Error, Read(Heads.Bytes("PROXY TCP4 " + new string('1', 100)), out _));

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXX")]
    [InlineData("\r\n\r\nX")]
    public void Read_NoHeader_IsAbsent(string text) =>
        Assert.Equal(ProxyProtocolStatus.Absent, Read(Heads.Bytes(text), out _));

    [Theory]
    [InlineData("1.2.3.4:1000", "5.6.7.8:80", "1.2.3.4:1000", "5.6.7.8:80")]
    [InlineData("[2001:db8::1]:1", "[::1]:2", "[2001:db8::1]:1", "[::1]:2")]
    [InlineData("1.2.3.4:1", "[::1]:2", "1.2.3.4:1", "[::1]:2")]
    public void Version2_WrittenWithTlvsAndChecksum_ReadsBack(string source, string target, string from, string to)
    {
        Assert.True(NetAddress.TryParse(source, out NetAddress one));
        Assert.True(NetAddress.TryParse(target, out NetAddress other));
        byte[] tlvs = [2, 0, 3, (byte)'a', (byte)'b', (byte)'c'];
        byte[] wire = new byte[ProxyProtocol.MeasureVersion2(tlvs.Length)];
        int written = ProxyProtocol.WriteVersion2(wire, one, other, tlvs, checksum: true);
        ProxyProtocolStatus status = Read(wire.AsSpan(0, written).ToArray(), out ProxyHeader header);
        Assert.Equal(ProxyProtocolStatus.Done, status);
        Assert.Equal((from, to), (header.Source.ToString(), header.Destination.ToString()));
        Assert.True(header.TryGetTlv(2, out ReadOnlySpan<byte> authority));
        Assert.Equal("abc", Heads.Text(authority));
        wire[written - 9] ^= 1;
        Assert.Equal(ProxyProtocolStatus.Error, Read(wire.AsSpan(0, written).ToArray(), out _));
    }

    [Fact]
    public void Version2_Local_HasNoAddresses()
    {
        byte[] wire = new byte[64];
        int written = ProxyProtocol.WriteVersion2(wire, default, default, default, checksum: false);
        Assert.Equal(16, written);
        Assert.Equal(ProxyProtocolStatus.Done, Read(wire[..written], out ProxyHeader header));
        Assert.True(header.IsLocal);
    }

    [Theory]
    [InlineData(0x11, 0x11, 12)]
    [InlineData(0x31, 0x11, 12)]
    [InlineData(0x22, 0x11, 12)]
    [InlineData(0x21, 0x12, 12)]
    [InlineData(0x21, 0x41, 12)]
    [InlineData(0x21, 0x11, 11)]
    [InlineData(0x21, 0x11, 13)]
    [InlineData(0x21, 0x21, 12)]
    public void Read_MalformedVersion2_IsAnError(byte command, byte family, byte length)
    {
        byte[] wire = new byte[16 + 64];
        "\r\n\r\n\0\r\nQUIT\n"u8.CopyTo(wire);
        wire[12] = command;
        wire[13] = family;
        wire[15] = length;
        Assert.Equal(ProxyProtocolStatus.Error, Read(wire, out _));
    }

    [Theory]
    [InlineData("1.2.3.4:1", "5.6.7.8:2", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("[::1]:1", "[::2]:2", "PROXY TCP6 ::1 ::2 1 2\r\n")]
    [InlineData("1.2.3.4:1", "[::2]:2", "PROXY UNKNOWN\r\n")]
    public void Version1_Written_IsTheText(string source, string target, string expected)
    {
        Assert.True(NetAddress.TryParse(source, out NetAddress one));
        Assert.True(NetAddress.TryParse(target, out NetAddress other));
        byte[] wire = new byte[ProxyProtocol.Version1BytesMax];
        int written = ProxyProtocol.WriteVersion1(wire, one, other);
        Assert.Equal(expected, Heads.Text(wire.AsSpan(0, written)));
    }

    private static ProxyProtocolStatus Read(byte[] wire, out ProxyHeader header)
    {
        header = new ProxyHeader();
        return ProxyProtocol.Read(new ReadOnlySequence<byte>(wire), header, out _, out _);
    }
}
