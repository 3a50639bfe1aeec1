using System;
using System.Net;
using FastMesh.Protocols;
using FastMesh.Tests.Unit.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols;

public sealed class NetAddressTests
{
    [Theory]
    [InlineData("1.2.3.4:80", "1.2.3.4:80")]
    [InlineData("255.255.255.255:65535", "255.255.255.255:65535")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("[2001:DB8:0:0:1:0:0:1]:1", "[2001:db8::1:0:0:1]:1")]
    [InlineData("[::]:1", "[::]:1")]
    [InlineData("[1::]:1", "[1::]:1")]
    [InlineData("[1:0:2:3:4:5:6:7]:1", "[1:0:2:3:4:5:6:7]:1")]
    [InlineData("[::ffff:1.2.3.4]:80", "1.2.3.4:80")]
    public void Parse_ThenFormat_IsCanonical(string text, string expected)
    {
        Assert.True(NetAddress.TryParse(text, out NetAddress address));
        Span<byte> utf8 = stackalloc byte[NetAddress.FormattedLengthMax];
        Assert.True(address.TryFormat(utf8, out int written));
        Assert.Equal(expected, Heads.Text(utf8[..written]));
        Assert.Equal(address, NetAddress.From(address.ToIPEndPoint()!));
        Assert.False(address.TryFormat(utf8[..(written - 1)], out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("01.2.3.4")]
    [InlineData("1.2.3.4:")]
    [InlineData("1.2.3.4:65536")]
    [InlineData("1.2.3.4:-1")]
    [InlineData("1.2.3.400")]
    [InlineData("[1.2.3.4]:80")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[::1]80")]
    [InlineData("host:80")]
    [InlineData("0x7f.0.0.1")]
    public void Parse_NoAddress_IsRefused(string text) => Assert.False(NetAddress.TryParse(text, out _));

    [Theory]
    [InlineData("10.1.2.3", "10.0.0.0", 8, true)]
    [InlineData("11.1.2.3", "10.0.0.0", 8, false)]
    [InlineData("10.1.2.3", "99.0.0.0", 0, true)]
    [InlineData("10.1.2.3", "10.1.2.3", 32, true)]
    [InlineData("10.1.2.2", "10.1.2.3", 32, false)]
    [InlineData("2001:db8::1", "2001:db8::", 64, true)]
    [InlineData("2001:db8:0:1::1", "2001:db8::", 64, false)]
    [InlineData("2001:db8::1:0:0:1", "2001:db8::1:0:0:0", 127, true)]
    [InlineData("2001:db8::1:0:0:2", "2001:db8::1:0:0:0", 127, false)]
    [InlineData("10.0.0.1", "::", 0, false)]
    public void IsIn_Prefix_ComparesLeadingBits(string address, string network, int length, bool expected)
    {
        Assert.True(NetAddress.TryParse(address, out NetAddress one));
        Assert.True(NetAddress.TryParse(network, out NetAddress other));
        Assert.Equal(expected, one.IsIn(other, length));
    }

    [Fact]
    public void From_MappedAddress_EqualsIPv4()
    {
        NetAddress mapped = NetAddress.From(IPAddress.Parse("::ffff:10.0.0.1"), 5);
        Assert.Equal(NetAddressKind.IPv4, mapped.Kind);
        Assert.Equal(NetAddress.FromIPv4(0x0A000001, 5), mapped);
        Assert.Equal(mapped.GetHashCode(), NetAddress.FromIPv4(0x0A000001, 5).GetHashCode());
    }

    [Theory]
    [InlineData("127.0.0.1", true, true)]
    [InlineData("::1", true, true)]
    [InlineData("10.0.0.1", false, true)]
    [InlineData("172.16.0.1", false, true)]
    [InlineData("172.32.0.1", false, false)]
    [InlineData("192.168.1.1", false, true)]
    [InlineData("8.8.8.8", false, false)]
    [InlineData("fd00::1", false, true)]
    public void Ranges_Address_IsClassified(string text, bool loopback, bool isPrivate)
    {
        Assert.True(NetAddress.TryParse(text, out NetAddress address));
        Assert.Equal(loopback, address.IsLoopback);
        Assert.Equal(isPrivate, address.IsPrivate);
    }
}
