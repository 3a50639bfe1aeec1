using System.Globalization;
using System.Text;

namespace FastMesh.Bench.Gate;

/// <summary>One kind of request and its answer, both as bytes that never change.</summary>
/// <param name="Name">As the output shows it.</param>
/// <param name="Request">What the client sends.</param>
/// <param name="Answer">What the origin sends.</param>
/// <param name="Tail">The last bytes of the answer as the client sees it.</param>
/// <param name="Listener">Which listener of <see cref="GateConfiguration"/>.</param>
internal sealed record GateCase(
    string Name, byte[] Request, byte[] Answer, byte[] Tail, string Listener = GateConfiguration.Plain)
{
    /// <summary>The request is a block of fields, sent over HTTP/2.</summary>
    public bool IsHttp2 { get; init; }

    /// <summary>Over HTTP/2: bytes of body behind the fields.</summary>
    public int PostBytes { get; init; }

    private static readonly byte[] s_bodyEnd = [.. "the-end."u8];
    private static readonly byte[] s_chunkedEnd = [.. "\r\n0\r\n\r\n"u8];

    public static GateCase[] All =>
    [
        new("GET, 100 B", Get(), Counted(100), s_bodyEnd),
        new("GET, 16 KB", Get(), Counted(16 * 1024), s_bodyEnd),
        new("GET, 256 KB", Get(), Counted(256 * 1024), s_bodyEnd),
        new("GET, chunked answer", Get(), Chunked(3, 1000), s_chunkedEnd),
        new("POST, counted", PostCounted(8 * 1024), Counted(100), s_bodyEnd),
        new("POST, chunked", PostChunked(4, 2000), Counted(100), s_bodyEnd),
        new("features and access log", Get(), Counted(100), s_bodyEnd, GateConfiguration.Features),
        new("TLS, GET, 100 B", Get(), Counted(100), s_bodyEnd, GateConfiguration.Tls),
        new("TLS, GET, 16 KB", Get(), Counted(16 * 1024), s_bodyEnd, GateConfiguration.Tls),
        new("TLS, POST, counted", PostCounted(8 * 1024), Counted(100), s_bodyEnd, GateConfiguration.Tls),
        Http2("HTTP/2, GET, 100 B", 0, Counted(100)),
        Http2("HTTP/2, GET, 16 KB", 0, Counted(16 * 1024)),
        Http2("HTTP/2, GET, chunked answer", 0, Chunked(3, 1000)),
        Http2("HTTP/2, POST, 8 KB", 8 * 1024, Counted(100)),
        new("HTTP/1 to HTTP/2 to HTTP/1, GET, 100 B", Get(), Counted(100), s_bodyEnd, GateConfiguration.Hop),
        new("HTTP/1 to HTTP/2 to HTTP/1, GET, 16 KB", Get(), Counted(16 * 1024), s_bodyEnd, GateConfiguration.Hop),
        new("HTTP/1 to HTTP/2 to HTTP/1, POST", PostCounted(8 * 1024), Counted(100), s_bodyEnd, GateConfiguration.Hop),
        Http2("HTTP/2 to HTTP/2 to HTTP/1, GET, 100 B", 0, Counted(100)) with { Listener = GateConfiguration.Hop },
        Http2("HTTP/2 to HTTP/2 to HTTP/1, POST", 8 * 1024, Counted(100)) with { Listener = GateConfiguration.Hop },
    ];

    /// <summary>What an idle HTTP/2 connection is measured with.</summary>
    public static GateCase IdleHttp2 => Http2("HTTP/2", 0, Counted(100));

    private static GateCase Http2(string name, int postBytes, byte[] answer) =>
        new(name, GateHttp2.Block(postBytes), answer, s_bodyEnd) { IsHttp2 = true, PostBytes = postBytes };

    private static byte[] Get() => Ascii(Head("GET") + "\r\n");

    private static byte[] PostCounted(int bytes) => Ascii(string.Create(
        CultureInfo.InvariantCulture, $"{Head("POST")}Content-Length: {bytes}\r\n\r\n{new string('p', bytes)}"));

    private static byte[] PostChunked(int chunks, int bytes) =>
        Ascii(Head("POST") + "Transfer-Encoding: chunked\r\n\r\n" + Chunks(chunks, bytes));

    private static byte[] Counted(int bytes)
    {
        string body = new string('x', bytes - s_bodyEnd.Length) + Encoding.ASCII.GetString(s_bodyEnd);
        return Ascii(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nServer: gate\r\nContent-Length: {bytes}\r\n\r\n{body}"));
    }

    private static byte[] Chunked(int chunks, int bytes) =>
        Ascii("HTTP/1.1 200 OK\r\nServer: gate\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunks(chunks, bytes));

    private static string Chunks(int count, int bytes)
    {
        StringBuilder text = new();
        for (int i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{bytes:x}\r\n").Append('c', bytes).Append("\r\n");
        }

        return text.Append("0\r\n\r\n").ToString();
    }

    private static string Head(string method) =>
        $"{method} /app/thing?x=1 HTTP/1.1\r\nHost: gate.test\r\nUser-Agent: gate/1\r\nAccept: */*\r\nx-drop: 1\r\n";

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
