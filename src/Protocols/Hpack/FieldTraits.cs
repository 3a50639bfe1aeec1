using System;
using System.Buffers;
using FastMesh.Protocols.Http1;
using FastMesh.Protocols.Http2;

namespace FastMesh.Protocols.Hpack;

/// <summary>Which pseudo-header field a name is (RFC 9113 §8.3, RFC 8441 §4).</summary>
internal enum PseudoField : byte
{
    /// <summary>A regular field.</summary>
    None,

    /// <summary><c>:method</c>.</summary>
    Method,

    /// <summary><c>:scheme</c>.</summary>
    Scheme,

    /// <summary><c>:authority</c>.</summary>
    Authority,

    /// <summary><c>:path</c>.</summary>
    Path,

    /// <summary><c>:protocol</c>.</summary>
    Protocol,

    /// <summary><c>:status</c>.</summary>
    Status,

    /// <summary>Any other name that begins with a colon.</summary>
    Unknown,
}

/// <summary>
/// What is known about a field once it has been looked at: kept with a table entry, so that a reference to the entry
/// is never validated again.
/// </summary>
/// <param name="Known">The field, when the proxy knows it.</param>
/// <param name="Pseudo">The pseudo-header field, when it is one.</param>
/// <param name="NameFault">What is wrong with the name alone.</param>
/// <param name="Fault">What is wrong with name or value; none for a valid field.</param>
internal readonly record struct FieldTraits(
    KnownField Known, PseudoField Pseudo, Http2Fault NameFault, Http2Fault Fault)
{
    // tchar without upper case (RFC 9113 §8.2.1, RFC 9110 §5.6.2).
    private static readonly SearchValues<byte> s_nameBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> s_schemeBytes =
        SearchValues.Create("+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly ulong s_connectionMask = KnownFields.Mask(KnownField.Connection, KnownField.KeepAlive,
        KnownField.ProxyConnection, KnownField.TransferEncoding, KnownField.Upgrade);

    /// <summary>Looks at a name and at a value.</summary>
    public static FieldTraits Of(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => OfName(name).WithValue(value);

    /// <summary>Looks at a name; the fault is that of the name.</summary>
    public static FieldTraits OfName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return Broken(Http2Fault.EmptyFieldName);
        }

        if (name[0] == ':')
        {
            PseudoField pseudo = ParsePseudo(name);
            Http2Fault fault = pseudo == PseudoField.Unknown ? Http2Fault.UnknownPseudoField : Http2Fault.None;
            return new FieldTraits(KnownField.None, pseudo, fault, fault);
        }

        if (name.IndexOfAnyExcept(s_nameBytes) >= 0 || name.Length > HttpFields.NameLengthMax)
        {
            return Broken(Http2Fault.MalformedFieldName);
        }

        KnownField known = KnownFields.Parse(name);
        Http2Fault specific = (KnownFields.Bit(known) & s_connectionMask) != 0
            ? Http2Fault.ConnectionSpecificField
            : Http2Fault.None;
        return new FieldTraits(known, PseudoField.None, specific, specific);
    }

    /// <summary>The same name with a value that is looked at now.</summary>
    public FieldTraits WithValue(ReadOnlySpan<byte> value)
    {
        Http2Fault fault = NameFault;
        if (fault == Http2Fault.None)
        {
            fault = Pseudo == PseudoField.None ? RegularFault(value) : PseudoFault(value);
        }

        return this with { Fault = fault };
    }

    private static FieldTraits Broken(Http2Fault fault) => new(KnownField.None, PseudoField.None, fault, fault);

    private static PseudoField ParsePseudo(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual(":path"u8) => PseudoField.Path,
        7 when name.SequenceEqual(":method"u8) => PseudoField.Method,
        7 when name.SequenceEqual(":scheme"u8) => PseudoField.Scheme,
        7 when name.SequenceEqual(":status"u8) => PseudoField.Status,
        9 when name.SequenceEqual(":protocol"u8) => PseudoField.Protocol,
        10 when name.SequenceEqual(":authority"u8) => PseudoField.Authority,
        _ => PseudoField.Unknown,
    };

    // RFC 9113 §8.2.1: no NUL, CR, LF (nor any other control but HTAB), no white space at the ends. §8.2.2: TE.
    private Http2Fault RegularFault(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return Known == KnownField.Te ? Http2Fault.ConnectionSpecificField : Http2Fault.None;
        }

        if (!Http1Grammar.IsFieldValue(value) || IsWhite(value[0]) || IsWhite(value[^1]))
        {
            return Http2Fault.MalformedFieldValue;
        }

        return Known == KnownField.Te && !value.SequenceEqual("trailers"u8)
            ? Http2Fault.ConnectionSpecificField
            : Http2Fault.None;
    }

    // RFC 9113 §8.3.1 and §8.3.2; what depends on other fields is checked when the head is complete.
    private Http2Fault PseudoFault(ReadOnlySpan<byte> value)
    {
        bool valid = Pseudo switch
        {
            PseudoField.Method => Http1Grammar.IsToken(value) && value.Length <= Http1Limits.Default.MethodBytesMax,
            PseudoField.Scheme => !value.IsEmpty && char.IsAsciiLetter((char)value[0])
                && value.IndexOfAnyExcept(s_schemeBytes) < 0,
            PseudoField.Authority => Http1Grammar.IsAuthority(value),
            PseudoField.Path => !value.IsEmpty && Http1Grammar.IsTarget(value)
                && (value[0] == '/' || (value.Length == 1 && value[0] == '*')),
            PseudoField.Protocol => Http1Grammar.IsToken(value),
            PseudoField.Status => value.Length == 3 && value[0] is >= (byte)'1' and <= (byte)'9'
                && char.IsAsciiDigit((char)value[1]) && char.IsAsciiDigit((char)value[2]),
            _ => false,
        };
        return valid ? Http2Fault.None : Http2Fault.MalformedPseudoField;
    }

    private static bool IsWhite(byte value) => value is (byte)' ' or (byte)'\t';
}
