using System;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>Whatever came in, one canonical form goes out, and nothing that breaks the grammar.</summary>
public sealed class Http1WriterTests
{
    [Fact]
    public void Request_ParsedAndStripped_IsWrittenCanonically()
    {
        RequestHead head = Heads.Request("POST http://real/x?y HTTP/1.1\r\nHost: other\r\nX-A:b \r\n"
            + "Connection: close, X-Drop\r\nX-Drop: 1\r\nKeep-Alive: 5\r\n"
            + "TE: gzip, trailers\r\nContent-Length: 5\r\n\r\n");
        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: false);
        Assert.Equal("POST /x?y HTTP/1.1\r\nhost: real\r\nX-A: b\r\nte: trailers\r\ncontent-length: 5\r\n\r\n",
            Write(head, ConnectionOption.None));
    }

    [Fact]
    public void Request_NotStripped_StillHasOneHostAndOneFraming()
    {
        RequestHead head = Heads.Request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + "Connection: keep-alive\r\nUpgrade: x\r\n\r\n");
        head.Fields.Append("Host"u8, "evil"u8);
        head.Fields.Append("Content-Length"u8, "3"u8);
        Assert.Equal("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
            Write(head, ConnectionOption.Close));
    }

    [Fact]
    public void Request_Upgrade_KeepsTheFieldAndNamesIt()
    {
        RequestHead head = Heads.Request(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: true);
        Assert.Equal("GET / HTTP/1.1\r\nhost: a\r\nUpgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            Write(head, ConnectionOption.Upgrade));
    }

    [Fact]
    public void Request_Connect_TargetIsTheAuthority() =>
        Assert.Equal("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n",
            Write(Heads.Request("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), ConnectionOption.None));

    [Theory]
    [InlineData("a\r\nEvil: 1")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData("\u007f")]
    public void Request_ValueWithControls_IsNotWritten(string value)
    {
        RequestHead head = Heads.Request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        head.Fields.Append("x"u8, Heads.Bytes(value));
        Assert.Equal(-1, Http1Writer.WriteRequest(head, head.Body, ConnectionOption.None, new byte[4096]));
    }

    [Theory]
    [InlineData("/a b")]
    [InlineData("/a\r\nX: y")]
    [InlineData("/a#b")]
    [InlineData("")]
    public void Request_PathThatBreaksTheLine_IsNotWritten(string path)
    {
        RequestHead head = Heads.Request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        head.SetPath(Heads.Bytes(path));
        Assert.Equal(-1, Http1Writer.WriteRequest(head, head.Body, ConnectionOption.None, new byte[4096]));
    }

    [Fact]
    public void Request_AuthorityWithLineEnd_IsNotWritten()
    {
        RequestHead head = Heads.Request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        head.SetAuthority("a\r\nX: y"u8);
        Assert.Equal(-1, Http1Writer.WriteRequest(head, head.Body, ConnectionOption.None, new byte[4096]));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\n", "Get",
        "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "Head", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "Get", "HTTP/1.1 304 X\r\ncontent-length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n", "Get", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", "Get", "HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n", "Get",
        "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "Get", "HTTP/1.1 200 OK\r\n\r\n")]
    public void Response_Parsed_IsWrittenWithOneFraming(string text, string method, string expected)
    {
        ResponseHead head = Heads.Response(text, Enum.Parse<HttpMethod>(method));
        byte[] bytes = new byte[Http1Writer.MeasureResponse(head)];
        int written = Http1Writer.WriteResponse(head, ConnectionOption.None, bytes);
        Assert.Equal(expected, Heads.Text(bytes.AsSpan(0, written)));
    }

    [Fact]
    public void Response_ReasonWithLineEnd_IsNotWritten()
    {
        ResponseHead head = new() { StatusCode = 200 };
        head.SetReason("OK\r\nX: y"u8);
        Assert.Equal(-1, Http1Writer.WriteResponse(head, ConnectionOption.None, new byte[512]));
    }

    [Theory]
    [InlineData(1, "1\r\n")]
    [InlineData(15, "f\r\n")]
    [InlineData(16, "10\r\n")]
    [InlineData(65536, "10000\r\n")]
    [InlineData(long.MaxValue, "7fffffffffffffff\r\n")]
    public void ChunkHead_Size_IsShortestHex(long size, string expected)
    {
        byte[] bytes = new byte[Http1Writer.ChunkHeadBytesMax];
        int written = Http1Writer.WriteChunkHead(size, first: true, bytes);
        Assert.Equal(expected, Heads.Text(bytes.AsSpan(0, written)));
        written = Http1Writer.WriteChunkHead(size, first: false, bytes);
        Assert.Equal("\r\n" + expected, Heads.Text(bytes.AsSpan(0, written)));
    }

    [Fact]
    public void LastChunk_Trailers_AreWrittenWithoutFramingFields()
    {
        HttpFields trailers = new();
        trailers.Append("grpc-status"u8, "0"u8);
        trailers.Append("content-length"u8, "0"u8);
        byte[] bytes = new byte[Http1Writer.MeasureLastChunk(trailers)];
        int written = Http1Writer.WriteLastChunk(trailers, first: false, bytes);
        Assert.Equal("\r\n0\r\ngrpc-status: 0\r\n\r\n", Heads.Text(bytes.AsSpan(0, written)));
        trailers.Append("x"u8, "a\r\nb"u8);
        Assert.Equal(-1, Http1Writer.WriteLastChunk(trailers, first: true, new byte[512]));
    }

    [Theory]
    [InlineData("Connection: X-Forwarded-For, Authorization, Cookie, Host\r\nX-Forwarded-For: 1\r\nAuthorization: a\r\n"
        + "Cookie: c\r\n", "\nX-Forwarded-For=1 XForwardedFor\nAuthorization=a Authorization\nCookie=c Cookie")]
    [InlineData("Connection: x-one, x-two\r\nX-One: 1\r\nConnection: x-three\r\nX-Three: 3\r\nx-TWO: 2\r\nKeep: k\r\n",
        "\nKeep=k None")]
    [InlineData("Proxy-Connection: keep-alive\r\nKeep-Alive: x\r\nUpgrade: h2c\r\nTE: gzip\r\n", "")]
    [InlineData("TE: trailers\r\nTE: gzip\r\n", "\nte=trailers Te")]
    public void Strip_HopByHopFields_GoAndEndToEndFieldsStay(string fields, string expected)
    {
        RequestHead head = Heads.Request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: false);
        Assert.Equal(expected, Heads.Render(head.Fields));
    }

    private static string Write(RequestHead head, ConnectionOption connection)
    {
        byte[] bytes = new byte[Http1Writer.MeasureRequest(head)];
        int written = Http1Writer.WriteRequest(head, head.Body, connection, bytes);
        return Heads.Text(bytes.AsSpan(0, written));
    }
}
