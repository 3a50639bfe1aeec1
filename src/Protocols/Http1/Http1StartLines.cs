using System;
using System.Runtime.InteropServices;

namespace FastMesh.Protocols.Http1;

/// <summary>Request lines (RFC 9112 §3), and Host, which is set aside as the authority.</summary>
internal readonly ref struct RequestLines(RequestHead head) : IStartLine
{
    private const int VersionLength = 8;

    /// <inheritdoc/>
    public bool SkipsLeadingLine => true;

    /// <inheritdoc/>
    public int BytesMax(Http1Limits limits) => limits.HeadBytesMax;

    /// <inheritdoc/>
    public ProtocolErrorCode TooLarge(Http1Limits limits, ReadOnlySpan<byte> line, bool inFields)
    {
        if (inFields)
        {
            return ProtocolErrorCode.HeadTooLarge;
        }

        int space = line.IndexOf((byte)' ');
        return space < 0 || space > limits.MethodBytesMax
            ? ProtocolErrorCode.MethodTooLong
            : ProtocolErrorCode.TargetTooLong;
    }

    /// <inheritdoc/>
    public ProtocolErrorCode Field(KnownField known, ByteRange value, ref Http1ParseState state, ref bool add)
    {
        if (known == KnownField.Host)
        {
            state.Hosts++;
            state.Host = value;
            add = false;
        }

        return ProtocolErrorCode.None;
    }

    /// <inheritdoc/>
    public ProtocolErrorCode StartLine(ReadOnlySpan<byte> line, int offset, Http1Limits limits,
        ref Http1ParseState state)
    {
        int methodLength = line.IndexOf((byte)' ');
        if (methodLength <= 0)
        {
            return ProtocolErrorCode.MalformedRequestLine;
        }

        ReadOnlySpan<byte> method = line[..methodLength];
        HttpMethod known = HttpMethods.Parse(method);
        if (known == HttpMethod.Other)
        {
            if (!Http1Grammar.IsToken(method))
            {
                return ProtocolErrorCode.MalformedMethod;
            }

            if (methodLength > limits.MethodBytesMax)
            {
                return ProtocolErrorCode.MethodTooLong;
            }
        }

        int targetStart = methodLength + 1;
        int targetLength = line.Length - VersionLength - 1 - targetStart;
        if (targetLength <= 0 || line[targetStart + targetLength] != ' ')
        {
            return ProtocolErrorCode.MalformedRequestLine;
        }

        ProtocolErrorCode error = ParseVersion(line[^VersionLength..], out HttpVersion version);
        if (error != ProtocolErrorCode.None)
        {
            return error;
        }

        ReadOnlySpan<byte> target = line.Slice(targetStart, targetLength);
        if (targetLength > limits.TargetBytesMax)
        {
            return ProtocolErrorCode.TargetTooLong;
        }

        if (!Http1Grammar.IsTarget(target))
        {
            return target.Contains((byte)' ')
                ? ProtocolErrorCode.MalformedRequestLine
                : ProtocolErrorCode.MalformedTarget;
        }

        head.Version = version;
        head.SetMethodRange(known, new ByteRange(offset, methodLength));
        return Target(target, offset + targetStart, ref state);
    }

    /// <summary>"HTTP/1.1" or "HTTP/1.0", case-sensitive (RFC 9112 §2.3).</summary>
    internal static ProtocolErrorCode ParseVersion(ReadOnlySpan<byte> text, out HttpVersion version)
    {
        ulong word = MemoryMarshal.Read<ulong>(text);
        if (word == MemoryMarshal.Read<ulong>("HTTP/1.1"u8))
        {
            version = HttpVersion.Http11;
            return ProtocolErrorCode.None;
        }

        if (word == MemoryMarshal.Read<ulong>("HTTP/1.0"u8))
        {
            version = HttpVersion.Http10;
            return ProtocolErrorCode.None;
        }

        version = HttpVersion.Unknown;
        bool wellFormed = text.StartsWith("HTTP/"u8) && char.IsAsciiDigit((char)text[5]) && text[6] == '.'
            && char.IsAsciiDigit((char)text[7]);
        return wellFormed ? ProtocolErrorCode.UnsupportedVersion : ProtocolErrorCode.MalformedVersion;
    }

    // RFC 9112 §3.2: each form belongs to certain methods; a proxy re-sends the absolute form as origin form.
    private ProtocolErrorCode Target(ReadOnlySpan<byte> target, int offset, ref Http1ParseState state)
    {
        if (head.Method == HttpMethod.Connect)
        {
            head.SetAuthorityRange(new ByteRange(offset, target.Length));
            state.Absolute = true;
            return Http1Grammar.IsAuthority(target, portRequired: true)
                ? ProtocolErrorCode.None
                : ProtocolErrorCode.MalformedTarget;
        }

        if (target[0] == '/')
        {
            head.SetPathRange(new ByteRange(offset, target.Length));
            return ProtocolErrorCode.None;
        }

        if (target.Length == 1 && target[0] == '*' && head.Method == HttpMethod.Options)
        {
            head.SetPathRange(new ByteRange(offset, 1));
            return ProtocolErrorCode.None;
        }

        return AbsoluteForm(target, offset, ref state);
    }

    private ProtocolErrorCode AbsoluteForm(ReadOnlySpan<byte> target, int offset, ref Http1ParseState state)
    {
        bool https = System.Text.Ascii.EqualsIgnoreCase(target[..Math.Min(8, target.Length)], "https://"u8);
        if (!https && !System.Text.Ascii.EqualsIgnoreCase(target[..Math.Min(7, target.Length)], "http://"u8))
        {
            return ProtocolErrorCode.MalformedTarget;
        }

        int start = https ? 8 : 7;
        int length = target[start..].IndexOfAny((byte)'/', (byte)'?');
        length = length < 0 ? target.Length - start : length;
        if (!Http1Grammar.IsAuthority(target.Slice(start, length)))
        {
            return ProtocolErrorCode.MalformedTarget;
        }

        head.SetAuthorityRange(new ByteRange(offset + start, length));
        state.Absolute = true;
        int path = start + length;
        if (path < target.Length && target[path] == '/')
        {
            head.SetPathRange(new ByteRange(offset + path, target.Length - path));
        }
        else
        {
            state.PathToComplete = new ByteRange(offset + path, target.Length - path);
            state.PathIsIncomplete = true;
        }

        return ProtocolErrorCode.None;
    }
}

