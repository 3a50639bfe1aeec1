using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>Heads that break the grammar or a limit; in the order of the RFCs' rules.</summary>
internal static class RefusedRequests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\n";
    private const string Host = " HTTP/1.1\r\nHost: a\r\n\r\n";

    public static IEnumerable<RequestRow> All() =>
        Framing().Concat(Codings()).Concat(Fields()).Concat(Bytes()).Concat(Lines()).Concat(Targets()).Concat(Hosts())
            .Concat(Options());

    // RFC 9112 §6.1, §6.3; RFC 9110 §8.6.
    private static IEnumerable<RequestRow> Framing() => Wire.Refused(400, "length and coding together",
        Post + "Content-Length: 5\r\nTransfer-Encoding: ch│unked\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n│\r\n0\r\n\r\n",
        Post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r│\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: x\r\nContent-Length:│ x\r\n\r\n",
        Post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nTransfer-Encoding: id│entity\r\n\r\n0\r\n\r\n")
        .Concat(Wire.Refused(400, "several lengths",
            Post + "Content-Length: 5\r\nContent-Len│gth: 5\r\n\r\nhello",
            Post + "Content-Length: 5\r\nContent-Length: 6\r│\n\r\nhello!",
            Post + "Content-Length: 5, │5\r\n\r\nhello",
            Post + "Content-Length: 5,│5\r\n\r\nhello"))
        .Concat(Wire.Refused(400, "length not of plain digits",
            Post + "Content-Length: +│5\r\n\r\nhello",
            Post + "Content-Length: -│5\r\n\r\nhello",
            Post + "Content-Length: 1│ 2\r\n\r\nhello",
            Post + "Content-Length: 0│x5\r\n\r\nhello",
            Post + "Content-Length: 5│e1\r\n\r\nhello",
            Post + "Content-Length: │\"5\"\r\n\r\nhello",
            Post + "Content-Length:│\r\n\r\n",
            Post + "Content-Length: 922337203685477580│8\r\n\r\n",
            Post + "Content-Length: 18446744073709551│621\r\n\r\nhello",
            Post + "Content-Length: \u00b9│\r\n\r\nh",
            Post + "Content-Length: 5│;\r\n\r\nhello",
            Post + "Content-Length: 5│.0\r\n\r\nhello"));

    // RFC 9112 §6.1.
    private static IEnumerable<RequestRow> Codings() => Wire.Refused(400, "coding that is not one final chunked",
        Post + "Transfer-Encoding: ident│ity\r\n\r\n",
        Post + "Transfer-Encoding: chunked, │chunked\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding│: chunked\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked, g│zip\r\n\r\n",
        Post + "Transfer-Encoding: gz│ip\r\n\r\n",
        Post + "Transfer-Encoding: │\"chunked\"\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked;│q=1\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding:│\r\n\r\n",
        Post + "Transfer-Encoding: chunked│,\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: │,chunked\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: x│chunked\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked│ x\r\n\r\n0\r\n\r\n",
        Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: i│dentity\r\n\r\n0\r\n\r\n")
        .Concat(Wire.Refused(501, "coding that is not known",
            Post + "Transfer-Encoding: gzip,│ chunked\r\n\r\n0\r\n\r\n",
            Post + "Transfer-Encoding: x, chunked│\r\n\r\n0\r\n\r\n",
            Post + "Transfer-Encoding: gzip\r\nTransfer-│Encoding: chunked\r\n\r\n0\r\n\r\n"))
        .Concat(Wire.Refused(400, "coding in HTTP 1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r│\n\r\n0\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n│\r\n0\r\n\r\n"))
        .Concat(Wire.Refused(400, "body of CONNECT",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: │chunked\r\n\r\n0\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1│\r\n\r\nx"));

    // RFC 9112 §5.
    private static IEnumerable<RequestRow> Fields() => Wire.Refused(400, "field name",
        Get + "a│ : b\r\n\r\n", Get + "a\t│: b\r\n\r\n", Get + "│: b\r\n\r\n", Get + "a b│: c\r\n\r\n",
        Get + "a\r│\n\r\n", Get + "a(│: b\r\n\r\n", Get + "\u00e4│: b\r\n\r\n", Get + "a\0│: b\r\n\r\n",
        Get + "Transfer-Encoding│ : chunked\r\n\r\n0\r\n\r\n", Get + "Content-Length │: 5\r\n\r\nhello",
        Get + "Host│ : b\r\n\r\n")
        .Concat(Wire.Refused(400, "folded field",
            Get + "a: b\r\n│ c\r\n\r\n", Get + "a: b\r\n│\tc\r\n\r\n", "GET / HTTP/1.1\r\n│ Host: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\t│Host: a\r\n\r\n", Get + "│ \r\n\r\n",
            Get + "Transfer-Encoding:\r\n│ chunked\r\n\r\n0\r\n\r\n"));

    // RFC 9112 §2.2, RFC 9110 §5.5.
    private static IEnumerable<RequestRow> Bytes() => Wire.Refused(400, "line end",
        "GET / HTTP/1.1│\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a│\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n│\n",
        "GET / HTTP/1.1\nHost: a\n│\n", Get + "a: b\r│c\r\n\r\n", Get + "a: b│\nc: d\r\n\r\n", Get + "a: b\r│\r\n\r\n",
        Get + "\r│\r\n", "\r\n\r│\nGET /" + Host, "│\nGET /" + Host, "\r│GET /" + Host,
        Get + "a: b\n│Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .Concat(Wire.Refused(400, "control in a value",
            Get + "a: b│\0c\r\n\r\n", Get + "a: │\u0001\r\n\r\n", Get + "a: │\u007f\r\n\r\n", Get + "a:│\vb\r\n\r\n",
            Get + "a: b│\f\r\n\r\n", Get + "Transfer-Encoding:│\vchunked\r\n\r\n0\r\n\r\n", Get
                + "a: │\u001b[0m\r\n\r\n"));

    // RFC 9112 §2.3, §3; RFC 9110 §9.1.
    private static IEnumerable<RequestRow> Lines() => Wire.Refused(400, "request line",
        "GET │ /" + Host, "GET / │ HTTP/1.1\r\nHost: a\r\n\r\n", "│ GET /" + Host,
        "GET / HTTP/1.1│ \r\nHost: a\r\n\r\n",
        "GET│\t/" + Host, "GET /│\tHTTP/1.1\r\nHost: a\r\n\r\n", "GET /│\r\n\r\n", "GET / │\r\nHost: a\r\n\r\n",
        "GET│\r\n\r\n", "GET / HTTP/1.1│0\r\nHost: a\r\n\r\n", "GET / ht│tp/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1│\r\nHost: a\r\n\r\n", "GET / HTTP/1│1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP│ /1.1\r\nHost: a\r\n\r\n",
        "GET /a│ b" + Host, "GET / HTTP/│a.1\r\nHost: a\r\n\r\n", "GET / HTTP/1│,1\r\nHost: a\r\n\r\n",
        "GET /│\u0001" + Host, "\u0016\u0003\u0001│\u0002\0\u0001\0\u0001\u00fc\u0003\u0003")
        .Concat(Wire.Refused(505, "version",
            "GET / HTTP/0│.9\r\nHost: a\r\n\r\n", "GET / HTTP/2│.0\r\nHost: a\r\n\r\n",
            "GET / HTTP/9.│9\r\nHost: a\r\n\r\n"))
        .Concat(Wire.Refused(400, "method", "G(│T /" + Host, "G\u00e4│T /" + Host))
        .Concat(Wire.Refused(501, "long method", new string('M', 64) + "│M /" + Host, new string('M', 70_000)));

    // RFC 9112 §3.2, RFC 9110 §15.5.15.
    private static IEnumerable<RequestRow> Targets() => Wire.Refused(400, "target",
        "GET a│" + Host, "GET *│" + Host, "GET a:80│" + Host, "CONNECT /│" + Host, "CONNECT a│" + Host,
        "CONNECT http://a:80/│" + Host, "GET /\u00e4│" + Host, "GET /#│f" + Host, "GET ftp://│a/" + Host,
        "GET http://│/" + Host, "GET http://u@│a/" + Host, "GET http://a:│b/" + Host, "GET http://a/#│f" + Host,
        "GET /a\u007f│" + Host, "POST *│" + Host)
        .Concat(Wire.Refused(414, "long target",
            "GET /" + new string('a', 8192) + "│" + Host, "GET /" + new string('a', 70_000)));

    // RFC 9112 §3.2, RFC 9110 §7.2.
    private static IEnumerable<RequestRow> Hosts()
    {
        const string Line = "GET / HTTP/1.1\r\n";
        string[] values =
        [
            "│", "a, │b", "a│,b", "u@│a", "a/│b", "a:│x", "a:│", "a:6553│6", "a:80:│80", "a │b", "[::1│", "[a│]",
            "http://│a",
            "a?│b", "a#│b", "\u00e4│", "a\\│b", "a│\0b", "a\u0001│",
        ];
        return Wire.Refused(400, "host count",
            Line + "│\r\n", Line + "Host: a\r\nHost: │b\r\n\r\n", Line + "Host: a\r\nHost│: a\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost:│\r\n\r\n", "GET http://a/ HTTP/1.1\r\n│\r\n")
            .Concat(Wire.Refused(400, "host", [.. values.Select(value => Line + "Host: " + value + "\r\n\r\n")]));
    }

    // RFC 9110 §7.6.1, §10.1.1; RFC 6585 §5.
    private static IEnumerable<RequestRow> Options() => Wire.Refused(400, "connection options",
        Get + "Connection: │\"close\"\r\n\r\n", Get + "Connection: a│ b\r\n\r\n",
        Get + "Connection: " + string.Join(',', Enumerable.Repeat("x", 65)) + "│\r\n\r\n")
        .Concat(Wire.Refused(417, "expectation",
            Post + "Expect: 200│-ok\r\n\r\n", Post + "Expect: 100-continue│, x\r\n\r\n", Post + "Expect:│\r\n\r\n",
            Post + "Expect: 100-continue\r\nExpect│: 100-continue\r\n\r\n"))
        .Concat(Wire.Refused(431, "head over a limit",
            Get + string.Concat(Enumerable.Repeat("a: b\r\n", 100)) + "│\r\n",
            Get + "a: " + new string('b', 61_440) + "│\r\n\r\n", Get + "a: " + new string('b', 61_440),
            Get + new string('a', 70_000)));
}
