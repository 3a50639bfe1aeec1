using System;
using System.Text;

namespace FastMesh.Protocols.Http1;

/// <summary>
/// Where a body ends and what belongs to one connection only: every rule against request smuggling is in this file
/// (RFC 9112 §6, RFC 9110 §7.6.1).
/// </summary>
internal static class Http1Framing
{
    // Each option is looked for among all fields, so their number is bounded: 60 KiB of them would cost milliseconds.
    private const int ConnectionOptionsMax = 64;

    // Any of these costs a closer look; most requests have none but Connection.
    private static readonly ulong FramingMask =
        KnownFields.Mask(KnownField.ContentLength, KnownField.TransferEncoding);

    private static readonly ulong HopByHopMask = KnownFields.Mask(KnownField.Connection, KnownField.KeepAlive,
        KnownField.ProxyConnection, KnownField.TransferEncoding, KnownField.ContentLength);

    // Named by Connection or not, these go end to end: dropping them would let a client blind the origin's checks.
    private static readonly ulong ProtectedMask = KnownFields.Mask(KnownField.Host, KnownField.ContentLength,
        KnownField.TransferEncoding, KnownField.Te, KnownField.Upgrade, KnownField.Authorization, KnownField.Cookie,
        KnownField.SetCookie, KnownField.Forwarded, KnownField.XForwardedFor, KnownField.XForwardedProto,
        KnownField.XForwardedHost, KnownField.XForwardedPort, KnownField.XForwardedClientCert, KnownField.XRequestId,
        KnownField.ProxyAuthorization, KnownField.ContentType, KnownField.ContentEncoding, KnownField.ContentRange,
        KnownField.CacheControl, KnownField.Date, KnownField.Expect, KnownField.Range, KnownField.Location,
        KnownField.MaxForwards, KnownField.WwwAuthenticate, KnownField.XEnvoyExternalAddress,
        KnownField.XEnvoyInternal, KnownField.XEnvoyOriginalPath);

    [Flags]
    private enum ConnectionOptions : byte
    {
        None = 0,
        Close = 1,
        KeepAlive = 2,
        Upgrade = 4,
    }

    /// <summary>Checks a request whose lines are parsed: authority, body, connection options, expectation.</summary>
    public static ProtocolError CompleteRequest(RequestHead head, in Http1ParseState state)
    {
        ProtocolErrorCode error = CompleteAuthority(head, state);
        if (error != ProtocolErrorCode.None)
        {
            return error;
        }

        HttpFields fields = head.Fields;
        error = RequestBody(head, fields);
        if (error != ProtocolErrorCode.None)
        {
            return error;
        }

        bool http11 = head.Version == HttpVersion.Http11;
        ConnectionOptions options = ConnectionOptions.None;
        if (fields.Has(KnownField.Connection) && !TryReadConnection(fields, out options))
        {
            return ProtocolErrorCode.MalformedConnection;
        }

        head.KeepAlive = (options & ConnectionOptions.Close) == 0
            && (http11 || (options & ConnectionOptions.KeepAlive) != 0);
        if (http11 && (options & ConnectionOptions.Upgrade) != 0
            && fields.TryGet(KnownField.Upgrade, out ReadOnlySpan<byte> upgrade) && IsTokenList(upgrade))
        {
            head.SetUpgrade(upgrade);
        }

        return fields.Has(KnownField.Expect) ? Expectation(head, fields, http11) : default;
    }

    /// <summary>Checks a response whose lines are parsed: body and connection options (RFC 9112 §6.3).</summary>
    public static ProtocolError CompleteResponse(ResponseHead head, HttpMethod requestMethod)
    {
        HttpFields fields = head.Fields;
        ConnectionOptions options = ConnectionOptions.None;
        if (fields.Has(KnownField.Connection) && !TryReadConnection(fields, out options))
        {
            return ProtocolErrorCode.MalformedConnection;
        }

        ProtocolErrorCode error = ResponseBody(head, requestMethod, fields);
        head.KeepAlive = (options & ConnectionOptions.Close) == 0 && head.Body.Kind != BodyKind.UntilClose
            && (head.Version == HttpVersion.Http11 || (options & ConnectionOptions.KeepAlive) != 0);
        return error;
    }

