using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastMesh.Tests.Fuzz.Engine;

/// <summary>Dictionaries of mutation.</summary>
internal static class Words
{
    public static IReadOnlyList<byte[]> Http { get; } =
    [
        .. new[]
        {
            "\r\n", "\r", "\n", "\r\n\r\n", " ", "\t", ":", ": ", ",", ";", "\"", "\0", "\v", "\f", "\u007f", "\u0080",
            "_",
            "GET ", "POST ", "HEAD ", "CONNECT ", "OPTIONS * ", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 204 \r\n", "HTTP/1.1 304 \r\n", "HTTP/1.1 101 \r\n", "HTTP/2.0", "Host: a\r\n",
            "Host: [::1]:80\r\n",
            "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length: +5\r\n", "Content-Length: 5, 5\r\n",
            "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding : chunked\r\n", "transfer-encoding:\tchunked\r\n", "Connection: close\r\n",
            "Connection: upgrade\r\nUpgrade: websocket\r\n", "Connection: keep-alive, Host\r\n", "TE: trailers\r\n",
            "Expect: 100-continue\r\n", "http://a", "https://b:1/", "/../", "/./", "%2e%2e", "%2F", "%5c", "%00", "\\",
            "//", "?", "#",
            "*", "5\r\nhello\r\n", "0\r\n\r\n", "0\r\n", "0\r\nx: y\r\n\r\n", "5;a=b\r\n", "5;a=\"b\r\n",
            "ffffffffffffffff\r\n",
            "7fffffffffffffff\r\n", "0x5\r\n", "-1", "18446744073709551616", "9223372036854775807", "127.0.0.1",
            "[::1]:80",
            "::ffff:1.2.3.4", ".", "..", "65536",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    public static IReadOnlyList<byte[]> Binary { get; } =
    [
        .. new[] { "\0", "\u00ff", "\u00ff\u00ff", "\0\0", "\u0016\u0003\u0001", "\u0001\0", "\u007f\u00ff",
            "\u0080\0", "\0\u0010", "h2",
            "\u0002h2", "\r\n\r\n\0\r\nQUIT\n", "\u0021\u0011\0\u000c", "\u0020\0\0\0", "\u0003\0\u0004\0\0\0\0",
            "PROXY TCP4 ",
            "PROXY UNKNOWN\r\n", "1.2.3.4 5.6.7.8 1 2\r\n" }.Select(Encoding.Latin1.GetBytes),
    ];

    public static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
