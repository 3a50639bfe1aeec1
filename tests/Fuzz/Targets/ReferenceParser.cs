using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// A second reading of RFC 9112, written from its text with strings and regular expressions and sharing nothing with
/// the codec: slow, and short enough to be checked by eye. Knows only "accepted, and this is what it means" or not.
/// </summary>
internal static class ReferenceParser
{
    private const string Token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private const int HeadMax = 60 * 1024;
    private const int FieldsMax = 100;
    private const int TargetMax = 8192;
    private const string RegName = "[-._~%!$&'()*+;=0-9A-Za-z]+";
    private const string Literal = @"\[(?=..+\])[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]";
    private const string Authority = $@"(?:{RegName}|{Literal})(?::(?<port>[0-9]{{1,5}}))?";

    private static readonly Regex RequestLine =
        new($@"^(?<m>{Token}) (?<t>[\x21\x22\x24-\x7e]+) HTTP/1\.(?<v>[01])$(?!\n)", RegexOptions.ExplicitCapture);

    private static readonly Regex StatusLine =
        new(@"^HTTP/1\.(?<v>[01]) (?<s>[1-9][0-9][0-9])( (?<r>[\t\x20-\x7e\x80-\xff]*))?$(?!\n)",
            RegexOptions.ExplicitCapture);

    private static readonly Regex FieldLine =
        new($@"^(?<n>{Token}):[ \t]*(?<v>[\t\x20-\x7e\x80-\xff]*?)[ \t]*$(?!\n)", RegexOptions.ExplicitCapture);

    private static readonly Regex AuthorityText = new($@"^{Authority}$(?!\n)", RegexOptions.None);

    private static readonly Regex AbsoluteTarget = new(@"^(?i:https?)://(?<a>[^/?]*)(?<p>/[^?]*)?(?<q>\?.*)?$(?!\n)");

    /// <summary>"done CONSUMED RENDERING", "no", or "more" when the head has no end yet.</summary>
    public static string Request(byte[] input)
    {
        string text = Encoding.Latin1.GetString(input);
        int skip = text.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 0;
        int end = text.IndexOf("\r\n\r\n", skip, StringComparison.Ordinal);
        if (end < 0)
        {
            return "more";
        }

        string[] lines = text[skip..end].Split("\r\n");
        Match start = RequestLine.Match(lines[0]);
        List<(string Name, string Value)>? fields = Fields(lines[1..]);
        if (!start.Success || fields is null || end + 4 > HeadMax)
        {
            return "no";
        }

        string method = start.Groups["m"].Value;
        string target = start.Groups["t"].Value;
        bool http11 = start.Groups["v"].Value == "1";
        string[] hosts = Values(fields, "host");
        if (method.Length > 64 || target.Length > TargetMax || hosts.Length > 1 || (hosts.Length == 0 && http11)
            || (hosts.Length == 1 && !IsAuthority(hosts[0], false)))
        {
            return "no";
        }

        (string Authority, string Path)? aim = Target(method, target, hosts.Length == 1 ? hosts[0] : "");
        string? body = Body(fields, http11, requestWithoutBody: "None");
        string[]? options = Options(fields);
        if (aim is null || body is null || options is null || (method == "CONNECT"
            && body is not ("None" or "Counted(0)")))
        {
            return "no";
        }

        string[] expect = http11 ? Values(fields, "expect") : [];
        if (expect.Length > 1 || (expect.Length == 1 && !Is(expect[0], "100-continue")))
        {
            return "no";
        }

        bool keep = !options.Contains("close") && (http11 || options.Contains("keep-alive"));
        bool wait = expect.Length == 1 && body is not ("None" or "Counted(0)");
        bool upgrade = http11 && options.Contains("upgrade") && IsUpgrade(Values(fields, "upgrade"));
        fields.RemoveAll(field => Is(field.Name, "host"));
        return $"done {end + 4} {method}|{aim.Value.Authority}|{aim.Value.Path}|Http1{(http11 ? 1 : 0)}|{body}|{keep}|"
            + $"{wait}|{upgrade}" + string.Concat(fields.Select(field => $"\n{field.Name}={field.Value}"));
    }

    /// <summary>As <see cref="Request"/>, for the answer to a GET or a HEAD.</summary>
    public static string Response(byte[] input, bool toHead)
    {
        string text = Encoding.Latin1.GetString(input);
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return "more";
        }