    /// <summary>
    /// Removes what belongs to the connection the message came on (RFC 9110 §7.6.1): Connection and the fields it
    /// names, Keep-Alive, Proxy-Connection, Transfer-Encoding, Content-Length (the writer makes it from
    /// <see cref="BodyLength"/>), Upgrade unless kept, and TE, of which only "trailers" stays.
    /// </summary>
    public static void StripHopByHop(HttpFields fields, bool keepUpgrade)
    {
        if (fields.Has(KnownField.Connection))
        {
            RemoveNamed(fields);
        }

        ulong mask = keepUpgrade ? HopByHopMask : HopByHopMask | KnownFields.Bit(KnownField.Upgrade);
        if (fields.Has(KnownField.Te))
        {
            bool trailers = HasTrailers(fields);
            fields.Remove(KnownField.Te);
            if (trailers)
            {
                fields.Append(KnownField.Te, "trailers"u8);
            }
        }

        fields.RemoveKnown(mask);
    }

    /// <summary>One to nineteen plain digits below 2^63 (RFC 9110 §8.6).</summary>
    public static bool TryParseLength(ReadOnlySpan<byte> text, out long length)
    {
        length = 0;
        if (text.IsEmpty || text.Length > 19)
        {
            return false;
        }

        ulong value = 0;
        foreach (byte digit in text)
        {
            uint number = (uint)digit - '0';
            if (number > 9)
            {
                return false;
            }

            value = (value * 10) + number;
        }

        length = (long)value;
        return value < long.MaxValue;
    }

    // RFC 9112 §3.2: exactly one valid Host in HTTP/1.1, and the authority of an absolute form replaces it.
    private static ProtocolErrorCode CompleteAuthority(RequestHead head, in Http1ParseState state)
    {
        if (state.Hosts > 1)
        {
            return ProtocolErrorCode.RepeatedHost;
        }

        if (state.Hosts == 0)
        {
            if (head.Version == HttpVersion.Http11)
            {
                return ProtocolErrorCode.MissingHost;
            }
        }
        else if (!Http1Grammar.IsAuthority(head.Fields.Slice(state.Host)))
        {
            return ProtocolErrorCode.MalformedHost;
        }
        else if (!state.Absolute)
        {
            head.SetAuthorityRange(state.Host);
        }

        if (state.PathIsIncomplete)
        {
            CompletePath(head, state.PathToComplete);
        }

        return ProtocolErrorCode.None;
    }

    // RFC 9112 §3.2.4: OPTIONS of a bare authority is "*"; otherwise an empty path is "/".
    private static void CompletePath(RequestHead head, ByteRange query)
    {
        HttpFields fields = head.Fields;
        int start = fields.AppendBytes(head.Method == HttpMethod.Options && query.Length == 0 ? "*"u8 : "/"u8);
        fields.AppendBytes(fields.Slice(query));
        head.SetPathRange(new ByteRange(start, query.Length + 1));
    }

    private static ProtocolErrorCode RequestBody(RequestHead head, HttpFields fields)
    {
        if ((fields.KnownMask & FramingMask) == 0)
        {
            head.Body = BodyLength.None;
            return ProtocolErrorCode.None;
        }

        ProtocolErrorCode error = Framing(fields, head.Version, out BodyLength body);
        head.Body = body;
        return error == ProtocolErrorCode.None && head.Method == HttpMethod.Connect && !body.IsEmpty
            ? ProtocolErrorCode.BodyOnConnect
            : error;
    }

