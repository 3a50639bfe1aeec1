using System;
using System.Diagnostics;
using FastMesh.Protocols.Http1;

namespace FastMesh.Protocols.Hpack;

/// <summary>
/// Encodes field blocks (RFC 7541): the encoding half of a connection's compression. Fields that repeat become one
/// byte; a field is looked up by the hash of its name and value in chains through the table.
/// </summary>
/// <remarks>
/// <code>
/// heads  one per bucket: sequence number + 1 of the newest entry, 0 for none
/// links  one per place of the table's ring: hash, and the entry before it in the same bucket
/// </code>
/// A link to an evicted entry ends its chain, so eviction touches neither. What is worth a place in the table, and what
/// must never be in one, is <see cref="HpackPolicy"/>.
/// </remarks>
internal sealed class HpackEncoder
{
    /// <summary>
    /// What a field may cost beyond name and value: the pattern with an index or a length, and two lengths.
    /// </summary>
    public const int FieldOverheadMax = 2 * HpackInteger.BytesMax;

    /// <summary>What the table size updates at the start of a block may cost.</summary>
    public const int UpdateBytesMax = 2 * HpackInteger.BytesMax;

    // About as many as entries of usual size fit into 4096 bytes.
    private const int Buckets = 64;

    private readonly HpackTable _table = new();
    private readonly int _sizeWish;
    private uint[] _fieldHeads = [];
    private uint[] _nameHeads = [];
    private Link[] _links = [];
    private int _smallestPending;
    private bool _updatePending;

    /// <summary>Makes an encoder; the peer allows 4096 bytes until its SETTINGS say otherwise.</summary>
    /// <param name="sizeWish">Bytes of table that are used when the peer allows them.</param>
    public HpackEncoder(int sizeWish)
    {
        _sizeWish = sizeWish;
        _table.Resize(Math.Min(sizeWish, DefaultTableBytes));
        _updatePending = sizeWish < DefaultTableBytes;
        _smallestPending = _table.SizeMax;
    }

    /// <summary>The table size before any SETTINGS (RFC 9113 §6.5.2).</summary>
    public const int DefaultTableBytes = 4096;

    /// <summary>The dynamic table.</summary>
    public HpackTable Table => _table;

    /// <summary>The peer's SETTINGS_HEADER_TABLE_SIZE. The next block says what becomes of it.</summary>
    public void SetPeerLimit(int sizeLimit) => ResizeTo(Math.Min(sizeLimit, _sizeWish));

    /// <summary>
    /// Gives the table's memory back: the next block empties the peer's copy first. For a connection that is idle.
    /// </summary>
    public void Trim()
    {
        if (_table.Count != 0)
        {
            Abandon();
        }
    }

    /// <summary>
    /// Forgets a block that was encoded and is not sent: the next one empties the peer's table first.
    /// </summary>
    public void Abandon()
    {
        _table.Clear();
        _fieldHeads = [];
        _nameHeads = [];
        _links = [];
        _smallestPending = 0;
        _updatePending = true;
    }

    /// <summary>
    /// True when a value of the block has a control byte. The block must not be sent: see <see cref="Abandon"/>.
    /// </summary>
    public bool IsBroken { get; private set; }

    /// <summary>Begins a block; returns the offset behind the table size updates (RFC 7541 §4.2).</summary>
    public int Begin(Span<byte> destination, int at)
    {
        IsBroken = false;
        if (!_updatePending)
        {
            return at;
        }

        _updatePending = false;
        if (_smallestPending < _table.SizeMax)
        {
            at = HpackInteger.Encode(destination, at, 0x20, 5, _smallestPending);
        }

        return HpackInteger.Encode(destination, at, 0x20, 5, _table.SizeMax);
    }

    /// <summary>Writes a field of the static table.</summary>
    public static int Static(Span<byte> destination, int at, int index)
    {
        destination[at] = (byte)(0x80 | index);
        return at + 1;
    }

    /// <summary>Writes a known field.</summary>
    public int Field(Span<byte> destination, int at, KnownField field, ReadOnlySpan<byte> value, bool isSensitive)
    {
        Indexing indexing = isSensitive ? Indexing.Never : HpackPolicy.Of(field, value);
        int nameIndex = HpackStaticTable.Find(field);
        if (nameIndex == HpackStaticTable.AcceptEncodingGzipDeflate && value.SequenceEqual("gzip, deflate"u8))
        {
            return Static(destination, at, nameIndex);
        }

        return Field(destination, at, KnownFields.Name(field), HpackPolicy.NameHash(field), value, indexing, nameIndex);
    }

    /// <summary>Writes a field by its name, which is in lower case.</summary>
    public int Field(Span<byte> destination, int at, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value,
        bool isSensitive)
    {
        uint hash = HpackHash.Of(name);
        int nameIndex = HpackStaticTable.Find(name, hash);
        Indexing indexing = isSensitive ? Indexing.Never : HpackPolicy.OfStatic(nameIndex);
        return Field(destination, at, name, hash, value, indexing, nameIndex);
    }

