using System;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>
/// Joins the chunks of every chunked message in a text, so that where the proxy cut them does not matter; anything that
/// is not the canonical coding is left as it stands, and so differs from what is expected.
/// </summary>
internal static class ChunkedText
{
    private const string Marker = "transfer-encoding: chunked\r\n\r\n";

    private static readonly Regex s_chunk = new(@"\G([1-9a-f][0-9a-f]*)\r\n");

    public static string Join(string text)
    {
        var joined = new StringBuilder();
        int at = 0;
        while (text.IndexOf(Marker, at, StringComparison.Ordinal) is var found && found >= 0)
        {
            int start = found + Marker.Length;
            joined.Append(text, at, start - at);
            at = start;
            var data = new StringBuilder();
            while (s_chunk.Match(text, at) is { Success: true } head)
            {
                int size = int.Parse(head.Groups[1].Value, NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture);
                int from = at + head.Length;
                if (from + size + 2 > text.Length || text[(from + size)..(from + size + 2)] != "\r\n")
                {
                    break;
                }

                data.Append(text, from, size);
                at = from + size + 2;
            }

            if (data.Length > 0)
            {
                joined.Append(CultureInfo.InvariantCulture, $"{data.Length:x}\r\n{data}\r\n");
            }
        }

        return joined.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>
    /// What a message that broke off has said so far, without its chunk heads; anything else behind the head, the end
    /// of the body above all, stays as it is.
    /// </summary>
    public static string OfUnfinished(string text)
    {
        int found = text.IndexOf(Marker, StringComparison.Ordinal);
        if (found < 0)
        {
            return text;
        }

        int at = found + Marker.Length;
        var all = new StringBuilder(text[..at]);
        while (s_chunk.Match(text, at) is { Success: true } head)
        {
            int size = int.Parse(head.Groups[1].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            int from = at + head.Length;
            int to = Math.Min(text.Length, from + size);
            all.Append(text, from, to - from);
            at = to < text.Length && text[to..].StartsWith("\r\n", StringComparison.Ordinal) ? to + 2 : to;
        }

        return all.Append(text, at, text.Length - at).ToString();
    }
}
