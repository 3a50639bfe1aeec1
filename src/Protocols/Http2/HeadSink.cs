using System;
using System.Text;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http1;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Decodes a field block straight into a head, or into nothing, and checks it on the way: limits with each field, what
/// needs the whole head at the end. After a fault the rest is only counted, so that the compression state stays right
/// and an abusive block costs no memory.
/// </summary>
internal ref struct HeadSink : IHpackSink
{
    private readonly Http2Limits _limits;
    private readonly RequestHead? _request;
    private readonly ResponseHead? _response;
    private readonly HttpFields? _fields;
    private readonly Kind _kind;
    private ByteRange _host;
    private int _count;
    private int _bytes;
    private int _hosts;
    private int _cookies;
    private int _pseudoSeen;
    private bool _regularSeen;

    private HeadSink(Kind kind, Http2Limits limits, HttpFields? fields, RequestHead? request, ResponseHead? response)
    {
        _kind = kind;
        _limits = limits;
        _fields = fields;
        _request = request;
        _response = response;
        Priority = Http2Priority.Default;
    }

    private enum Kind : byte
    {
        Discard,
        Request,
        Response,
        Trailers,
    }

    /// <summary>The first fault of the block.</summary>
    public Http2Fault Fault { get; private set; }

    /// <summary>What the priority field says.</summary>
    public Http2Priority Priority { get; private set; }

    /// <summary>Content-Length, or -1.</summary>
    public long ContentLength { get; private set; } = -1;

    /// <summary>Counts and forgets.</summary>
    public static HeadSink Discard(Http2Limits limits) => new(Kind.Discard, limits, null, null, null);

    /// <summary>Fills a request head, which is cleared.</summary>
    public static HeadSink Into(RequestHead head, Http2Limits limits)
    {
        head.Clear();
        head.Version = HttpVersion.Http2;
        head.KeepAlive = true;
        return new HeadSink(Kind.Request, limits, head.Fields, head, null);
    }

    /// <summary>Fills a response head, which is cleared.</summary>
    public static HeadSink Into(ResponseHead head, Http2Limits limits)
    {
        head.Clear();
        head.Version = HttpVersion.Http2;
        head.KeepAlive = true;
        return new HeadSink(Kind.Response, limits, head.Fields, null, head);
    }

    /// <summary>Fills trailers, which are cleared.</summary>
    public static HeadSink Into(HttpFields trailers, Http2Limits limits)
    {
        trailers.Clear();
        return new HeadSink(Kind.Trailers, limits, trailers, null, null);
    }

    /// <inheritdoc/>
    public void Field(ReadOnlySpan<byte> joined, int nameLength, FieldTraits traits, bool isSensitive)
    {
        _count++;
        _bytes += joined.Length - HpackStaticTable.SeparatorBytes + HpackTable.EntryOverhead;
        if (Fault != Http2Fault.None)
        {
            return;
        }

        if (_count > _limits.FieldsMax || _bytes > _limits.HeaderListBytesMax)
        {
            Fault = _count > _limits.FieldsMax ? Http2Fault.TooManyFields : Http2Fault.HeaderListTooLarge;
        }
        else if (traits.Fault != Http2Fault.None)
        {
            Fault = _kind == Kind.Trailers && traits.Pseudo != PseudoField.None
                ? Http2Fault.PseudoFieldInTrailers
                : traits.Fault;
        }
        else if (_kind != Kind.Discard)
        {
            if (traits.Pseudo == PseudoField.None)
            {
                Regular(joined, nameLength, traits, isSensitive);
            }
            else
            {
                Fault = Pseudo(traits.Pseudo, joined[(nameLength + HpackStaticTable.SeparatorBytes)..]);
            }
        }
    }

    /// <summary>Checks a request that is decoded whole (RFC 9113 §8.3.1, §8.5, RFC 8441 §4).</summary>
    /// <param name="endStream">True when no DATA follows.</param>
    /// <param name="connectAllowed">True when this side enabled extended CONNECT.</param>
    public Http2Fault CompleteRequest(bool endStream, bool connectAllowed)
    {
        if (Fault != Http2Fault.None)
        {
            return Fault;
        }

        Http2Fault fault = PseudoSet(connectAllowed);
        fault = fault != Http2Fault.None ? fault : Authority();
        fault = fault != Http2Fault.None ? fault : Length(mayDescribe: false);
        if (fault != Http2Fault.None)
        {
            return fault;
        }

        RequestHead head = _request!;
        if (_cookies > 1)
        {
            _fields!.Join(KnownField.Cookie, "; "u8);
        }

        if (head.Method == HttpMethod.Connect)
        {
            // RFC 9110 §9.3.6: it has no content; DATA is what passes once it is accepted.
            ContentLength = -1;
            head.Body = BodyLength.None;
            return Http2Fault.None;
        }

        if (endStream && ContentLength > 0)
        {
            return Http2Fault.ContentLengthMismatch;
        }

        head.Body = Body(endStream);
        head.ExpectContinue = !endStream && _fields!.TryGet(KnownField.Expect, out ReadOnlySpan<byte> expect)
            && Ascii.EqualsIgnoreCase(expect, "100-continue"u8);
        return Http2Fault.None;
    }

    /// <summary>Checks a response that is decoded whole (RFC 9113 §8.3.2, §8.1, §8.6).</summary>
    /// <param name="endStream">True when no DATA follows.</param>
    /// <param name="request">The flags of the stream: what was asked decides about the body.</param>
    public Http2Fault CompleteResponse(bool endStream, StreamFlags request)
    {
        if (Fault != Http2Fault.None)
        {
            return Fault;
        }

        ResponseHead head = _response!;
        int status = head.StatusCode;
        if (status == 0)
        {
            return Http2Fault.MissingPseudoField;
        }

        if (status < 200)
        {
            return status == 101 || endStream ? Http2Fault.MalformedInterimResponse : Http2Fault.None;
        }

        bool isTunnel = (request & StreamFlags.Connect) != 0 && status < 300;
        bool describes = (request & StreamFlags.NoBody) != 0 || status == 304;
        Http2Fault fault = Length(describes || isTunnel);
        if (fault != Http2Fault.None)
        {
            return fault;
        }

        if (isTunnel || status == 204)
        {
            ContentLength = -1;
        }

        if (describes || (status == 204 && !isTunnel))
        {
            head.Body = ContentLength >= 0 ? BodyLength.NoneDeclaring(ContentLength) : BodyLength.None;
            ContentLength = 0;
            return Http2Fault.None;
        }

        if (endStream && ContentLength > 0)
        {
            return Http2Fault.ContentLengthMismatch;
        }

        head.Body = Body(endStream);
        return Http2Fault.None;
    }

    private void Regular(ReadOnlySpan<byte> joined, int nameLength, FieldTraits traits, bool isSensitive)
    {
        _regularSeen = true;
        HttpFields fields = _fields!;
        switch (traits.Known)
        {
            case KnownField.Host when _kind == Kind.Request:
                int valueLength = joined.Length - nameLength - HpackStaticTable.SeparatorBytes;
                _hosts++;
                _host = new ByteRange(fields.AppendBytes(joined[^valueLength..]), valueLength);
                return;
            case KnownField.Cookie:
                _cookies++;
                break;
            case KnownField.None when nameLength == 8 && joined.StartsWith("priority"u8):
                Priority = Http2Priority.Parse(joined[(nameLength + HpackStaticTable.SeparatorBytes)..]);
                break;
            default:
                break;
        }

        if (_kind == Kind.Trailers && (KnownFields.Bit(traits.Known) & TrailerLines.Forbidden) != 0)
        {
            Fault = Http2Fault.ForbiddenTrailer;
            return;
        }

        fields.AppendJoined(joined, nameLength, traits.Known, isSensitive);
    }

    private Http2Fault Pseudo(PseudoField pseudo, ReadOnlySpan<byte> value)
    {
        if (_kind == Kind.Trailers)
        {
            return Http2Fault.PseudoFieldInTrailers;
        }

        if ((pseudo == PseudoField.Status) != (_kind == Kind.Response))
        {
            return Http2Fault.UnknownPseudoField;
        }

        if (_regularSeen)
        {
            return Http2Fault.LatePseudoField;
        }

        int bit = 1 << (int)pseudo;
        if ((_pseudoSeen & bit) != 0)
        {
            return Http2Fault.RepeatedPseudoField;
        }

        _pseudoSeen |= bit;
        switch (pseudo)
        {
            case PseudoField.Method:
                _request!.SetMethod(value);
                break;
            case PseudoField.Scheme:
                _request!.SetScheme(value);
                break;
            case PseudoField.Authority:
                _request!.SetAuthorityRange(new ByteRange(_fields!.AppendBytes(value), value.Length));
                break;
            case PseudoField.Path:
                _request!.SetPathRange(new ByteRange(_fields!.AppendBytes(value), value.Length));
                break;
            case PseudoField.Protocol:
                _request!.SetUpgrade(value);
                break;
            default:
                _response!.StatusCode = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + value[2] - '0';
                break;
        }

        return Http2Fault.None;
    }

    private readonly bool Seen(PseudoField pseudo) => (_pseudoSeen & (1 << (int)pseudo)) != 0;

    private readonly Http2Fault PseudoSet(bool connectAllowed)
    {
        RequestHead head = _request!;
        if (!Seen(PseudoField.Method))
        {
            return Http2Fault.MissingPseudoField;
        }

        bool both = Seen(PseudoField.Scheme) && Seen(PseudoField.Path);
        if (head.Method == HttpMethod.Connect)
        {
            if (Seen(PseudoField.Protocol))
            {
                return !connectAllowed ? Http2Fault.ConnectProtocolNotEnabled
                    : both && Seen(PseudoField.Authority) && head.Path[0] == '/' ? Http2Fault.None
                    : Http2Fault.MalformedConnect;
            }

            return !Seen(PseudoField.Scheme) && !Seen(PseudoField.Path)
                && Http1Grammar.IsAuthority(head.Authority, portRequired: true)
                ? Http2Fault.None
                : Http2Fault.MalformedConnect;
        }

        if (Seen(PseudoField.Protocol))
        {
            return Http2Fault.MalformedConnect;
        }

        if (!both)
        {
            return Http2Fault.MissingPseudoField;
        }

        return head.Path[0] != '/' && head.Method != HttpMethod.Options
            ? Http2Fault.MalformedPseudoField
            : Http2Fault.None;
    }

    // RFC 9113 §8.3.1: Host may stand in for :authority, and must not contradict it.
    private readonly Http2Fault Authority()
    {
        if (_hosts == 0)
        {
            return Seen(PseudoField.Authority) ? Http2Fault.None : Http2Fault.MissingPseudoField;
        }

        ReadOnlySpan<byte> host = _fields!.Slice(_host);
        if (_hosts > 1 || !Http1Grammar.IsAuthority(host))
        {
            return Http2Fault.ConflictingAuthority;
        }

        if (!Seen(PseudoField.Authority))
        {
            _request!.SetAuthorityRange(_host);
            return Http2Fault.None;
        }

        return Ascii.EqualsIgnoreCase(host, _request!.Authority) ? Http2Fault.None : Http2Fault.ConflictingAuthority;
    }

    // RFC 9110 §8.6. A length that only describes a body that is not sent is dropped when it is malformed.
    private Http2Fault Length(bool mayDescribe)
    {
        HttpFields fields = _fields!;
        int index = fields.Find(KnownField.ContentLength);
        if (index < 0)
        {
            return Http2Fault.None;
        }

        if (fields.Find(KnownField.ContentLength, index + 1) < 0
            && Http1Framing.TryParseLength(fields.Value(index), out long length))
        {
            ContentLength = length;
            return Http2Fault.None;
        }

        return mayDescribe ? Http2Fault.None : Http2Fault.MalformedContentLength;
    }

    private readonly BodyLength Body(bool endStream) =>
        endStream ? (ContentLength == 0 ? BodyLength.Counted(0) : BodyLength.None)
            : ContentLength >= 0 ? BodyLength.EndStreamDeclaring(ContentLength)
            : BodyLength.EndStream;
}
