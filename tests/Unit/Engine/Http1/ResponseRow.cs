using System.Globalization;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>One row of the table of responses: what an upstream says, and all that may come of it.</summary>
/// <param name="Name">Names the row in the test's output.</param>
/// <param name="Say">What the upstream says; <see cref="Pieces.Mark"/> stands where an awkward split falls.</param>
/// <param name="Answer">Everything the client gets for it, to the byte; chunks are joined.</param>
/// <param name="Log">Status, response flags and details.</param>
internal sealed record ResponseRow(string Name, string Say, string Answer, string Log = Wire.OkLog)
{
    public string Method { get; init; } = "GET";

    /// <summary>Fields of the request, for the upgrades.</summary>
    public string Fields { get; init; } = "";

    /// <summary>What the upstream does when it has said it.</summary>
    public Ending Ending { get; init; }

    /// <summary>The upstream's connection serves the next request.</summary>
    public bool Reuses { get; init; }

    /// <summary>The client's connection ends with it.</summary>
    public bool Ends { get; init; }

    /// <summary>Requests that the upstream gets: 2 where the first is sent again.</summary>
    public int Attempts { get; init; } = 1;

    public string Listener { get; init; } = "plain";

    /// <summary>An answer of the proxy that keeps the client's connection.</summary>
    public static string Local(int status, string reason, string cause)
    {
        string body = "upstream connect error or disconnect/reset before headers. reset reason: " + cause;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain\r\nserver: envoy\r\n"
            + $"content-length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>502: the upstream broke the protocol before the client got a head.</summary>
    public static ResponseRow Broken(string name, string say, Ending ending = Ending.Keep) => new(
        name, say, Local(502, "Bad Gateway", "protocol error"),
        "502 UPE upstream_reset_before_response_started{protocol_error}") { Ending = ending };
}
