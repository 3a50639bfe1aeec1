using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace FastMesh.Bench.Load.Generating;

/// <summary>One request, formatted once and sent as it is again and again.</summary>
/// <param name="Bytes">Head and body.</param>
/// <param name="ResponseBytes">Length that the answer's body must have.</param>
internal sealed record HttpRequest(byte[] Bytes, long ResponseBytes)
{
    private const int ChunkBytes = 16 * 1024;

    /// <summary>The body that every answer must have to the byte; empty looks at its length only.</summary>
    public byte[] ResponseBody { get; init; } = [];

    public static HttpRequest Get(string host, string path, long responseBytes) =>
        new(Encoding.ASCII.GetBytes(Head("GET", host, path) + "\r\n"), responseBytes);

    public static HttpRequest PostCounted(string host, string path, int bodyBytes, long responseBytes)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture, $"{Head("POST", host, path)}Content-Length: {bodyBytes}\r\n\r\n");
        var bytes = new byte[head.Length + bodyBytes];
        Encoding.ASCII.GetBytes(head, bytes);
        bytes.AsSpan(head.Length).Fill((byte)'b');
        return new HttpRequest(bytes, responseBytes);
    }

    public static HttpRequest PostChunked(string host, string path, int bodyBytes, long responseBytes)
    {
        using var stream = new MemoryStream();
        stream.Write(Encoding.ASCII.GetBytes(Head("POST", host, path) + "Transfer-Encoding: chunked\r\n\r\n"));
        var chunk = new byte[ChunkBytes];
        chunk.AsSpan().Fill((byte)'c');
        for (int left = bodyBytes; left > 0; left -= ChunkBytes)
        {
            int size = Math.Min(left, ChunkBytes);
            stream.Write(Encoding.ASCII.GetBytes(size.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
            stream.Write(chunk, 0, size);
            stream.Write("\r\n"u8);
        }

        stream.Write("0\r\n\r\n"u8);
        return new HttpRequest(stream.ToArray(), responseBytes);
    }

    /// <summary>The same request with more fields, each "Name: value".</summary>
    public HttpRequest With(params ReadOnlySpan<string> fields)
    {
        int line = Bytes.AsSpan().IndexOf("\r\n"u8) + 2;
        var more = new StringBuilder();
        foreach (string field in fields)
        {
            more.Append(field).Append("\r\n");
        }

        byte[] inserted = Encoding.ASCII.GetBytes(more.ToString());
        return this with { Bytes = [.. Bytes.AsSpan(0, line), .. inserted, .. Bytes.AsSpan(line)] };
    }

    private static string Head(string method, string host, string path) =>
        $"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench/1\r\nAccept: */*\r\n";
}