    /// <summary>Writes a pseudo-header field whose name has a static index.</summary>
    public int Pseudo(Span<byte> destination, int at, int nameIndex, ReadOnlySpan<byte> value, Indexing indexing)
    {
        ReadOnlySpan<byte> name = HpackStaticTable.Name(nameIndex);
        return Field(destination, at, name, (uint)nameIndex, value, indexing, nameIndex);
    }

    private int Field(Span<byte> destination, int at, ReadOnlySpan<byte> name, uint nameHash, ReadOnlySpan<byte> value,
        Indexing indexing, int nameIndex)
    {
        // A field that fills most of the table would drive all others out.
        bool isIndexed = indexing == Indexing.Yes
            && name.Length + value.Length + HpackTable.EntryOverhead <= _table.SizeMax - (_table.SizeMax >> 2);
        if (isIndexed)
        {
            uint hash = HpackHash.Combine(nameHash, HpackHash.Of(value));
            int found = FindField(hash, name, value);
            if (found != 0)
            {
                return HpackInteger.Encode(destination, at, 0x80, 7, found);
            }

            nameIndex = nameIndex != 0 ? nameIndex : FindName(nameHash, name);
            at = HpackInteger.Encode(destination, at, 0x40, 6, nameIndex);
            Add(hash, nameHash, name, value);
        }
        else
        {
            nameIndex = nameIndex != 0 ? nameIndex : FindName(nameHash, name);
            at = HpackInteger.Encode(destination, at, indexing == Indexing.Never ? (byte)0x10 : (byte)0, 4, nameIndex);
        }

        if (nameIndex == 0)
        {
            at = String(destination, at, name);
        }

        // What is in the table was looked at when it came there.
        IsBroken |= !Http1Grammar.IsFieldValue(value);
        return String(destination, at, value);
    }

    // RFC 7541 §5.2: Huffman when it is shorter.
    private static int String(Span<byte> destination, int at, ReadOnlySpan<byte> text)
    {
        int encoded = Huffman.EncodedBytes(text);
        if (encoded < text.Length)
        {
            at = HpackInteger.Encode(destination, at, 0x80, 7, encoded);
            return Huffman.Encode(text, destination, at);
        }

        at = HpackInteger.Encode(destination, at, 0, 7, text.Length);
        text.CopyTo(destination[at..]);
        return at + text.Length;
    }

    private int FindField(uint hash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_table.Count == 0)
        {
            return 0;
        }

        for (uint link = _fieldHeads[hash % Buckets]; IsLive(link); link = LinkOf(link).FieldBefore)
        {
            if (LinkOf(link).FieldHash == hash && _table.IsField(link - 1, name, value))
            {
                return IndexOf(link);
            }
        }

        return 0;
    }

    private int FindName(uint hash, ReadOnlySpan<byte> name)
    {
        if (_table.Count == 0)
        {
            return 0;
        }

        for (uint link = _nameHeads[hash % Buckets]; IsLive(link); link = LinkOf(link).NameBefore)
        {
            if (LinkOf(link).NameHash == hash && _table.IsName(link - 1, name))
            {
                return IndexOf(link);
            }
        }

        return 0;
    }

    private void Add(uint hash, uint nameHash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        uint sequence = _table.Next;
        bool added = _table.Add(name, value, default);
        Debug.Assert(added, "a field that fits was looked up");
        if (_fieldHeads.Length == 0)
        {
            _fieldHeads = new uint[Buckets];
            _nameHeads = new uint[Buckets];
        }

        if (_links.Length < _table.RingLength)
        {
            GrowLinks();
        }

        ref Link link = ref _links[sequence & (uint)(_links.Length - 1)];
        link.FieldHash = hash;
        link.NameHash = nameHash;
        link.FieldBefore = _fieldHeads[hash % Buckets];
        link.NameBefore = _nameHeads[nameHash % Buckets];
        _fieldHeads[hash % Buckets] = sequence + 1;
        _nameHeads[nameHash % Buckets] = sequence + 1;
    }

    private void GrowLinks()
    {
        Link[] grown = new Link[_table.RingLength];
        for (uint sequence = _table.Oldest; sequence != _table.Next - 1; sequence++)
        {
            grown[sequence & (uint)(grown.Length - 1)] = _links[sequence & (uint)(_links.Length - 1)];
        }

        _links = grown;
    }

    private ref Link LinkOf(uint link) => ref _links[(link - 1) & (uint)(_links.Length - 1)];

    // Sequence numbers only grow; 0 minus 1 is as far from the oldest as can be.
    private bool IsLive(uint link) => link != 0 && link - 1 - _table.Oldest < (uint)_table.Count;

    private int IndexOf(uint link) => HpackStaticTable.Count + (int)(_table.Next - (link - 1));

    private void ResizeTo(int size)
    {
        if (size == _table.SizeMax && !_updatePending)
        {
            return;
        }

        _smallestPending = _updatePending ? Math.Min(_smallestPending, size) : size;
        _updatePending = true;
        _table.Resize(size);
    }

    private struct Link
    {
        public uint FieldHash;
        public uint NameHash;
        public uint FieldBefore;
        public uint NameBefore;
    }
}
