using System;

namespace FastMesh.Protocols.Hpack;

/// <summary>How a literal is represented (RFC 7541 §6.2).</summary>
internal enum Indexing : byte
{
    /// <summary>It gets a place in the table.</summary>
    Yes,

    /// <summary>It gets none: it rarely repeats.</summary>
    No,

    /// <summary>Nobody on the way may index it (RFC 7541 §7.1.3).</summary>
    Never,
}

/// <summary>Which fields are worth a place in the encoder's table, and which must never be in one.</summary>
/// <remarks>
/// A connection to an upstream carries requests of many clients, so a table entry of one can be probed by another
/// (RFC 7541 §7.1). Credentials are never indexed; a cookie is never indexed while it is short enough to be guessed and
/// gets no place otherwise. What differs from message to message would only drive out what repeats.
/// </remarks>
internal static class HpackPolicy
{
    /// <summary>A cookie below this length could be guessed byte by byte.</summary>
    public const int ShortCookieBytes = 20;

    private static readonly ulong s_never = KnownFields.Mask(KnownField.Authorization, KnownField.ProxyAuthorization);

    private static readonly ulong s_cookies = KnownFields.Mask(KnownField.Cookie, KnownField.SetCookie);

    private static readonly ulong s_changing = KnownFields.Mask(KnownField.ContentLength, KnownField.ContentRange,
        KnownField.Location, KnownField.Range, KnownField.XRequestId, KnownField.Traceparent, KnownField.Tracestate,
        KnownField.B3, KnownField.XB3Traceid, KnownField.XForwardedFor, KnownField.Forwarded, KnownField.GrpcTimeout,
        KnownField.XForwardedClientCert, KnownField.XEnvoyUpstreamServiceTime, KnownField.XEnvoyOriginalPath,
        KnownField.XEnvoyExternalAddress, KnownField.XEnvoyExpectedRqTimeoutMs);

    private static readonly bool[] s_staticChanges = BuildStatic();

    private static readonly uint[] s_nameHashes = BuildHashes();

    /// <summary>How a known field is represented.</summary>
    public static Indexing Of(KnownField field, ReadOnlySpan<byte> value)
    {
        ulong bit = KnownFields.Bit(field);
        if ((bit & (s_never | s_cookies | s_changing)) == 0)
        {
            return Indexing.Yes;
        }

        bool isSecret = (bit & s_never) != 0 || ((bit & s_cookies) != 0 && value.Length < ShortCookieBytes);
        return isSecret ? Indexing.Never : Indexing.No;
    }

    /// <summary>How a field that the proxy does not know is represented; 0 for a name without static index.</summary>
    public static Indexing OfStatic(int nameIndex) => s_staticChanges[nameIndex] ? Indexing.No : Indexing.Yes;

    /// <summary>The hash of a known field's name.</summary>
    public static uint NameHash(KnownField field) => s_nameHashes[(int)field];

    private static bool[] BuildStatic()
    {
        bool[] changes = new bool[HpackStaticTable.Count + 1];
        ReadOnlySpan<byte> names = "age\netag\nif-match\nif-modified-since\nif-none-match\nif-range\n"u8
            + "if-unmodified-since\nlast-modified\n"u8;
        while (!names.IsEmpty)
        {
            int length = names.IndexOf((byte)'\n');
            ReadOnlySpan<byte> name = names[..length];
            changes[HpackStaticTable.Find(name, HpackHash.Of(name))] = true;
            names = names[(length + 1)..];
        }

        changes[0] = false;
        return changes;
    }

    private static uint[] BuildHashes()
    {
        uint[] hashes = new uint[KnownFields.Count];
        for (int i = 1; i < hashes.Length; i++)
        {
            hashes[i] = HpackHash.Of(KnownFields.Name((KnownField)i));
        }

        return hashes;
    }
}
