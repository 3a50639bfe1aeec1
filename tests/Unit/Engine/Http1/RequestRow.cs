using System.Collections.Generic;
using System.Globalization;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>One row of the table of requests: what a client sends, and all that may come of it.</summary>
/// <param name="Name">Names the row in the test's output.</param>
/// <param name="Send">What the client sends; <see cref="Pieces.Mark"/> stands where an awkward split falls.</param>
/// <param name="Answer">Everything the client gets for it, to the byte.</param>
/// <param name="Log">Status, response flags and details, one for each request that was counted.</param>
internal sealed record RequestRow(string Name, string Send, string Answer, params string[] Log)
{
    /// <summary>What reaches the upstream, to the byte; chunks that were cut on the way are joined again.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>
    /// The request breaks off: the upstream may have got the beginning of it, given without chunk heads, never an end.
    /// </summary>
    public bool IsCutUpstream { get; init; }

    /// <summary>The connection serves another request afterwards.</summary>
    public bool Keeps { get; init; }

    /// <summary>Nothing is sent behind it: the client waits.</summary>
    public bool Waits { get; init; }

    public string Listener { get; init; } = "plain";
}

/// <summary>Answers of the proxy and heads for the upstream, in their one form.</summary>
internal static class Wire
{
    /// <summary>How every head for the upstream ends.</summary>
    public const string Tail = "x-forwarded-proto: http\r\n";

    /// <summary>What a client sends behind a row, and how the upstream gets it.</summary>
    public const string After = "GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    public const string UpstreamAfter = "GET /after HTTP/1.1\r\nhost: a\r\n" + Tail + "\r\n";

    /// <summary>The upstream's usual answer as the client gets it.</summary>
    public const string Ok = "HTTP/1.1 200 OK\r\nserver: envoy\r\ncontent-length: 2\r\n\r\nok";

    /// <summary>The same as the last on its connection.</summary>
    public const string LastOk =
        "HTTP/1.1 200 OK\r\nserver: envoy\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";

    public const string OkLog = "200 - via_upstream";

    /// <summary>An answer of the proxy itself that ends the connection.</summary>
    public static string Local(int status, string reason, string body = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {status} {reason}\r\n{(body.Length > 0 ? "content-type: text/plain\r\n" : "")}server: envoy\r\n"
        + $"connection: close\r\ncontent-length: {body.Length}\r\n\r\n{body}");

    public static string Refusal(int status) => Local(status, status switch
    {
        400 => "Bad Request",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        _ => "HTTP Version Not Supported",
    });

    public static string Log(int status) =>
        string.Create(CultureInfo.InvariantCulture, $"{status} DPE http1.codec_error");

    /// <summary>Rows that are refused with a status and of which nothing reaches an upstream.</summary>
    public static IEnumerable<RequestRow> Refused(int status, string name, params string[] sends)
    {
        for (int i = 0; i < sends.Length; i++)
        {
            yield return new RequestRow($"{name} {i + 1}", sends[i], Refusal(status), Log(status));
        }
    }
}