        string[] lines = text[..end].Split("\r\n");
        Match start = StatusLine.Match(lines[0]);
        List<(string Name, string Value)>? fields = Fields(lines[1..]);
        string[]? options = fields is null ? null : Options(fields);
        if (!start.Success || fields is null || options is null || end + 4 > HeadMax)
        {
            return "no";
        }

        int status = int.Parse(start.Groups["s"].Value, CultureInfo.InvariantCulture);
        bool http11 = start.Groups["v"].Value == "1";
        string[] lengths = Values(fields, "content-length");
        bool bodiless = status < 200 || status is 204 or 304 || toHead;
        bool declares = bodiless && status >= 200 && status != 204 && lengths.Length == 1
            && Length(lengths[0]) is not null
            && Values(fields, "transfer-encoding").Length == 0;
        string? body = declares ? $"None({Length(lengths[0])})" : bodiless ? "None" : Body(fields, http11,
            "UntilClose");
        if (body is null)
        {
            return "no";
        }

        bool keep = !options.Contains("close") && body != "UntilClose" && (http11 || options.Contains("keep-alive"));
        return $"done {end + 4} {status}|{start.Groups["r"].Value}|Http1{(http11 ? 1 : 0)}|{body}|{keep}"
            + string.Concat(fields.Select(field => $"\n{field.Name}={field.Value}"));
    }

    private static List<(string Name, string Value)>? Fields(string[] lines)
    {
        if (lines.Length > FieldsMax)
        {
            return null;
        }

        List<(string, string)> fields = [];
        foreach (string line in lines)
        {
            Match match = FieldLine.Match(line);
            if (!match.Success)
            {
                return null;
            }

            fields.Add((match.Groups["n"].Value, match.Groups["v"].Value));
        }

        return fields;
    }

    private static (string Authority, string Path)? Target(string method, string target, string host)
    {
        if (method == "CONNECT")
        {
            return IsAuthority(target, true) ? (target, "") : null;
        }

        if (target.StartsWith('/') || (target == "*" && method == "OPTIONS"))
        {
            return (host, target);
        }

        Match absolute = AbsoluteTarget.Match(target);
        if (!absolute.Success || !IsAuthority(absolute.Groups["a"].Value, false))
        {
            return null;
        }

        string path = absolute.Groups["p"].Value + absolute.Groups["q"].Value;
        return (absolute.Groups["a"].Value, path.Length == 0 && method == "OPTIONS" ? "*"
            : path.StartsWith('/') ? path : "/" + path);
    }

    private static string? Body(List<(string Name, string Value)> fields, bool http11, string requestWithoutBody)
    {
        string[] lengths = Values(fields, "content-length");
        string[] codings = Values(fields, "transfer-encoding");
        return (lengths.Length, codings.Length) switch
        {
            (0, 0) => requestWithoutBody,
            (1, 0) => Length(lengths[0]) is { } length ? $"Counted({length})" : null,
            (0, 1) => http11 && Is(codings[0], "chunked") ? "Chunked" : null,
            _ => null,
        };
    }

    private static long? Length(string text) =>
        text.Length is > 0 and <= 19 && text.All(char.IsAsciiDigit)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
        && length < long.MaxValue ? length : null;

    private static string[]? Options(List<(string Name, string Value)> fields)
    {
        string[] listed = [.. Values(fields, "connection").SelectMany(value => value.Split(','))];
        string[] options = [.. listed.Select(option => option.Trim(' ', '\t').ToLowerInvariant())
            .Where(option => option.Length != 0)];
        return listed.Length <= 64 && options.All(option => Regex.IsMatch(option, $@"^{Token}$(?!\n)")) ? options : null;
    }

    private static bool IsUpgrade(string[] values) =>
        values.Length > 0 && values[0].Split(',').All(
            element => Regex.IsMatch(element.Trim(' ', '\t'), $@"^{Token}(/{Token})?$(?!\n)"));

    private static bool IsAuthority(string text, bool portRequired)
    {
        Match match = AuthorityText.Match(text);
        string port = match.Groups["port"].Value;
        return match.Success && (port.Length != 0 || !portRequired)
            && (port.Length == 0 || int.Parse(port, CultureInfo.InvariantCulture) <= 65535);
    }

    private static string[] Values(List<(string Name, string Value)> fields, string name) =>
        [.. fields.Where(field => Is(field.Name, name)).Select(field => field.Value)];

    private static bool Is(string text, string other) => string.Equals(text, other, StringComparison.OrdinalIgnoreCase);
}
