using System.Collections.Generic;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>
/// One framing, or none: what a request may look like, and the status each violation is answered with.
/// </summary>
public sealed class RequestTableTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\n";

    public static IEnumerable<TheoryDataRow<string, int>> Refused()
    {
        foreach ((int status, string[] heads) in RefusedRows())
        {
            foreach (string head in heads)
            {
                yield return new TheoryDataRow<string, int>(head, status);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Request_ViolatesTable_IsRefusedWithItsStatus(string text, int status)
    {
        ProtocolErrorCode code = Heads.RequestError(text);
        Assert.NotEqual(ProtocolErrorCode.None, code);
        Assert.Equal(status, new ProtocolError(code).HttpStatus);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Request_ViolatesTable_IsRefusedInAnySplit(string text, int status)
    {
        byte[] bytes = Heads.Bytes(text);
        Assert.StartsWith("error", Heads.RequestInPieces(Heads.OneByOne(bytes)), System.StringComparison.Ordinal);
        Assert.NotEqual(0, status);
    }

    [Theory]
    [InlineData(Post + "Content-Length: 5\r\n\r\n", "Counted(5)")]
    [InlineData(Post + "content-length:\t 0 \r\n\r\n", "Counted(0)")]
    [InlineData(Post + "Content-Length: 9223372036854775806\r\n\r\n", "Counted(9223372036854775806)")]
    [InlineData(Post + "Transfer-Encoding: chunked\r\n\r\n", "Chunked")]
    [InlineData(Post + "Transfer-Encoding: ChUnKeD\r\n\r\n", "Chunked")]
    [InlineData(Post + "\r\n", "None")]
    [InlineData(Get + "Content-Length: 3\r\n\r\n", "Counted(3)")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "Counted(3)")]
    [InlineData("DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "Chunked")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "Counted(3)")]
    [InlineData("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "Counted(3)")]
    public void Request_ValidFraming_BodyEndsWhereItSays(string text, string body) =>
        Assert.Equal(body, Heads.Request(text).Body.ToString());

    [Theory]
    [InlineData("GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "h", "/a?b=c")]
    [InlineData("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "h", "/")]
    [InlineData("GET http://x:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n", "x:81", "/a?b")]
    [InlineData("GET HTTPS://x HTTP/1.1\r\nHost: other\r\n\r\n", "x", "/")]
    [InlineData("GET http://x?q=/ HTTP/1.1\r\nHost: x\r\n\r\n", "x", "/?q=/")]
    [InlineData("OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n", "x", "*")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "x", "*")]
    [InlineData("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", "x:443", "")]
    [InlineData("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n", "[::1]:443", "")]
    [InlineData("GET / HTTP/1.1\r\nHost: a_b.example:8080\r\n\r\n", "a_b.example:8080", "/")]
    [InlineData("GET / HTTP/1.1\r\nHost: [fe80::1]\r\n\r\n", "[fe80::1]", "/")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "", "/")]
    public void Request_ValidTarget_AuthorityAndPathAreFound(string text, string authority, string path)
    {
        RequestHead head = Heads.Request(text);
        Assert.Equal(authority, Heads.Text(head.Authority));
        Assert.Equal(path, Heads.Text(head.Path));
        Assert.False(head.Fields.Has(KnownField.Host));
    }

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: Keep-Alive, CLOSE\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: foo\r\nConnection: close\r\n", false)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: keep-alive\r\n", true)]
    public void Request_Connection_DecidesPersistence(string version, string fields, bool keepAlive) =>
        Assert.Equal(keepAlive, Heads.Request($"GET / {version}\r\nHost: a\r\n{fields}\r\n").KeepAlive);

    [Theory]
    [InlineData("Connection: upgrade\r\nUpgrade: websocket\r\n", "websocket")]
    [InlineData("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", "h2c")]
    [InlineData("Upgrade: websocket\r\n", "")]
    [InlineData("Connection: upgrade\r\n", "")]
    [InlineData("Connection: upgrade\r\nUpgrade: \"x\"\r\n", "")]
    public void Request_Upgrade_NeedsBothFields(string fields, string upgrade) =>
        Assert.Equal(upgrade, Heads.Text(Heads.Request(Get + fields + "\r\n").Upgrade));

    [Theory]
    [InlineData(Post + "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n", true)]
    [InlineData(Post + "Expect: 100-continue\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.0\r\nExpect: other\r\nContent-Length: 3\r\n\r\n", false)]
    public void Request_Expect_WantsContinueOnlyForABody(string text, bool expected) =>
        Assert.Equal(expected, Heads.Request(text).ExpectContinue);

    [Theory]
    [InlineData(UnderscoreAction.Allow, 1)]
    [InlineData(UnderscoreAction.Drop, 0)]
    internal void Request_UnderscoreName_FollowsTheAction(UnderscoreAction action, int count)
    {
        Http1Limits limits = new() { Underscores = action };
        Assert.Equal(count, Heads.Request(Get + "a_b: 1\r\n\r\n", limits).Fields.Count);
    }

    [Fact]
    public void Request_UnderscoreNameWhenRefused_Is400()
    {
        Http1Limits limits = new() { Underscores = UnderscoreAction.Reject };
        Assert.Equal(ProtocolErrorCode.UnderscoreInName, Heads.RequestError(Get + "a_b: 1\r\n\r\n", limits));
    }

    [Fact]
    public void Request_AtTheFieldLimit_IsAccepted()
    {
        string fields = string.Concat(System.Linq.Enumerable.Repeat("a: b\r\n", 99));
        Assert.Equal(99, Heads.Request(Get + fields + "\r\n").Fields.Count);
    }

    private static IEnumerable<(int Status, string[] Heads)> RefusedRows()
    {
        // Content-Length and Transfer-Encoding together.
        yield return (400, [
            Post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            Post + "Transfer-Encoding: x\r\nContent-Length: x\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        ]);

        // Several Content-Length, or a list.
        yield return (400, [
            Post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
            Post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            Post + "Content-Length: 5, 5\r\n\r\n",
            Post + "Content-Length: 5,5\r\n\r\n",
        ]);

        // Content-Length that is not plain digits.
        yield return (400, [
            Post + "Content-Length: +5\r\n\r\n", Post + "Content-Length: -5\r\n\r\n",
            Post + "Content-Length: 1 2\r\n\r\n", Post + "Content-Length: 0x5\r\n\r\n",
            Post + "Content-Length: 5e1\r\n\r\n", Post + "Content-Length: \"5\"\r\n\r\n",
            Post + "Content-Length:\r\n\r\n", Post + "Content-Length: 9223372036854775808\r\n\r\n",
            Post + "Content-Length: 99999999999999999999\r\n\r\n", Post + "Content-Length: \u00b9\r\n\r\n",
            Post + "Content-Length: 5;\r\n\r\n", Post + "Content-Length: 5.0\r\n\r\n",
        ]);

        // Transfer-Encoding that is not one final chunked; 501 for a coding that is not known.
        yield return (400, [
            Post + "Transfer-Encoding: identity\r\n\r\n", Post + "Transfer-Encoding: chunked, chunked\r\n\r\n",
            Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            Post + "Transfer-Encoding: chunked, gzip\r\n\r\n", Post + "Transfer-Encoding: \"chunked\"\r\n\r\n",
            Post + "Transfer-Encoding: chunked;q=1\r\n\r\n", Post + "Transfer-Encoding:\r\n\r\n",
            Post + "Transfer-Encoding: chunked,\r\n\r\n", Post + "Transfer-Encoding: ,chunked\r\n\r\n",
            Post + "Transfer-Encoding: xchunked\r\n\r\n", Post + "Transfer-Encoding: chunked x\r\n\r\n",
            Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
        ]);
        yield return (501, [
            Post + "Transfer-Encoding: gzip, chunked\r\n\r\n", Post + "Transfer-Encoding: x, chunked\r\n\r\n",
            Post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]);

        // Field names and folds.
        yield return (400, [
            Get + "a : b\r\n\r\n", Get + "a\t: b\r\n\r\n", Get + ": b\r\n\r\n", Get + "a b: c\r\n\r\n",
            Get + "a\r\n\r\n", Get + "a(: b\r\n\r\n", Get + "\u00e4: b\r\n\r\n", Get + "a: b\r\n c\r\n\r\n",
            Get + "a: b\r\n\tc\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", Get + " \r\n\r\n",
            Get + "Transfer-Encoding : chunked\r\n\r\n", Get + "Content-Length : 5\r\n\r\n",
        ]);

        // Line ends and controls.
        yield return (400, [
            "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n",
            Get + "a: b\rc\r\n\r\n", Get + "a: b\nc: d\r\n\r\n", Get + "a: b\0c\r\n\r\n", Get + "a: \u0001\r\n\r\n",
            Get + "a: \u007f\r\n\r\n", Get + "a:\vb\r\n\r\n", Get + "a: b\f\r\n\r\n", Get + "a\0: b\r\n\r\n",
            Get + "a: b\r\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Get + "Transfer-Encoding:\vchunked\r\n\r\n", Get + "\r\r\n",
        ]);

        // Request lines and versions.
        yield return (400, [
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
            " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\r\n\r\n", "GET / \r\nHost: a\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
            "GET / http/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1\r\nHost: a\r\n\r\n",
            "GET / HTTP/11.1\r\nHost: a\r\n\r\n",
            "GET / HTTP /1.1\r\nHost: a\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/a.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n",
            "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003",
        ]);
        yield return (505, [
            "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]);

        // Methods.
        yield return (400, ["G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "G\u00e4T / HTTP/1.1\r\nHost: a\r\n\r\n"]);
        yield return (501, [
            new string('M', 65) + " / HTTP/1.1\r\nHost: a\r\n\r\n", new string('M', 70_000),
        ]);

        // Targets.
        yield return (400, [
            "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u00e4 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/#f HTTP/1.1\r\nHost: a\r\n\r\n",
        ]);
        yield return (414, [
            "GET /" + new string('a', 8192) + " HTTP/1.1\r\nHost: a\r\n\r\n", "GET /" + new string('a', 70_000),
        ]);

        // Host.
        yield return (400, [
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n",
            "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: \u00e4\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n",
        ]);

        // Connection that is no list of tokens, expectations, sizes.
        yield return (400, [
            Get + "Connection: \"close\"\r\n\r\n", Get + "Connection: a b\r\n\r\n",
            Get + "Connection: " + string.Join(',', System.Linq.Enumerable.Repeat("x", 65)) + "\r\n\r\n",
        ]);
        yield return (417, [
            Post + "Expect: 200-ok\r\n\r\n", Post + "Expect: 100-continue, x\r\n\r\n", Post + "Expect:\r\n\r\n",
            Post + "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
        ]);
        yield return (431, [
            Get + string.Concat(System.Linq.Enumerable.Repeat("a: b\r\n", 100)) + "\r\n",
            Get + "a: " + new string('b', 61_440) + "\r\n\r\n", Get + "a: " + new string('b', 61_440),
            Get + new string('a', 70_000),
        ]);
    }
}
