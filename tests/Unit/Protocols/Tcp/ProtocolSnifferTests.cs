using FastMesh.Protocols.Tcp;
using FastMesh.Tests.Unit.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Tcp;

public sealed class ProtocolSnifferTests
{
    [Theory]
    [InlineData("", SniffVerdict.NeedMore)]
    [InlineData("G", SniffVerdict.NeedMore)]
    [InlineData("\r", SniffVerdict.NeedMore)]
    [InlineData("\r\nGET / HTTP/1.1\r\n", SniffVerdict.Http11)]
    [InlineData("GET / HTTP/1.1\r\n", SniffVerdict.Http11)]
    [InlineData("GET / HTTP/1.0\r", SniffVerdict.Http10)]
    [InlineData("GET / HTTP/1.1", SniffVerdict.NeedMore)]
    [InlineData("PRI", SniffVerdict.NeedMore)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SniffVerdict.Http2)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", SniffVerdict.Other)]
    [InlineData("GET / HTTP/2.0\r\n", SniffVerdict.Other)]
    [InlineData("GET /\r\n", SniffVerdict.Other)]
    [InlineData("SSH-2.0-OpenSSH\r\n", SniffVerdict.Other)]
    [InlineData("\u0016\u0003\u0001", SniffVerdict.Other)]
    [InlineData("\0\0\0", SniffVerdict.Other)]
    [InlineData("GET / HTTP/1.1\n", SniffVerdict.Other)]
    internal void Sniff_FirstBytes_GivesVerdict(string text, SniffVerdict expected)
    {
        Assert.Equal(expected, ProtocolSniffer.Sniff(Heads.Bytes(text)));
        Assert.Equal(expected, ProtocolSniffer.Sniff(Heads.Sequence(Heads.OneByOne(Heads.Bytes(text)))));
    }

    [Fact]
    public void Sniff_LineThatDoesNotEnd_IsNotHttp() =>
        Assert.Equal(SniffVerdict.Other, ProtocolSniffer.Sniff(Heads.Bytes("GET /" + new string('a', 9000))));
}
