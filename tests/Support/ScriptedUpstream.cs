using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;

namespace FastMesh.Tests.Support;

/// <summary>A request as the upstream got it.</summary>
internal sealed record UpstreamRequest(string Head, string Body, bool IsWhole);

/// <summary>
/// An upstream that does what the path says: <c>/counted/N</c>, <c>/chunked/N</c>, <c>/until-close/N</c>,
/// <c>/empty</c> (204), <c>/cut/N</c> (announces 2N, sends N, resets), <c>/reset</c>, <c>/hang</c>, <c>/raw</c> with
/// <see cref="RawResponse"/>, <c>/early</c> (the same before it reads the body). It remembers every request.
/// </summary>
internal sealed class ScriptedUpstream
{
    private readonly SimulatedNetwork _network;

    public ScriptedUpstream(SimulatedNetwork network) => _network = network;

    public List<UpstreamRequest> Requests { get; } = [];

    /// <summary>Requests served on a connection before it is closed without a word; 0 never closes.</summary>
    public int CloseAfterRequests { get; set; }

    /// <summary>Reads heads and no bodies.</summary>
    public bool StopsReading { get; set; }

    /// <summary>
    /// By whose draw a connection that has served ends: with the answer, or when the next bytes come, unread; null
    /// keeps them.
    /// </summary>
    public Random? Ends { get; set; }

    /// <summary>Paths that are done instead of those of the next requests, one each.</summary>
    public Queue<string> Instead { get; } = new();

    /// <summary>What <c>/raw</c> answers, byte by byte.</summary>
    public string RawResponse { get; set; } = "";

    /// <summary>The character that stands at a place of every body, so that a shifted body shows.</summary>
    public static string Pattern(int length) =>
        string.Create(length, 0, static (span, _) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = (char)('a' + (i % 26));
            }
        });

    public void Accept(TransportConnection connection) => _ = ServeAsync(new HttpPeer(connection));

    private async Task ServeAsync(HttpPeer peer)
    {
        for (int served = 1; await peer.ReadHeadAsync() is { } head; served++)
        {
            if (StopsReading)
            {
                return;
            }

            bool isEarly = head.Contains(" /early ", StringComparison.Ordinal);
            if (isEarly)
            {
                await peer.SendAsync(RawResponse);
            }

            (string body, bool isWhole) = await ReadBodyAsync(peer, head);
            Requests.Add(new UpstreamRequest(head, body, isWhole));
            if (!isWhole || (!isEarly && !await AnswerAsync(peer, head)))
            {
                return;
            }

            int end = Ends?.Next(4) ?? 3;
            if (end == 1)
            {
                await peer.WaitForBytesAsync();
            }

            if (served == CloseAfterRequests || end <= 1)
            {
                break;
            }
        }

        peer.Connection.Close();
    }

    private static async Task<(string Body, bool IsWhole)> ReadBodyAsync(HttpPeer peer, string head)
    {
        var fields = new PeerResponse(0, head, "", true);
        if (fields.Field("content-length") is { } text)
        {
            int length = int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
            string body = await peer.ReadAsync(length);
            return (body, body.Length == length);
        }

        return fields.Field("transfer-encoding") == "chunked" ? await peer.ReadChunkedAsync() : ("", true);
    }

    private async Task<bool> AnswerAsync(HttpPeer peer, string head)
    {
        string path = Instead.TryDequeue(out string? other) ? other : head.Split(' ')[1];
        string[] parts = path.Split('/', '?');
        string kind = parts.Length > 1 ? parts[1] : "";
        int length = parts.Length > 2 && int.TryParse(parts[2], CultureInfo.InvariantCulture, out int n) ? n : 0;
        bool isHead = head.StartsWith("HEAD ", StringComparison.Ordinal);
        string body = isHead ? "" : Pattern(length);
        switch (kind)
        {
            case "chunked":
                await peer.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                for (int at = 0; at < body.Length; at += 1000)
                {
                    string piece = body.Substring(at, Math.Min(1000, body.Length - at));
                    await peer.SendAsync(string.Create(
                        CultureInfo.InvariantCulture, $"{piece.Length:x};ext=1\r\n{piece}\r\n"));
                }

                await peer.SendAsync(isHead ? "" : "0\r\nX-Trailer: yes\r\n\r\n");
                return true;
            case "until-close":
                await peer.SendAsync("HTTP/1.0 200 OK\r\n\r\n" + body);
                peer.Connection.Close();
                return false;
            case "empty":
                await peer.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
                return true;
            case "cut":
                await peer.SendAsync(string.Create(
                    CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Length: {2 * length}\r\n\r\n{body}"));
                peer.Connection.Close();
                return false;
            case "reset":
                peer.Connection.Abort(reset: true);
                return false;
            case "hang":
                return true;
            case "raw":
                await peer.SendAsync(RawResponse);
                return true;
            default:
                await peer.SendAsync(string.Create(
                    CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"));
                return true;
        }
    }
}