/// <summary>Status lines (RFC 9112 §4).</summary>
internal readonly ref struct ResponseLines(ResponseHead head) : IStartLine
{
    // "HTTP/1.1 200": the space behind the status is required by the grammar but missing in the wild.
    private const int ShortestLine = 12;

    /// <inheritdoc/>
    public bool SkipsLeadingLine => false;

    /// <inheritdoc/>
    public int BytesMax(Http1Limits limits) => limits.HeadBytesMax;

    /// <inheritdoc/>
    public ProtocolErrorCode TooLarge(Http1Limits limits, ReadOnlySpan<byte> line, bool inFields) =>
        ProtocolErrorCode.HeadTooLarge;

    /// <inheritdoc/>
    public ProtocolErrorCode Field(KnownField known, ByteRange value, ref Http1ParseState state, ref bool add) =>
        ProtocolErrorCode.None;

    /// <inheritdoc/>
    public ProtocolErrorCode StartLine(ReadOnlySpan<byte> line, int offset, Http1Limits limits,
        ref Http1ParseState state)
    {
        if (line.Length < ShortestLine || line[8] != ' ' || (line.Length > ShortestLine && line[ShortestLine] != ' '))
        {
            return ProtocolErrorCode.MalformedStatusLine;
        }

        ProtocolErrorCode error = RequestLines.ParseVersion(line[..8], out HttpVersion version);
        if (error != ProtocolErrorCode.None)
        {
            return error;
        }

        int hundreds = line[9] - '0';
        int tens = line[10] - '0';
        int ones = line[11] - '0';
        if (hundreds is < 1 or > 9 || tens is < 0 or > 9 || ones is < 0 or > 9)
        {
            return ProtocolErrorCode.MalformedStatusLine;
        }

        head.Version = version;
        head.StatusCode = (hundreds * 100) + (tens * 10) + ones;
        if (line.Length > ShortestLine + 1)
        {
            head.SetReasonRange(new ByteRange(offset + ShortestLine + 1, line.Length - ShortestLine - 1));
        }

        return ProtocolErrorCode.None;
    }
}

/// <summary>Trailers: no first line, and fields that must not come late are refused (RFC 9110 §6.5.1).</summary>
internal struct TrailerLines : IStartLine
{
    /// <summary>
    /// Framing, routing, request modifiers, authentication, and what tells the origin who the peer is.
    /// </summary>
    internal static readonly ulong Forbidden = KnownFields.Mask(
        KnownField.Host, KnownField.Connection, KnownField.KeepAlive, KnownField.ProxyConnection,
        KnownField.TransferEncoding, KnownField.ContentLength, KnownField.Te, KnownField.Trailer, KnownField.Upgrade,
        KnownField.Expect, KnownField.Authorization, KnownField.ProxyAuthorization, KnownField.ProxyAuthenticate,
        KnownField.WwwAuthenticate, KnownField.Cookie, KnownField.SetCookie, KnownField.ContentType,
        KnownField.ContentEncoding, KnownField.ContentRange, KnownField.CacheControl, KnownField.MaxForwards,
        KnownField.Range, KnownField.Location, KnownField.Forwarded, KnownField.XForwardedFor,
        KnownField.XForwardedProto, KnownField.XForwardedHost, KnownField.XForwardedPort,
        KnownField.XForwardedClientCert, KnownField.XEnvoyOriginalPath, KnownField.XEnvoyInternal,
        KnownField.XEnvoyExternalAddress, KnownField.XEnvoyOriginalDstHost);

    /// <inheritdoc/>
    public readonly bool SkipsLeadingLine => false;

    /// <inheritdoc/>
    public readonly int BytesMax(Http1Limits limits) => limits.TrailerBytesMax;

    /// <inheritdoc/>
    public readonly ProtocolErrorCode TooLarge(Http1Limits limits, ReadOnlySpan<byte> line, bool inFields) =>
        ProtocolErrorCode.TrailersTooLarge;

    /// <inheritdoc/>
    public readonly ProtocolErrorCode StartLine(ReadOnlySpan<byte> line, int offset, Http1Limits limits,
        ref Http1ParseState state) => ProtocolErrorCode.None;

    /// <inheritdoc/>
    public readonly ProtocolErrorCode Field(KnownField known, ByteRange value, ref Http1ParseState state,
        ref bool add) =>
        (KnownFields.Bit(known) & Forbidden) == 0 ? ProtocolErrorCode.None : ProtocolErrorCode.ForbiddenTrailer;
}
