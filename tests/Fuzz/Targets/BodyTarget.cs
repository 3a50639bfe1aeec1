using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Chunked bodies: whole, split and byte by byte agree, and agree with a reading by regular expression.
/// </summary>
internal sealed class BodyTarget : FuzzTarget
{
    private const string Token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

    private static readonly Regex ChunkHead = new(
        $@"\G(?<s>[0-9A-Fa-f]{{1,16}})(;[ \t]*{Token}([ \t]*=[ \t]*({Token}|""([\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]"
        + @"|\\[\t\x20-\x7e\x80-\xff])*""))?([ \t]+(?=;))?(?=;|\r))*\r\n", RegexOptions.ExplicitCapture);

    private readonly HttpFields _trailers = new();

    public override string Name => "body";

    public override IEnumerable<byte[]> Seeds =>
        new[]
        {
            "0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=b;c=\"d;\\\"\"\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nNEXT",
            "1\r\na\r\n0;x\r\nX-Sum: 1\r\ngrpc-status: 0\r\n\r\n",
        }.Select(Words.Latin);

    public override int Run(byte[] input)
    {
        string whole = Decode(input, input.Length, input.Length);
        int cut = Wire.Cut(input);
        string split = Decode(input, cut, input.Length);
        Same($"whole and split at {cut}", Kind(whole), Kind(split));
        if (input.Length < 2000)
        {
            Same("whole and byte by byte", Kind(whole), Kind(Decode(input, 1, 1)));
        }

        string reference = Reference(input);
        if (whole.StartsWith("end", StringComparison.Ordinal) || reference.StartsWith("end", StringComparison.Ordinal))
        {
            Same("decoder and reference", whole, reference);
        }

        return whole.StartsWith("end",
            StringComparison.Ordinal) ? whole.Length % 64 : (int)Wire.Hash(Words.Latin(whole));
    }

    // Which of two faults is met first may depend on the pieces; that there is one may not.
    private static string Kind(string outcome) =>
        outcome.StartsWith("error", StringComparison.Ordinal) ? "error" : outcome;

    private string Decode(byte[] input, int first, int step)
    {
        Http1BodyDecoder decoder = default;
        decoder.Start(BodyLength.Chunked, _trailers, Http1Limits.Default);
        StringBuilder data = new();
        int start = 0;
        int end = Math.Min(first, input.Length);
        while (true)
        {
            BodyEvent happened = decoder.Decode(input.AsSpan(start, end - start), out int consumed, out int offset,
                out int length, out ProtocolError error);
            Holds(consumed <= end - start && offset + length <= consumed, "more consumed than given");
            data.Append(Wire.Text(input.AsSpan(start + offset, length)));
            start += consumed;
            if (happened == BodyEvent.Error)
            {
                return $"error {error.Code}";
            }

            if (happened == BodyEvent.End)
            {
                return $"end {start} {data}" + Wire.Append(new StringBuilder(), _trailers);
            }

            if (happened == BodyEvent.NeedMore)
            {
                Holds(start == end, "more wanted with input left");
                if (end == input.Length)
                {
                    return "more";
                }

                end = Math.Min(end + step, input.Length);
            }
        }
    }

    private static string Reference(byte[] input)
    {
        string text = Encoding.Latin1.GetString(input);
        StringBuilder data = new();
        int at = 0;
        int extensions = 0;
        while (true)
        {
            Match head = ChunkHead.Match(text, at);
            if (!head.Success || !long.TryParse(head.Groups["s"].Value, NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out long size) || size < 0)
            {
                return "no";
            }

            extensions += Math.Max(0, head.Length - head.Groups["s"].Length - 2);
            at += head.Length;
            if (extensions > Http1Limits.Default.ExtensionBytesMax)
            {
                return "no";
            }

            if (size == 0)
            {
                return Trailers(text, at, data);
            }

            if (size > text.Length - at || string.CompareOrdinal(text, at + (int)size, "\r\n", 0, 2) != 0)
            {
                return "no";
            }

            data.Append(text, at, (int)size);
            at += (int)size + 2;
        }
    }

    private static string Trailers(string text, int at, StringBuilder data)
    {
        int begin = at;
        StringBuilder fields = new();
        int count = 0;
        while (true)
        {
            int end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (end < 0 || end + 2 - begin > Http1Limits.Default.TrailerBytesMax)
            {
                return "no";
            }

            string line = text[at..end];
            at = end + 2;
            if (line.Length == 0)
            {
                return $"end {at} {data}{fields}";
            }

            Match field = Regex.Match(line, $@"^({Token}):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$(?!\n)");
            if (!field.Success || ++count > 100 || Forbidden.Contains(field.Groups[1].Value))
            {
                return "no";
            }

            fields.Append('\n').Append(field.Groups[1].Value).Append('=').Append(field.Groups[2].Value);
        }
    }

    private static readonly HashSet<string> Forbidden = new(StringComparer.OrdinalIgnoreCase)
    {
        "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "te", "trailer",
        "upgrade", "expect", "authorization", "proxy-authorization", "proxy-authenticate", "www-authenticate", "cookie",
        "set-cookie", "content-type", "content-encoding", "content-range", "cache-control", "max-forwards", "range",
        "location", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
        "x-forwarded-client-cert", "x-envoy-original-path", "x-envoy-internal", "x-envoy-external-address",
        "x-envoy-original-dst-host",
    };
}