    private static ProtocolErrorCode ResponseBody(ResponseHead head, HttpMethod requestMethod, HttpFields fields)
    {
        int status = head.StatusCode;
        bool tunnel = requestMethod == HttpMethod.Connect && status is >= 200 and < 300;
        if (status < 200 || status is 204 or 304 || requestMethod == HttpMethod.Head || tunnel)
        {
            // No body whatever the fields claim (RFC 9112 §6.3); a length that is a fact about the body is kept.
            bool describes = status >= 200 && status != 204 && !tunnel && !fields.Has(KnownField.TransferEncoding);
            int index = fields.Find(KnownField.ContentLength);
            head.Body = describes && index >= 0 && fields.Find(KnownField.ContentLength, index + 1) < 0
                && TryParseLength(fields.Value(index), out long length)
                ? BodyLength.NoneDeclaring(length)
                : BodyLength.None;
            return ProtocolErrorCode.None;
        }

        if ((fields.KnownMask & FramingMask) == 0)
        {
            head.Body = BodyLength.UntilClose;
            return ProtocolErrorCode.None;
        }

        ProtocolErrorCode error = Framing(fields, head.Version, out BodyLength body);
        head.Body = body;
        return error;
    }

    // One framing or none: both together, several of one, or anything unusual is refused, never resolved.
    private static ProtocolErrorCode Framing(HttpFields fields, HttpVersion version, out BodyLength body)
    {
        body = default;
        int encoding = fields.Find(KnownField.TransferEncoding);
        int length = fields.Find(KnownField.ContentLength);
        if (encoding >= 0 && length >= 0)
        {
            return ProtocolErrorCode.ConflictingFraming;
        }

        if (length >= 0)
        {
            if (fields.Find(KnownField.ContentLength, length + 1) >= 0)
            {
                return ProtocolErrorCode.RepeatedContentLength;
            }

            if (!TryParseLength(fields.Value(length), out long bytes))
            {
                return ProtocolErrorCode.MalformedContentLength;
            }

            body = BodyLength.Counted(bytes);
            return ProtocolErrorCode.None;
        }

        if (version != HttpVersion.Http11)
        {
            return ProtocolErrorCode.TransferEncodingInHttp10;
        }

        body = BodyLength.Chunked;
        return fields.Find(KnownField.TransferEncoding, encoding + 1) < 0
            && Ascii.EqualsIgnoreCase(fields.Value(encoding), "chunked"u8)
            ? ProtocolErrorCode.None
            : TransferCodingFault(fields, encoding);
    }

    // Not a plain "chunked": 501 when it is a proper list of codings that ends in chunked, else 400.
    private static ProtocolErrorCode TransferCodingFault(HttpFields fields, int encoding)
    {
        int chunked = 0;
        int others = 0;
        bool last = false;
        for (int i = encoding; i >= 0; i = fields.Find(KnownField.TransferEncoding, i + 1))
        {
            ListReader list = new(fields.Value(i));
            while (list.TryRead(out ReadOnlySpan<byte> coding))
            {
                if (!Http1Grammar.IsToken(coding))
                {
                    return ProtocolErrorCode.MalformedTransferEncoding;
                }

                last = Ascii.EqualsIgnoreCase(coding, "chunked"u8);
                chunked += last ? 1 : 0;
                others += last ? 0 : 1;
            }
        }

        return chunked == 1 && last && others > 0
            ? ProtocolErrorCode.UnknownTransferCoding
            : ProtocolErrorCode.MalformedTransferEncoding;
    }

    // RFC 9110 §10.1.1: 100-continue or 417; in HTTP/1.0 the expectation is ignored.
    private static ProtocolErrorCode Expectation(RequestHead head, HttpFields fields, bool http11)
    {
        if (!http11)
        {
            return ProtocolErrorCode.None;
        }

        int index = fields.Find(KnownField.Expect);
        if (!Ascii.EqualsIgnoreCase(fields.Value(index), "100-continue"u8)
            || fields.Find(KnownField.Expect, index + 1) >= 0)
        {
            return ProtocolErrorCode.UnknownExpectation;
        }

        head.ExpectContinue = !head.Body.IsEmpty;
        return ProtocolErrorCode.None;
    }

