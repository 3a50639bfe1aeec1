using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>What upstreams say, well or badly, and what a client may get of it.</summary>
internal static class UpstreamResponses
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";
    private const string Chunked = Ok + "Transfer-Encoding: chunked\r\n\r\n";
    private const string ToClient = "HTTP/1.1 200 OK\r\nserver: envoy\r\n";
    private const string ChunkedToClient = ToClient + "transfer-encoding: chunked\r\n\r\n";
    private const string UntilClose = ToClient + "connection: close\r\n\r\n";
    private const string Terminated = "200 UC upstream_reset_after_response_started{connection_termination}";
    private const string BrokeOff = "200 UPE upstream_reset_after_response_started{protocol_error}";

    public static IEnumerable<ResponseRow> All() =>
        Heads().Concat(Bodies()).Concat(CutBodies()).Concat(WithoutBody()).Concat(Left()).Concat(Interim())
            .Concat(Ended()).Concat(Upgrades());

    // RFC 9112 §2.2, §4, §5, §6: the rules of requests, answered with 502.
    private static IEnumerable<ResponseRow> Heads()
    {
        string[] framing =
        [
            "Content-Length: 5\r\nTransfer-Encoding: │chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5│",
            "Content-Length: 5\r\nContent-Length: 5│", "Content-Length: 5\r\nContent-Length: │6",
            "Content-Length: 5, │5",
            "Content-Length: -│1", "Content-Length: +│5", "Content-Length:│", "Content-Length: 5│ 5",
            "Content-Length: 0x│5",
            "Content-Length: 922337203685477580│8", "Transfer-Encoding: gz│ip", "Transfer-Encoding: gzip, │chunked",
            "Transfer-Encoding: identity│", "Transfer-Encoding: chunked, │chunked", "Transfer-Encoding: x│chunked",
            "Transfer-Encoding:│\vchunked", "Transfer-Encoding│ : chunked",
        ];
        string[] fields =
        [
            "a │: b", "a: b\r\n│ c", "│ a: b", "a: b│\0", "a: │\u001b", "a: b│\n", "a: b\r│c", "a│", "│: b", "a(│: b",
            "a: \u007f│",
            "a: " + new string('b', 61_440), string.Concat(Enumerable.Repeat("a: b\r\n", 100)) + "a: b",
        ];
        string[] lines =
        [
            "HTTP/1.1 200 O│\0K\r\n\r\n", "HTTP/1.1 20│ OK\r\n\r\n", "HTTP/1.1 2000│ OK\r\n\r\n",
            "HTTP/1.1 099│ OK\r\n\r\n",
            "HTTP/1.1 │ 200 OK\r\n\r\n", "HTTP/1.1│\t200 OK\r\n\r\n", "HTTP/1.1 -20│ OK\r\n\r\n",
            "HTTP/1.1 20a│ OK\r\n\r\n",
            "HTTP/2.0 │200 OK\r\n\r\n", "http/1.1│ 200 OK\r\n\r\n", "ICY │200 OK\r\n\r\n",
            "\r\n│HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK│\n\n", "<html>\r│\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n│\r\n0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: up│grade\r\n\r\n", new string('x', 70_000),
        ];
        return framing.Select((text, i) => ResponseRow.Broken($"framing {i + 1}", Ok + text + "\r\n\r\nhello"))
            .Concat(fields.Select((text, i) =>
                ResponseRow.Broken($"field {i + 1}", Ok + "Content-Length: 0\r\n" + text + "\r\n\r\n")))
            .Concat(lines.Select((text, i) => ResponseRow.Broken($"line {i + 1}", text)))
            .Append(ResponseRow.Broken("head that ends early", Ok + "Content-Le│ngth: 5", Ending.Close));
    }

    private static IEnumerable<ResponseRow> Bodies() =>
    [
        new("counted body", Ok + "Content-Length: 5\r\n\r\nhe│llo", ToClient + "content-length: 5\r\n\r\nhello")
            { Reuses = true },
        new("chunked body", Chunked + "05;x=\"y│\"\r\nhello\r\n0\r\n\r\n", ChunkedToClient + "5\r\nhello\r\n0\r\n\r\n")
        {
            Reuses = true,
        },
        new("fields in one form", Ok
            + "X-A:b\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nConnection: x-b│\r\nx-b: 1\r\n"
            + "Upgrade: h2c\r\nTE: x\r\ncontent-length: 00\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX-A: b\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n") { Reuses = true },
        new("trailer where they are dropped", Chunked + "1\r\na\r\n0\r\nx-sum: 1\r│\n\r\n", ChunkedToClient
            + "1\r\na\r\n0\r\n\r\n")
        {
            Reuses = true,
        },
        new("trailer where they pass", Chunked + "1\r\na\r\n0\r\nX-Sum:1\r\n│\r\n", ChunkedToClient
            + "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
        {
            Reuses = true,
            Listener = "trailers",
        },
        new("body until close", Ok + "\r\nhel│lo", UntilClose + "hello") { Ending = Ending.Close, Ends = true },
        new("body until close of HTTP 1.0", "HTTP/1.0 200 OK\r\n\r\nhel│lo", UntilClose + "hello")
        {
            Ending = Ending.Close,
            Ends = true,
        },
        new("body until close to HTTP 1.0", Ok + "\r\nhel│lo", UntilClose + "hello")
        {
            Ending = Ending.Close,
            Ends = true,
            Listener = "http10",
        },
        new("last response of a connection", Ok + "Connection: close\r\nContent-Length: 2│\r\n\r\nok", Wire.Ok),
        new("HTTP 1.0 without keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 2│\r\n\r\nok", Wire.Ok),
        new("HTTP 1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2│\r\n\r\nok",
            Wire.Ok)
        {
            Reuses = true,
        },
    ];

    /// <summary>The head has gone: the client sees a message without an end, never a short whole one.</summary>
    private static IEnumerable<ResponseRow> CutBodies()
    {
        string[] broken =
        [
            "│\r\n", "+│1\r\n", "0x│1\r\n", "1│ \r\n", "zz│\r\n", "1│\n", "1;│\0\r\n", "1;\"│\r\n",
            "800000000000000│0\r\n",
            "0\r\nContent-Length: 5│\r\n\r\n", "0\r\nHost: a│\r\n\r\n", "0\r\na : b│\r\n\r\n",
            "0\r\na: │\u0001\r\n\r\n", "0\r\n│a\r\n\r\n",
        ];
        return broken.Select((text, i) => new ResponseRow(
            $"broken chunk {i + 1}", Chunked + "5\r\nhello\r\n" + text, ChunkedToClient + "hello", BrokeOff)
                { Ends = true })
            .Append(new ResponseRow("chunk without its end", Chunked + "5\r\nhello│!\r\n", ChunkedToClient + "hello",
                BrokeOff)
            {
                Ends = true,
            })
            .Concat(
            [
                new("counted body that ends early", Ok + "Content-Length: 9\r\n\r\nhel│lo",
                    ToClient + "content-length: 9\r\n\r\nhello", Terminated) { Ending = Ending.Close, Ends = true },
                new("chunked body that ends early", Chunked + "5\r\nhel│lo", ChunkedToClient + "hello", Terminated)
                {
                    Ending = Ending.Close,
                    Ends = true,
                },
                new("chunked body without its last chunk", Chunked + "5\r\nhello\r│\n", ChunkedToClient + "hello",
                    Terminated)
                {
                    Ending = Ending.Close,
                    Ends = true,
                },
                new("body until close that is reset", Ok + "\r\nhel│lo", UntilClose + "hello" + RawClient.Reset,
                    Terminated)
                {
                    Ending = Ending.Reset,
                    Ends = true,
                },
            ]);
    }

    // RFC 9112 §6.3: whatever the fields claim.
    private static IEnumerable<ResponseRow> WithoutBody() =>
    [
        new("HEAD with a length", Ok + "Content-Length: 5\r\n│\r\n", ToClient + "content-length: 5\r\n\r\n")
        {
            Method = "HEAD",
            Reuses = true,
        },
        new("HEAD with a coding", Ok + "Transfer-Encoding: chunked\r\n│\r\n", ToClient + "\r\n") { Method = "HEAD",
            Reuses = true },
        new("HEAD with a body", Ok + "Content-Length: 5\r\n\r\n│hello", ToClient + "content-length: 5\r\n\r\n")
            { Method = "HEAD" },
        new("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n│\r\n",
            "HTTP/1.1 204 No Content\r\nserver: envoy\r\n\r\n", "204 - via_upstream") { Reuses = true },
        new("204 with a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n│hello",
            "HTTP/1.1 204 No Content\r\nserver: envoy\r\n\r\n", "204 - via_upstream"),
        new("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n│\r\n",
            "HTTP/1.1 304 Not Modified\r\nserver: envoy\r\ncontent-length: 5\r\n\r\n", "304 - via_upstream")
            { Reuses = true },
        new("304 with a coding", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n│0\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nserver: envoy\r\n\r\n", "304 - via_upstream"),
    ];

    /// <summary>
    /// What is left on a connection when a response is over belongs to nobody: the next one never sees it.
    /// </summary>
    private static IEnumerable<ResponseRow> Left() =>
    [
        new("bytes behind a counted body", RecordingUpstream.Ok + "│!", Wire.Ok),
        new("bytes behind a chunked body", Chunked + "1\r\na\r\n0\r\n\r\n│0", ChunkedToClient + "1\r\na\r\n0\r\n\r\n"),
        new("a second response", RecordingUpstream.Ok + "│HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", Wire.Ok),
        new("a head behind a response", RecordingUpstream.Ok + "│HTTP/1.1 100 Continue\r\n\r\n", Wire.Ok),
        new("a line end behind a response", RecordingUpstream.Ok + "│\r\n", Wire.Ok),
        new("an end behind a response", RecordingUpstream.Ok, Wire.Ok) { Ending = Ending.Close },
        new("a reset behind a response", RecordingUpstream.Ok, Wire.Ok) { Ending = Ending.Reset },
    ];

    // RFC 9110 §15.2.
    private static IEnumerable<ResponseRow> Interim()
    {
        const string Hints = "HTTP/1.1 103 Early Hints\r\n";
        string bad = ResponseRow.Broken("", "").Answer;
        string log = ResponseRow.Broken("", "").Log;
        return
        [
            new("103", Hints + "Link: </a>\r\nConnection: x\r\nX: y\r\n\r\n│" + RecordingUpstream.Ok,
                Hints + "Link: </a>\r\n\r\n" + Wire.Ok) { Reuses = true },
            new("103 with a length", Hints + "Content-Length: 5\r\n\r\n│" + RecordingUpstream.Ok, Hints + "\r\n"
                + Wire.Ok)
            {
                Reuses = true,
            },
            new("100 that nobody expects", "HTTP/1.1 100 Continue\r\n\r\n│" + RecordingUpstream.Ok, Wire.Ok)
                { Reuses = true },
            new("32 interim responses", Repeat(Hints + "\r\n", 32) + RecordingUpstream.Ok, Repeat(Hints + "\r\n", 32)
                + Wire.Ok)
            {
                Reuses = true,
            },
            new("33 interim responses", Repeat(Hints + "\r\n", 33) + RecordingUpstream.Ok, Repeat(Hints + "\r\n", 32)
                + bad, log),
            new("a broken head behind 103", Hints + "\r\nHTTP/1.1 │\0\r\n", Hints + "\r\n" + bad, log),
        ];
    }

    /// <summary>
    /// Before any byte of a response: sent again where that is safe (RFC 9110 §9.2.1), else 503 with the cause.
    /// </summary>
    private static IEnumerable<ResponseRow> Ended() =>
    [
        new("an end before the response to GET", "", Wire.Ok) { Ending = Ending.Close, Attempts = 2, Reuses = true },
        new("a reset before the response to GET", "", Wire.Ok) { Ending = Ending.Reset, Attempts = 2, Reuses = true },
        new("an end before the response to POST", "", ResponseRow.Local(503, "Service Unavailable",
            "connection termination"),
            "503 UC upstream_reset_before_response_started{connection_termination}") { Ending = Ending.Close,
            Method = "POST" },
        new("a reset before the response to POST", "", ResponseRow.Local(503, "Service Unavailable", "remote reset"),
            "503 UR upstream_reset_before_response_started{remote_reset}") { Ending = Ending.Reset, Method = "POST" },
        new("an end after 103", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"
            + ResponseRow.Local(503, "Service Unavailable", "connection termination"),
            "503 UC upstream_reset_before_response_started{connection_termination}") { Ending = Ending.Close },
    ];

    // RFC 9110 §7.8, §15.2.2.
    private static IEnumerable<ResponseRow> Upgrades()
    {
        const string Asked = "Connection: upgrade\r\nUpgrade: websocket\r\n";
        const string Switch = "HTTP/1.1 101 Switching Protocols\r\n";
        return
        [
            new("upgrade", Switch + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n│hello",
                Switch + "Upgrade: websocket\r\nserver: envoy\r\nconnection: upgrade\r\n\r\nhello",
                "101 - via_upstream")
            {
                Fields = Asked, Listener = "upgrade", Ending = Ending.Close, Ends = true,
            },
            new("upgrade that is declined", RecordingUpstream.Ok, Wire.LastOk)
            {
                Fields = Asked, Listener = "upgrade", Ends = true, Reuses = true,
            },
        ];
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
