using System.Linq;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>
/// Requests that RFC 9113 §8 calls malformed: a stream error, nothing handed out, and the connection goes on with its
/// compression state intact.
/// </summary>
public sealed class MalformedRequestTests
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";
    private const string Post = ":method: POST\n:scheme: http\n:path: /\n:authority: a\n";

    [Theory]
    [InlineData(Get + ":unknown: x\n", "UnknownPseudoField")]
    [InlineData(Get + ":status: 200\n", "UnknownPseudoField")]
    [InlineData(Get + ":: x\n", "UnknownPseudoField")]
    [InlineData(Get + ":method: GET\n", "RepeatedPseudoField")]
    [InlineData(Get + ":path: /\n", "RepeatedPseudoField")]
    [InlineData(Get + ":authority: a\n", "RepeatedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\nx: y\n:path: /\n:authority: a\n", "LatePseudoField")]
    [InlineData(":scheme: http\n:path: /\n:authority: a\n", "MissingPseudoField")]
    [InlineData(":method: GET\n:path: /\n:authority: a\n", "MissingPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:authority: a\n", "MissingPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /\n", "MissingPseudoField")]
    [InlineData("x: y\n", "MissingPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: \n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: x\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: *\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /a b\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /a#b\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /a\u0001\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: http://b/\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: G T\n:scheme: http\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: G\r\n:scheme: http\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: \n:scheme: http\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: G/T\n:scheme: http\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: ht tp\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http/\n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: \n:path: /\n:authority: a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /\n:authority: u@a\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /\n:authority: a/b\n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /\n:authority: \n", "MalformedPseudoField")]
    [InlineData(":method: GET\n:scheme: http\n:path: /\n:authority: a:99999\n", "MalformedPseudoField")]
    [InlineData(Get + "Upper: x\n", "MalformedFieldName")]
    [InlineData(Get + "sp ace: x\n", "MalformedFieldName")]
    [InlineData(Get + "x\u0001: x\n", "MalformedFieldName")]
    [InlineData(Get + "x:y: x\n", "MalformedFieldName")]
    [InlineData(Get + "x\u00e9: x\n", "MalformedFieldName")]
    [InlineData(Get + ": x\n", "EmptyFieldName")]
    [InlineData(Get + "x: a\rb\n", "MalformedFieldValue")]
    [InlineData(Get + "x: a\0b\n", "MalformedFieldValue")]
    [InlineData(Get + "x:  a\n", "MalformedFieldValue")]
    [InlineData(Get + "x: a \n", "MalformedFieldValue")]
    [InlineData(Get + "x: a\t\n", "MalformedFieldValue")]
    [InlineData(Get + "x: a\u007f\n", "MalformedFieldValue")]
    [InlineData(Get + "connection: close\n", "ConnectionSpecificField")]
    [InlineData(Get + "keep-alive: 1\n", "ConnectionSpecificField")]
    [InlineData(Get + "proxy-connection: close\n", "ConnectionSpecificField")]
    [InlineData(Get + "transfer-encoding: chunked\n", "ConnectionSpecificField")]
    [InlineData(Get + "upgrade: h2c\n", "ConnectionSpecificField")]
    [InlineData(Get + "te: gzip\n", "ConnectionSpecificField")]
    [InlineData(Get + "te: trailers, gzip\n", "ConnectionSpecificField")]
    [InlineData(Get + "host: b\n", "ConflictingAuthority")]
    [InlineData(Get + "host: a\nhost: a\n", "ConflictingAuthority")]
    [InlineData(Get + "host: u@a\n", "ConflictingAuthority")]
    [InlineData(Post + "content-length: x\n", "MalformedContentLength")]
    [InlineData(Post + "content-length: -1\n", "MalformedContentLength")]
    [InlineData(Post + "content-length: \n", "MalformedContentLength")]
    [InlineData(Post + "content-length: 1, 1\n", "MalformedContentLength")]
    [InlineData(Post + "content-length: 0\ncontent-length: 0\n", "MalformedContentLength")]
    [InlineData(Post + "content-length: 1\n", "ContentLengthMismatch")]
    [InlineData(":method: CONNECT\n:authority: a\n", "MalformedConnect")]
    [InlineData(":method: CONNECT\n", "MalformedConnect")]
    [InlineData(":method: CONNECT\n:scheme: http\n:path: /\n:authority: a:1\n", "MalformedConnect")]
    [InlineData(":method: CONNECT\n:protocol: websocket\n:authority: a:1\n", "MalformedConnect")]
    [InlineData(Get + ":protocol: websocket\n", "MalformedConnect")]
    public void Request_IsMalformed_ResetsItsStreamOnly(string fields, string fault)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, fields));
        Assert.Equal($"refused 1 {fault}\n", server.TakeEvents());
        Assert.Equal("RST_STREAM 1 ProtocolError\n", server.TakeFrames());
        server.Receive(Frames.Headers(3, Get));
        Assert.Equal("request 3 GET http://a/ None END\n", server.TakeEvents());
        Assert.Equal(0, server.Session.StreamCount - 1);
    }

    [Theory]
    [InlineData(Get + "host: A\n", "request 1 GET http://a/ None END\n")]
    [InlineData(":method: GET\n:scheme: https\n:path: /\nhost: b:80\n", "request 1 GET https://b:80/ None END\n")]
    [InlineData(":method: OPTIONS\n:scheme: http\n:path: *\n:authority: a\n", "request 1 OPTIONS http://a* None END\n")]
    [InlineData(":method: CONNECT\n:authority: a:443\n", "request 1 CONNECT http://a:443 None END\n")]
    [InlineData(":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /c\n:authority: a\n",
        "request 1 CONNECT http://a/c :protocol=websocket None END\n")]
    [InlineData(Get + "te: trailers\n", "request 1 GET http://a/ None|te=trailers END\n")]
    [InlineData(Get + "x: \n", "request 1 GET http://a/ None|x= END\n")]
    [InlineData(Get + "cookie: a=1\nx: y\ncookie: b=2\ncookie: c=3\n",
        "request 1 GET http://a/ None|cookie=a=1; b=2; c=3|x=y END\n")]
    [InlineData(Post + "content-length: 0\n", "request 1 POST http://a/ Counted(0)|content-length=0 END\n")]
    public void Request_IsUnusualButValid_IsHandedOut(string fields, string expected)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, fields));
        Assert.Equal(expected, server.TakeEvents());
        Assert.Equal("", server.TakeFrames());
    }

    [Fact]
    public void ExtendedConnect_NotEnabled_ResetsItsStream()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { AllowConnect = false });
        server.Receive(Frames.Headers(1,
            ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /c\n:authority: a\n"));
        Assert.Equal("refused 1 ConnectProtocolNotEnabled\n", server.TakeEvents());
    }

    [Theory]
    [InlineData("DATA 3", true)]
    [InlineData("DATA 6", false)]
    [InlineData("DATA 6", true)]
    [InlineData("DATA 3, DATA 3", true)]
    [InlineData("DATA 3, DATA 1", true)]
    [InlineData("DATA 3, TRAILERS", true)]
    public void ContentLength_DiffersFromData_NeverLooksWhole(string frames, bool endStream)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Post + "content-length: 5\n", endStream: false));
        string[] parts = frames.Split(", ");
        foreach (string part in parts)
        {
            bool ends = endStream && part == parts.Last() && !parts.Contains("TRAILERS");
            byte[] frame = part == "TRAILERS"
                ? Frames.Headers(1, "x: y\n")
                : Frames.Data(1, new byte[part[^1] - '0'], ends);
            server.Receive(frame);
        }

        string events = server.TakeEvents();
        Assert.DoesNotContain("END", events, System.StringComparison.Ordinal);
        Assert.EndsWith("reset 1 ProtocolError ContentLengthMismatch\n", events, System.StringComparison.Ordinal);
        Assert.Equal("RST_STREAM 1 ProtocolError\n", server.TakeFrames());
    }

    [Theory]
    [InlineData(":path: /\n", "PseudoFieldInTrailers")]
    [InlineData(":nonsense: /\n", "PseudoFieldInTrailers")]
    [InlineData("content-length: 3\n", "ForbiddenTrailer")]
    [InlineData("host: a\n", "ForbiddenTrailer")]
    [InlineData("authorization: x\n", "ForbiddenTrailer")]
    [InlineData("transfer-encoding: chunked\n", "ConnectionSpecificField")]
    [InlineData("Upper: x\n", "MalformedFieldName")]
    public void Trailers_AreMalformed_ResetTheirStream(string fields, string fault)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Post, endStream: false), Frames.Headers(1, fields));
        Assert.EndsWith($"reset 1 ProtocolError {fault}\n", server.TakeEvents(), System.StringComparison.Ordinal);
    }

    [Fact]
    public void Trailers_WithoutEndStream_ResetTheirStream()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Post, endStream: false), Frames.Headers(1, "x: y\n", endStream: false));
        Assert.EndsWith(
            "reset 1 ProtocolError TrailersWithoutEnd\n", server.TakeEvents(), System.StringComparison.Ordinal);
    }

    [Fact]
    public void Head_OverTheLimit_IsAnswered431AndCompressionStaysRight()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { HeaderListBytesMax = 300 });
        byte[] block = [.. Frames.Block(Get + $"big: {new string('x', 200)}\n"), 0x40, 1, (byte)'k', 1, (byte)'v'];
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, block));
        Assert.Equal("refused 1 HeaderListTooLarge\n", server.TakeEvents());
        Assert.Equal("HEADERS 1 END\nRST_STREAM 1 NoError\n", server.TakeFrames());

        // The field behind the limit is in the table.
        byte[] next = [.. Frames.Block(Get), 0xBE];
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 3, next));
        Assert.Equal("request 3 GET http://a/ None|k=v END\n", server.TakeEvents());
    }

    [Fact]
    public void Head_HasTooManyFields_IsAnswered431()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get + string.Concat(Enumerable.Repeat("x: y\n", 97))));
        Assert.Equal("refused 1 TooManyFields\n", server.TakeEvents());
        server.Receive(Frames.Headers(3, Get + string.Concat(Enumerable.Repeat("x: y\n", 96))));
        Assert.StartsWith("request 3", server.TakeEvents(), System.StringComparison.Ordinal);
    }

    [Fact]
    public void Head_OfCookieCrumbs_CountsEachCrumb()
    {
        Http2Peer server = Http2Peer.Server();
        byte[] bomb = [.. Frames.Block(Get), 0x60, 1, (byte)'c', .. Enumerable.Repeat((byte)0xBE, 16000)];
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, bomb));
        Assert.Equal("refused 1 TooManyFields\n", server.TakeEvents());
        Assert.Equal(0, server.Session.StreamCount);
    }

    [Fact]
    public void Head_OfReferencesToALargeEntry_IsStoppedWhileDecoding()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { FieldsMax = 100_000 });
        byte[] value = Enumerable.Repeat((byte)'v', 3900).ToArray();
        byte[] bomb = [.. Frames.Block(Get), 0x40, 1, (byte)'k', 0x7F, 0xBD, 0x1D, .. value,
            .. Enumerable.Repeat((byte)0xBE, 12000)];
        server.Receive(Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, bomb));
        Assert.Equal("refused 1 HeaderListTooLarge\n", server.TakeEvents());
        Assert.True(server.Request.Fields.BlockLength < 70_000);
    }
}
