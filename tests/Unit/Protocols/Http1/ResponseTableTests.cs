using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>A hostile or broken upstream: what a response may look like and where its body ends.</summary>
public sealed class ResponseTableTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    public static TheoryData<string> Refused =>
    [
        Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        Ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        Ok + "Content-Length: 5, 5\r\n\r\n",
        Ok + "Content-Length: -1\r\n\r\n",
        Ok + "Content-Length:\r\n\r\n",
        Ok + "Transfer-Encoding: gzip\r\n\r\n",
        Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
        Ok + "Transfer-Encoding: identity\r\n\r\n",
        Ok + "Transfer-Encoding: chunked, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        Ok + "a : b\r\n\r\n",
        Ok + "a: b\r\n c\r\n\r\n",
        Ok + "a: b\0\r\n\r\n",
        Ok + "a: \u001b\r\n\r\n",
        Ok + "a: b\n\r\n",
        Ok + "a: b\rc\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 20a OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "<html>\r\n",
        Ok + "a: " + new string('b', 61_440),
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public void Response_ViolatesTable_IsRefused(string text) =>
        Assert.NotEqual(ProtocolErrorCode.None, Heads.ResponseError(text));

    [Theory]
    [InlineData(HttpMethod.Get, Ok + "Content-Length: 5\r\n\r\n", "Counted(5)")]
    [InlineData(HttpMethod.Get, Ok + "Transfer-Encoding: chunked\r\n\r\n", "Chunked")]
    [InlineData(HttpMethod.Get, Ok + "\r\n", "UntilClose")]
    [InlineData(HttpMethod.Get, "HTTP/1.0 200 OK\r\n\r\n", "UntilClose")]
    [InlineData(HttpMethod.Head, Ok + "Content-Length: 5\r\n\r\n", "None(5)")]
    [InlineData(HttpMethod.Head, Ok + "Transfer-Encoding: chunked\r\n\r\n", "None")]
    [InlineData(HttpMethod.Head, Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "None")]
    [InlineData(HttpMethod.Head, Ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "None")]
    [InlineData(HttpMethod.Get, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "None")]
    [InlineData(HttpMethod.Get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "None(5)")]
    [InlineData(HttpMethod.Get, "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", "None")]
    [InlineData(HttpMethod.Get, "HTTP/1.1 101 Switching Protocols\r\n\r\n", "None")]
    [InlineData(HttpMethod.Connect, Ok + "Content-Length: 5\r\n\r\n", "None")]
    [InlineData(HttpMethod.Connect, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", "Counted(5)")]
    public void Response_StatusMethodAndFields_DecideTheBody(HttpMethod method, string text, string body) =>
        Assert.Equal(body, Render(Heads.Response(text, method).Body));

    [Theory]
    [InlineData(Ok + "Content-Length: 0\r\n\r\n", true)]
    [InlineData(Ok + "\r\n", false)]
    [InlineData(Ok + "Connection: close\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true)]
    public void Response_Connection_DecidesPersistence(string text, bool keepAlive) =>
        Assert.Equal(keepAlive, Heads.Response(text).KeepAlive);

    [Theory]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 999 Very odd \u00e4\r\nContent-Length: 0\r\n\r\n", 999, "Very odd \u00e4")]
    public void Response_StatusLine_GivesStatusAndReason(string text, int status, string reason)
    {
        ResponseHead head = Heads.Response(text);
        Assert.Equal(status, head.StatusCode);
        Assert.Equal(reason, Heads.Text(head.Reason));
    }

    private static string Render(BodyLength body) => body.ToString();
}
