using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>Heads to start from.</summary>
internal static class HeadSeeds
{
    public static IEnumerable<byte[]> Requests { get; } =
    [
        .. new[]
        {
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /a/b?c=d HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nAccept: */*\r\n\r\nhello",
            "PUT http://x/y HTTP/1.1\r\nHost: z\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n"
                + "5\r\nhello\r\n0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: upgrade, x-y\r\nUpgrade: websocket\r\nX-Y: z\r\n\r\n",
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
            "\r\nPATCH http://x?y HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        }.Select(Words.Latin),
    ];

    public static IEnumerable<byte[]> Responses { get; } =
    [
        .. new[]
        {
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello",
            "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        }.Select(Words.Latin),
    ];

    /// <summary>First words of an outcome and how many fields it has: enough to tell kinds of inputs apart.</summary>
    public static int Signature(string outcome)
    {
        string line = outcome.Split('\n')[0];
        string kind = line.StartsWith("done", StringComparison.Ordinal)
            ? string.Concat(string.Join('|', line.Split('|')[^3..]).Where(c => !char.IsAsciiDigit(c)))
                + Math.Min(20, outcome.Count(c => c == '\n'))
            : line;
        return (int)Wire.Hash(Words.Latin(kind));
    }
}

/// <summary>Our request parser against the reference, whole and split.</summary>
internal sealed class RequestDifferentialTarget : FuzzTarget
{
    private readonly RequestHead _head = new();

    public override string Name => "request";

    public override IEnumerable<byte[]> Seeds => HeadSeeds.Requests;

    public override int Run(byte[] input)
    {
        string ours = Wire.Request(input, default, _head);
        string reference = ReferenceParser.Request(input);
        if (ours.StartsWith("done", StringComparison.Ordinal) || reference.StartsWith("done", StringComparison.Ordinal))
        {
            Same("codec and reference", ours, reference);
        }

        Holds(ours != "more" || reference == "more", "a complete head that the reference refuses is waited on");
        int cut = Wire.Cut(input);
        string split = Wire.Request(input.AsSpan(0, cut), input.AsSpan(cut), _head);
        bool failed = ours.StartsWith("error", StringComparison.Ordinal);
        Same($"whole and split at {cut}", failed ? "error" : ours,
            failed && split.StartsWith("error", StringComparison.Ordinal) ? "error" : split);
        return HeadSeeds.Signature(ours);
    }
}

/// <summary>Our response parser against the reference, whole and split, for GET and HEAD.</summary>
internal sealed class ResponseDifferentialTarget : FuzzTarget
{
    private readonly ResponseHead _head = new();

    public override string Name => "response";

    public override IEnumerable<byte[]> Seeds => HeadSeeds.Responses;

    public override int Run(byte[] input)
    {
        bool toHead = (Wire.Hash(input) & 256) != 0;
        HttpMethod method = toHead ? HttpMethod.Head : HttpMethod.Get;
        string ours = Wire.Response(input, default, _head, method);
        string reference = ReferenceParser.Response(input, toHead);
        if (ours.StartsWith("done", StringComparison.Ordinal) || reference.StartsWith("done", StringComparison.Ordinal))
        {
            Same("codec and reference", ours, reference);
        }

        Holds(ours != "more" || reference == "more", "a complete head that the reference refuses is waited on");
        int cut = Wire.Cut(input);
        string split = Wire.Response(input.AsSpan(0, cut), input.AsSpan(cut), _head, method);
        bool failed = ours.StartsWith("error", StringComparison.Ordinal);
        Same($"whole and split at {cut}", failed ? "error" : ours,
            failed && split.StartsWith("error", StringComparison.Ordinal) ? "error" : split);
        return HeadSeeds.Signature(ours);
    }
}

/// <summary>
/// What is accepted can be written, and what is written means the same to us and to the reference and has exactly one
/// framing; with the path as it came, or in its normal form.
/// </summary>
internal sealed class RequestRoundTripTarget : FuzzTarget
{
    private readonly PathNormalizer _paths = new()
    {
        NormalizePath = true,
        MergeSlashes = true,
        EscapedSlashes = EscapedSlashesAction.UnescapeAndForward,
    };

    private readonly RequestHead _head = new();
    private readonly RequestHead _again = new();
    private byte[] _wire = new byte[1024];

    public override string Name => "request-roundtrip";

    public override IEnumerable<byte[]> Seeds => HeadSeeds.Requests;

    public override int Run(byte[] input)
    {
        string parsed = Wire.Request(input, default, _head);
        if (!parsed.StartsWith("done", StringComparison.Ordinal) || _head.Version == HttpVersion.Http10)
        {
            return HeadSeeds.Signature(parsed);
        }

        bool normal = (Wire.Hash(input) & 512) != 0 && _head.Method != HttpMethod.Connect;
        if (normal && _paths.Apply(_head) != PathOutcome.Forward)
        {
            return HeadSeeds.Signature(parsed);
        }

        bool upgrade = _head.HasUpgrade;
        Http1Framing.StripHopByHop(_head.Fields, keepUpgrade: upgrade);
        string before = Meaning(_head);
        string written = Write(_head, upgrade ? ConnectionOption.Upgrade : ConnectionOption.None);
        if (written.Length > Http1Limits.Default.HeadBytesMax)
        {
            return HeadSeeds.Signature(parsed);
        }

        string result = Wire.Request(Words.Latin(written), default, _again);
        Holds(result.StartsWith($"done {written.Length} ", StringComparison.Ordinal),
            $"unreadable: {result}\n{written}");
        Same("what is sent, to us and to the reference", result, ReferenceParser.Request(Words.Latin(written)));
        Http1Framing.StripHopByHop(_again.Fields, keepUpgrade: upgrade);
        Same("before and after", before, Meaning(_again));
        Same("written twice", written, Write(_again, upgrade ? ConnectionOption.Upgrade : ConnectionOption.None));
        return HeadSeeds.Signature(parsed);
    }

    private string Write(RequestHead head, ConnectionOption connection)
    {
        int needed = Http1Writer.MeasureRequest(head);
        if (_wire.Length < needed)
        {
            _wire = new byte[needed];
        }

        int length = Http1Writer.WriteRequest(head, head.Body, connection, _wire.AsSpan(0, needed));
        Holds(length > 0, "an accepted head cannot be written");
        return Wire.Text(_wire.AsSpan(0, length));
    }

    private static string Meaning(RequestHead head) =>
        $"{Wire.Text(head.MethodBytes)}|{Wire.Text(head.Authority)}|{Wire.Text(head.Path)}|{head.Body}"
        + Wire.Append(new System.Text.StringBuilder(), head.Fields);
}

/// <summary>As <see cref="RequestRoundTripTarget"/>, for responses.</summary>
internal sealed class ResponseRoundTripTarget : FuzzTarget
{
    private readonly ResponseHead _head = new();
    private readonly ResponseHead _again = new();

    public override string Name => "response-roundtrip";

    public override IEnumerable<byte[]> Seeds => HeadSeeds.Responses;

    public override int Run(byte[] input)
    {
        string parsed = Wire.Response(input, default, _head, HttpMethod.Get);
        if (!parsed.StartsWith("done", StringComparison.Ordinal))
        {
            return HeadSeeds.Signature(parsed);
        }

        Http1Framing.StripHopByHop(_head.Fields, keepUpgrade: false);
        byte[] wire = new byte[Http1Writer.MeasureResponse(_head)];
        int length = Http1Writer.WriteResponse(_head, ConnectionOption.None, wire);
        Holds(length > 0, "an accepted head cannot be written");
        if (length > Http1Limits.Default.HeadBytesMax)
        {
            // It came within the limit; the one space behind each colon took it beyond.
            return HeadSeeds.Signature(parsed);
        }

        string result = Wire.Response(wire.AsSpan(0, length), default, _again, HttpMethod.Get);
        Holds(result.StartsWith($"done {length} ", StringComparison.Ordinal), $"unreadable: {result}");
        Same("what is sent, to us and to the reference", result,
            ReferenceParser.Response(wire[..length], toHead: false));
        Http1Framing.StripHopByHop(_again.Fields, keepUpgrade: false);
        Same("before and after", Meaning(_head), Meaning(_again));
        return HeadSeeds.Signature(parsed);
    }

    private static string Meaning(ResponseHead head) =>
        $"{head.StatusCode}|{head.Body}" + Wire.Append(new System.Text.StringBuilder(), head.Fields);
}