    private static bool TryReadConnection(HttpFields fields, out ConnectionOptions options)
    {
        options = ConnectionOptions.None;
        int count = 0;
        for (int i = fields.Find(KnownField.Connection); i >= 0; i = fields.Find(KnownField.Connection, i + 1))
        {
            ListReader list = new(fields.Value(i));
            while (list.TryRead(out ReadOnlySpan<byte> option))
            {
                if (++count > ConnectionOptionsMax)
                {
                    return false;
                }

                if (option.IsEmpty)
                {
                    continue;
                }

                if (Ascii.EqualsIgnoreCase(option, "keep-alive"u8))
                {
                    options |= ConnectionOptions.KeepAlive;
                }
                else if (Ascii.EqualsIgnoreCase(option, "close"u8))
                {
                    options |= ConnectionOptions.Close;
                }
                else if (Ascii.EqualsIgnoreCase(option, "upgrade"u8))
                {
                    options |= ConnectionOptions.Upgrade;
                }
                else if (!Http1Grammar.IsToken(option))
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Fields named by Connection go, except the protected ones; a Connection line is read before any line is removed.
    private static void RemoveNamed(HttpFields fields)
    {
        for (int i = fields.Find(KnownField.Connection); i >= 0; i = fields.Find(KnownField.Connection))
        {
            ReadOnlySpan<byte> value = fields.Value(i);
            fields.RemoveAt(i);
            ListReader list = new(value);
            while (list.TryRead(out ReadOnlySpan<byte> option))
            {
                KnownField known = KnownFields.Parse(option);
                if (known == KnownField.None)
                {
                    RemoveUnknown(fields, option);
                }
                else if (known != KnownField.Connection && (KnownFields.Bit(known) & ProtectedMask) == 0)
                {
                    fields.Remove(known);
                }
            }
        }
    }

    // The usual options name no field of the message; skipping them saves a pass over the fields.
    private static void RemoveUnknown(HttpFields fields, ReadOnlySpan<byte> option)
    {
        if (!option.IsEmpty && !Ascii.EqualsIgnoreCase(option, "close"u8))
        {
            fields.Remove(option);
        }
    }

    private static bool HasTrailers(HttpFields fields)
    {
        for (int i = fields.Find(KnownField.Te); i >= 0; i = fields.Find(KnownField.Te, i + 1))
        {
            ListReader list = new(fields.Value(i));
            while (list.TryRead(out ReadOnlySpan<byte> coding))
            {
                if (Ascii.EqualsIgnoreCase(coding, "trailers"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsTokenList(ReadOnlySpan<byte> value)
    {
        ListReader list = new(value);
        while (list.TryRead(out ReadOnlySpan<byte> element))
        {
            // protocol-name ["/" protocol-version] (RFC 9110 §7.8).
            int slash = element.IndexOf((byte)'/');
            ReadOnlySpan<byte> name = slash < 0 ? element : element[..slash];
            if (!Http1Grammar.IsToken(name) || (slash >= 0 && !Http1Grammar.IsToken(element[(slash + 1)..])))
            {
                return false;
            }
        }

        return !value.IsEmpty;
    }
}

/// <summary>The elements of a comma-separated list without quoted strings, trimmed; empty ones included.</summary>
internal ref struct ListReader(ReadOnlySpan<byte> value)
{
    private ReadOnlySpan<byte> _rest = value;
    private bool _ended;

    /// <summary>The next element; false after the last.</summary>
    public bool TryRead(out ReadOnlySpan<byte> element)
    {
        if (_ended)
        {
            element = default;
            return false;
        }

        int comma = _rest.IndexOf((byte)',');
        element = Http1Grammar.Trim(comma < 0 ? _rest : _rest[..comma]);
        _ended = comma < 0;
        _rest = comma < 0 ? default : _rest[(comma + 1)..];
        return true;
    }
}
