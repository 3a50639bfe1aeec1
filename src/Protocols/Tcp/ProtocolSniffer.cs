using System;
using System.Buffers;
using FastMesh.Protocols.Http1;

namespace FastMesh.Protocols.Tcp;

/// <summary>What the first bytes of a connection say.</summary>
internal enum SniffVerdict : byte
{
    /// <summary>Could still be HTTP; more bytes decide.</summary>
    NeedMore,

    /// <summary>A request line of HTTP/1.0.</summary>
    Http10,

    /// <summary>A request line of HTTP/1.1.</summary>
    Http11,

    /// <summary>The connection preface of HTTP/2 (RFC 9113 §3.4).</summary>
    Http2,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>Tells HTTP from other protocols without consuming a byte, as Envoy's http_inspector does.</summary>
internal static class ProtocolSniffer
{
    /// <summary>Bytes within which the request line must end; what takes longer is not taken for HTTP.</summary>
    public const int BytesMax = 8 * 1024;

    private const int MethodBytesMax = 64;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>The verdict on the first bytes of a connection, in one or more pieces.</summary>
    public static SniffVerdict Sniff(in ReadOnlySequence<byte> input)
    {
        if (input.IsSingleSegment)
        {
            return Sniff(input.FirstSpan);
        }

        Span<byte> copy = stackalloc byte[BytesMax];
        int length = (int)Math.Min(input.Length, BytesMax);
        input.Slice(0, length).CopyTo(copy);
        return Sniff(copy[..length]);
    }

    /// <summary>The verdict on the first bytes of a connection.</summary>
    public static SniffVerdict Sniff(ReadOnlySpan<byte> input)
    {
        input = input[..Math.Min(input.Length, BytesMax)];
        int common = Math.Min(input.Length, Preface.Length);
        if (input[..common].SequenceEqual(Preface[..common]))
        {
            return common == Preface.Length ? SniffVerdict.Http2 : SniffVerdict.NeedMore;
        }

        // One CRLF may precede a request line (RFC 9112 §2.2).
        ReadOnlySpan<byte> line = input.StartsWith("\r\n"u8) ? input[2..] : input;
        if (line.IsEmpty || (line.Length == 1 && line[0] == '\r' && input.Length == 1))
        {
            return SniffVerdict.NeedMore;
        }

        int method = Http1Grammar.TokenLength(line[..Math.Min(line.Length, MethodBytesMax + 1)]);
        if (method == 0 || method > MethodBytesMax || (method < line.Length && line[method] != ' '))
        {
            return SniffVerdict.Other;
        }

        int end = Http1Grammar.IndexOfControl(line);
        if (end < 0)
        {
            return input.Length >= BytesMax ? SniffVerdict.Other : SniffVerdict.NeedMore;
        }

        if (line[end] != '\r' || end < method + 10)
        {
            return SniffVerdict.Other;
        }

        ReadOnlySpan<byte> version = line[(end - 9)..end];
        return version.SequenceEqual(" HTTP/1.1"u8) ? SniffVerdict.Http11
            : version.SequenceEqual(" HTTP/1.0"u8) ? SniffVerdict.Http10 : SniffVerdict.Other;
    }
}
