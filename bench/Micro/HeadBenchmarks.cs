using BenchmarkDotNet.Attributes;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Bench.Micro;

/// <summary>Bytes to heads and back, as one request and one response cost them.</summary>
[MemoryDiagnoser]
public class HeadBenchmarks
{
    private static readonly byte[] s_small = [.. "GET /100 HTTP/1.1\r\nHost: host50.bench\r\nAccept: */*\r\n\r\n"u8];

    private static readonly byte[] s_browser =
    [
        .. "GET /api/v1/items?page=2&sort=name HTTP/1.1\r\nHost: shop.example.com\r\n"u8,
        .. "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36\r\n"u8,
        .. "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"u8,
        .. "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"u8,
        .. "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"u8,
        .. "Referer: https://shop.example.com/\r\nX-Forwarded-For: 203.0.113.7\r\n"u8,
        .. "X-Request-Id: 3f1f4e9e-8a8e-4d3e-9d8b-0a51d9b1c111\r\n"u8,
        .. "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"u8
    ];

    private static readonly byte[] s_answer =
    [
        .. "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\n"u8,
        .. "Content-Type: text/plain\r\nContent-Length: 100\r\nConnection: keep-alive\r\n\r\n"u8
    ];

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly byte[] _out = new byte[4096];

    [Benchmark]
    public int SmallRequest() => Parse(s_small);

    [Benchmark]
    public int BrowserRequest() => Parse(s_browser);

    [Benchmark]
    public int Response()
    {
        Http1ParseState state = default;
        return (int)Http1HeadParser.ParseResponse(
            s_answer, _response, HttpMethod.Get, Http1Limits.Default, ref state, out _, out _);
    }

    /// <summary>Parse and write again: what forwarding a head costs in the codec.</summary>
    [Benchmark]
    public int BrowserRequestForwarded()
    {
        Parse(s_browser);
        Http1Framing.StripHopByHop(_request.Fields, keepUpgrade: false);
        return Http1Writer.WriteRequest(_request, _request.Body, default, _out);
    }

    private int Parse(byte[] bytes)
    {
        Http1ParseState state = default;
        return (int)Http1HeadParser.ParseRequest(
            bytes, _request, Http1Limits.Default, ref state, out int _, out _);
    }
}
