using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>Requests that pass, or break off behind their head, and the one form the upstream gets them in.</summary>
internal static class ForwardedRequests
{
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\n";
    private const string Chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string UpstreamGet = "GET / HTTP/1.1\r\nhost: a\r\n";
    private const string UpstreamPost = "POST / HTTP/1.1\r\nhost: a\r\n";
    private const string UpstreamChunked = UpstreamPost + Wire.Tail + "transfer-encoding: chunked\r\n\r\n";

    public static IEnumerable<RequestRow> All() =>
        Bodies().Concat(BrokenBodies()).Concat(Trailers()).Concat(Targets()).Concat(HopByHop()).Concat(Expectations())
            .Concat(Lives()).Concat(Limits());

    private static RequestRow Passes(string name, string send, string upstream) =>
        new(name, send, Wire.Ok, Wire.OkLog) { Upstream = upstream, Keeps = true };

    /// <summary>
    /// A body that breaks off or breaks the coding: 400, and the upstream never gets a whole request.
    /// </summary>
    private static RequestRow Breaks(string name, string send) => new(
        name, Chunked + send, Wire.Refusal(400), Wire.Log(400))
    {
        Upstream = UpstreamChunked + "hello",
        IsCutUpstream = true,
    };

    private static IEnumerable<RequestRow> Bodies() =>
    [
        Passes("counted body", Post + "Content-Length: 5\r\n\r\nhe│llo",
            UpstreamPost + Wire.Tail + "content-length: 5\r\n\r\nhello"),
        Passes("counted body of nothing", Post + "content-length:\t 0 \r\n│\r\n",
            UpstreamPost + Wire.Tail + "content-length: 0\r\n\r\n"),
        Passes("no body of POST", Post + "│\r\n", UpstreamPost + Wire.Tail + "\r\n"),
        Passes("chunked body", Chunked + "5\r\nhello\r\n│0\r\n\r\n", UpstreamChunked + "5\r\nhello\r\n0\r\n\r\n"),
        Passes("chunked body with extensions", Chunked + "05;a;b=c ;d=\"\\\"│\"\r\nhello\r\n000;x\r\n\r\n",
            UpstreamChunked + "5\r\nhello\r\n0\r\n\r\n"),
        Passes("chunked body in capitals", Post + "Transfer-Encoding: ChUnKeD\r\n\r\nA\r│\n0123456789\r\n0\r\n\r\n",
            UpstreamChunked + "a\r\n0123456789\r\n0\r\n\r\n"),
        Passes("body of GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na│bc",
            UpstreamGet + Wire.Tail + "content-length: 3\r\n\r\nabc"),
        Passes("body of DELETE",
            "DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx│\r\n0\r\n\r\n",
            "DELETE / HTTP/1.1\r\nhost: a\r\n" + Wire.Tail + "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
        Passes("body of OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n│abc",
            "OPTIONS * HTTP/1.1\r\nhost: a\r\n" + Wire.Tail + "content-length: 3\r\n\r\nabc"),
        Passes("body of HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab│c",
            "HEAD / HTTP/1.1\r\nhost: a\r\n" + Wire.Tail + "content-length: 3\r\n\r\nabc") with
        {
            Answer = Wire.Ok[..^2],
        },
    ];

    // RFC 9112 §7.1: a chunked body is read as it is meant or not at all.
    private static IEnumerable<RequestRow> BrokenBodies()
    {
        string[] sizes =
        [
            "│\r\nhello\r\n", "+│5\r\nhello\r\n", "-│5\r\nhello\r\n", "0x│5\r\nhello\r\n", "5_│0\r\nhello\r\n",
            " │5\r\nhello\r\n",
            "5│ \r\nhello\r\n", "5\t│\r\nhello\r\n", "800000000000000│0\r\nhello\r\n",
            "0000000000000000│5\r\nhello\r\n",
            "zz│\r\n", "5│\nhello\r\n", "5\r│hello\r\n", "5\r\r│\nhello\r\n",
        ];
        string[] extensions =
        [
            ";a=\"│b\r\nhello\r\n", ";a\r│b\r\nhello\r\n", ";a│\nb\r\nhello\r\n", ";a=\"\r│\n\"\r\nhello\r\n",
            ";│\0\r\nhello\r\n",
            ";" + new string('a', 17_000) + "│\r\nhello\r\n",
        ];
        string[] ends = ["hello│\n", "hello│0\r\n\r\n", "hello!│\r\n", "hello│\r0\r\n\r\n", "hel\r\n│0\r\n\r\n"];
        return sizes.Select((text, i) => Breaks($"chunk size {i + 1}", text + "0\r\n\r\n") with
            { Upstream = UpstreamChunked })
            .Concat(extensions.Select((text, i) =>
                Breaks($"chunk extension {i + 1}", "5" + text + "0\r\n\r\n") with { Upstream = UpstreamChunked }))
            .Concat(ends.Select((text, i) => Breaks($"chunk end {i + 1}", "5\r\n" + text) with
            {
                Upstream = UpstreamChunked + Pieces.Whole(text)[..5],
            }))
            .Concat(sizes.Select((text, i) => Breaks($"second chunk size {i + 1}", "5\r\nhello\r\n" + text
                + "0\r\n\r\n")));
    }

    // RFC 9110 §6.5.1.
    private static IEnumerable<RequestRow> Trailers()
    {
        string[] forbidden =
        [
            "Host: b", "Content-Length: 5", "Transfer-Encoding: chunked", "Authorization: x", "Cookie: a=b",
            "Connection: x",
            "Content-Type: x", "X-Forwarded-For: 1.2.3.4", "Te: trailers", "a : b", "a: \u0001", " a: b", ": b", "a",
            "a: " + new string('b', 61_440),
        ];
        return forbidden.Select((line, i) => Breaks($"trailer {i + 1}", "5\r\nhello\r\n0\r\n" + line + "│\r\n\r\n"))
            .Append(Passes("trailer where they are dropped", Chunked + "1\r\na\r\n0\r\nx-sum: 1\r│\n\r\n",
                UpstreamChunked + "1\r\na\r\n0\r\n\r\n"))
            .Append(Passes("trailer where they pass", Chunked + "1\r\na\r\n0\r\nX-Sum:1 \r\n│\r\n",
                UpstreamChunked + "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n") with
            {
                Listener = "trailers",
            });
    }

    // RFC 9112 §2.2, §3.2.
    private static IEnumerable<RequestRow> Targets() =>
    [
        Passes("one empty line before", "\r│\nGET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a?b HTTP/1.1\r\nhost: a\r\n" + Wire.Tail + "\r\n"),
        Passes("absolute form", "GET http://x:81/a?b HTTP/1.1\r\nHost: oth│er\r\n\r\n",
            "GET /a?b HTTP/1.1\r\nhost: x:81\r\n" + Wire.Tail + "\r\n"),
        Passes("absolute form without a path", "GET HTTP://x│?q=/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /?q=/ HTTP/1.1\r\nhost: x\r\n" + Wire.Tail + "\r\n"),
        Passes("absolute form of OPTIONS", "OPTIONS http://x│ HTTP/1.1\r\nHost: x\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nhost: x\r\n" + Wire.Tail + "\r\n"),
        Passes("host with underscore and port", "GET / HTTP/1.1\r\nHOST:  a_b.c:80│80 \r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a_b.c:8080\r\n" + Wire.Tail + "\r\n"),
        Passes("fields in one form", "GET / HTTP/1.1\r\nX-A:b\r\nHost: a\r\nx_b: \t c d \t\r\nX-E:│\r\n\r\n",
            UpstreamGet + "X-A: b\r\nx_b: c d\r\nX-E: \r\n" + Wire.Tail + "\r\n"),
        new("CONNECT that is not configured", "CONNECT a:80 HTTP/1.1\r\nHost: a:│80\r\n\r\n",
            Wire.Local(404, "Not Found"), "404 NR route_not_found"),
        new("CONNECT that no upgrade allows", "CONNECT a:80 HTTP/1.1\r\nHost: a:│80\r\n\r\n",
            Wire.Local(403, "Forbidden"), "403 - upgrade_failed") { Listener = "connect" },
        new("escaped NUL in the path", "GET /a%00│b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            Wire.Local(400, "Bad Request"), "400 DPE path_normalization_failed") { Listener = "normal" },
        Passes("path in its normal form", "GET /a/./b/../%2e%2E/│c//d/?x=/../ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /c/d/?x=/../ HTTP/1.1\r\nhost: a\r\n" + Wire.Tail + "\r\n") with
        {
            Listener = "normal",
        },
    ];

    // RFC 9110 §7.6.1.
    private static IEnumerable<RequestRow> HopByHop() =>
    [
        Passes("named by Connection",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-a, x-b│,, keep-alive\r\nX-A: 1\r\nX-C: 2\r\nx-b: 3\r\n\r\n",
            UpstreamGet + "X-C: 2\r\n" + Wire.Tail + "\r\n"),
        Passes("named by Connection and kept",
            Post + "Connection: host, content-length, authorization, cookie, x-forwarded-for, transfer-encoding\r\n"
            + "Authorization: x\r\nCookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\nContent-Length: 2\r│\n\r\nhi",
            UpstreamPost + "Authorization: x\r\nCookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\n" + Wire.Tail
            + "content-length: 2\r\n\r\nhi"),
        Passes("never forwarded as received",
            "GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
            + "TE: gzip, tra│ilers;q=1\r\n"
            + "Upgrade: x\r\nX-A: 1\r\n\r\n",
            UpstreamGet + "X-A: 1\r\n" + Wire.Tail + "\r\n"),
        Passes("TE of trailers", "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip, trailers│\r\n\r\n",
            UpstreamGet + "te: trailers\r\n" + Wire.Tail + "\r\n"),
        new("upgrade that is not allowed",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket│\r\n\r\n",
            Wire.Local(403, "Forbidden"), "403 - upgrade_failed"),
    ];

    // RFC 9110 §10.1.1.
    private static IEnumerable<RequestRow> Expectations()
    {
        const string Continue = "HTTP/1.1 100 Continue\r\n\r\n";
        const string Body = UpstreamPost + Wire.Tail + "content-length: 3\r\n\r\nabc";
        return
        [
            Passes("expectation of 100", Post + "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n│abc", Body) with
            {
                Answer = Continue + Wire.Ok,
            },
            Passes("expectation without a body", Post + "Expect: 100-continue│\r\n\r\n",
                UpstreamPost + Wire.Tail + "\r\n"),
            new("expectation of HTTP 1.0",
                "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n│abc", Wire.LastOk,
                Wire.OkLog)
            {
                Upstream = Body,
                Listener = "http10",
            },
            new("unknown expectation of HTTP 1.0",
                "POST / HTTP/1.0\r\nHost: a\r\nExpect: magic│\r\nContent-Length: 3\r\n\r\nabc", Wire.LastOk, Wire.OkLog)
            {
                Upstream = Body,
                Listener = "http10",
            },
            new("expectation where the upstream answers",
                Post + "Expect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n│abc", Wire.LastOk,
                    Wire.OkLog)
            {
                Upstream = UpstreamPost + "Expect: 100-continue\r\n" + Wire.Tail + "content-length: 3\r\n\r\nabc",
                Listener = "proxy100",
            },
        ];
    }

    // RFC 9112 §9.3, §9.6.
    private static IEnumerable<RequestRow> Lives() =>
    [
        new("bytes behind the last request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: clo│se\r\n\r\n", Wire.LastOk,
            Wire.OkLog)
        {
            Upstream = UpstreamGet + Wire.Tail + "\r\n",
        },
        new("HTTP 1.0 without keep-alive", "GET / HTTP/1.0\r\nHost: a│\r\n\r\n", Wire.LastOk, Wire.OkLog)
        {
            Upstream = UpstreamGet + Wire.Tail + "\r\n",
            Listener = "http10",
        },
        Passes("HTTP 1.0 with keep-alive", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep│-alive\r\n\r\n",
            UpstreamGet + Wire.Tail + "\r\n") with
        {
            Answer = Wire.Ok.Replace("content", "connection: keep-alive\r\ncontent", System.StringComparison.Ordinal),
            Listener = "http10",
        },
        new("HTTP 1.0 where it is not served", "GET / HTTP/1.0\r\nHost: a│\r\n\r\n", Wire.Local(426,
            "Upgrade Required"),
            "426 DPE low_version"),
        new("error in a pipeline", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r│\nBad Field\r\n\r\n",
            Wire.Ok + Wire.Refusal(400), Wire.OkLog, Wire.Log(400))
        {
            Upstream = UpstreamGet + Wire.Tail + "\r\n",
        },
        Passes("pipeline",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh│i",
            UpstreamGet + Wire.Tail + "\r\n" + UpstreamPost + Wire.Tail + "content-length: 2\r\n\r\nhi") with
        {
            Answer = Wire.Ok + Wire.Ok,
            Log = [Wire.OkLog, Wire.OkLog],
        },
    ];

    // RFC 9110 §15.5.9; the listeners are impatient so that nobody waits.
    private static IEnumerable<RequestRow> Limits()
    {
        const string Stalled = Post + "Content-Length: 9\r\n\r\nabc";
        string cut = UpstreamPost + Wire.Tail + "content-length: 9\r\n\r\nabc";
        return
        [
            new("head that does not end", "GET / HTTP/1.1\r\nHost:│", Wire.Local(408, "Request Timeout",
                "request header timeout"),
                "408 - request_header_timeout") { Listener = "short head", Waits = true },
            new("nothing said on a new connection", "", "") { Listener = "short head", Waits = true },
            new("nothing said between requests", "GET / HTTP/1.1\r\nHost: a│\r\n\r\n", Wire.Ok, Wire.OkLog)
            {
                Listener = "short idle",
                Upstream = UpstreamGet + Wire.Tail + "\r\n",
                Waits = true,
            },
            new("body that stalls under request_timeout", Stalled, Wire.Local(408, "Request Timeout",
                "request timeout"),
                "408 - request_overall_timeout")
            {
                Listener = "short request", Waits = true, Upstream = cut, IsCutUpstream = true,
            },
            new("body that stalls under stream_idle_timeout", Stalled, Wire.Local(408, "Request Timeout",
                "stream timeout"),
                "408 SI stream_idle_timeout")
            {
                Listener = "short stream", Waits = true, Upstream = cut, IsCutUpstream = true,
            },
        ];
    }
}
