using System;

namespace FastMesh.Protocols.Hpack;

/// <summary>
/// The 61 fields of RFC 7541 Appendix A, as one block: "name: value" each, like <see cref="HpackTable"/> keeps them.
/// </summary>
internal static class HpackStaticTable
{
    /// <summary>The last static index; the first is 1.</summary>
    public const int Count = 61;

    /// <summary>Bytes between a name and its value in a joined field.</summary>
    public const int SeparatorBytes = 2;

    /// <summary>Index of <c>:authority</c>.</summary>
    public const int Authority = 1;

    /// <summary>Index of <c>:method GET</c>; <c>POST</c> follows.</summary>
    public const int MethodGet = 2;

    /// <summary>Index of <c>:path /</c>.</summary>
    public const int PathRoot = 4;

    /// <summary>Index of <c>:scheme http</c>; <c>https</c> follows.</summary>
    public const int SchemeHttp = 6;

    /// <summary>Index of <c>:status 200</c>; 204, 206, 304, 400, 404 and 500 follow.</summary>
    public const int Status200 = 8;

    /// <summary>Index of <c>accept-encoding: gzip, deflate</c>.</summary>
    public const int AcceptEncodingGzipDeflate = 16;

    private const int NameSlots = 256;

    private const string Fields =
        ":authority|;:method|GET;:method|POST;:path|/;:path|/index.html;:scheme|http;:scheme|https;:status|200;"
        + ":status|204;:status|206;:status|304;:status|400;:status|404;:status|500;accept-charset|;"
        + "accept-encoding|gzip, deflate;accept-language|;accept-ranges|;accept|;access-control-allow-origin|;age|;"
        + "allow|;authorization|;cache-control|;content-disposition|;content-encoding|;content-language|;"
        + "content-length|;content-location|;content-range|;content-type|;cookie|;date|;etag|;expect|;expires|;from|;"
        + "host|;if-match|;if-modified-since|;if-none-match|;if-range|;if-unmodified-since|;last-modified|;link|;"
        + "location|;max-forwards|;proxy-authenticate|;proxy-authorization|;range|;referer|;refresh|;retry-after|;"
        + "server|;set-cookie|;strict-transport-security|;transfer-encoding|;user-agent|;vary|;via|;www-authenticate|";

    private static readonly Entry[] s_entries = new Entry[Count + 1];
    private static readonly byte[] s_block = BuildBlock();
    private static readonly byte[] s_byKnown = BuildByKnown();
    private static readonly byte[] s_byHash = BuildByHash();

    /// <summary>"name: value" of an index.</summary>
    public static ReadOnlySpan<byte> Joined(int index)
    {
        ref readonly Entry entry = ref s_entries[index];
        return s_block.AsSpan(entry.Start, entry.Length);
    }

    /// <summary>Bytes of the name of an index.</summary>
    public static int NameLength(int index) => s_entries[index].NameLength;

    /// <summary>The name of an index.</summary>
    public static ReadOnlySpan<byte> Name(int index) => Joined(index)[..NameLength(index)];

    /// <summary>What the field of an index is.</summary>
    public static FieldTraits Traits(int index) => s_entries[index].Traits;

    /// <summary>The index of a known field's name, or 0.</summary>
    public static int Find(KnownField field) => s_byKnown[(int)field];

    /// <summary>The index of a regular field's name, or 0; the name is in lower case.</summary>
    public static int Find(ReadOnlySpan<byte> name, uint hash)
    {
        for (uint slot = hash % NameSlots; s_byHash[slot] != 0; slot = (slot + 1) % NameSlots)
        {
            if (Name(s_byHash[slot]).SequenceEqual(name))
            {
                return s_byHash[slot];
            }
        }

        return 0;
    }

    private static byte[] BuildBlock()
    {
        string[] fields = Fields.Split(';');
        byte[] block = new byte[Fields.Length * 2];
        int at = 0;
        for (int i = 0; i < fields.Length; i++)
        {
            string field = fields[i];
            int nameLength = field.IndexOf('|', StringComparison.Ordinal);
            Span<byte> joined = block.AsSpan(at, field.Length + SeparatorBytes - 1);
            System.Text.Ascii.FromUtf16(field.AsSpan(0, nameLength), joined, out _);
            joined[nameLength] = (byte)':';
            joined[nameLength + 1] = (byte)' ';
            System.Text.Ascii.FromUtf16(field.AsSpan(nameLength + 1), joined[(nameLength + SeparatorBytes)..], out _);
            FieldTraits traits =
                FieldTraits.Of(joined[..nameLength], joined[(nameLength + SeparatorBytes)..]);
            s_entries[i + 1] = new Entry(at, joined.Length, nameLength, traits);
            at += joined.Length;
        }

        return block;
    }

    private static byte[] BuildByKnown()
    {
        byte[] indexes = new byte[KnownFields.Count];
        for (int index = Count; index > 0; index--)
        {
            indexes[(int)s_entries[index].Traits.Known] = (byte)index;
        }

        indexes[(int)KnownField.None] = 0;
        return indexes;
    }

    // Open addressing; of fields with one name, the first is in it.
    private static byte[] BuildByHash()
    {
        byte[] indexes = new byte[NameSlots];
        for (int index = 1; index <= Count; index++)
        {
            uint slot = HpackHash.Of(Name(index)) % NameSlots;
            while (indexes[slot] != 0 && !Name(indexes[slot]).SequenceEqual(Name(index)))
            {
                slot = (slot + 1) % NameSlots;
            }

            indexes[slot] = indexes[slot] == 0 ? (byte)index : indexes[slot];
        }

        return indexes;
    }

    private readonly record struct Entry(int Start, int Length, int NameLength, FieldTraits Traits);
}
