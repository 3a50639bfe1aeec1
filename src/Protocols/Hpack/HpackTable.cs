using System;
using System.Diagnostics;

namespace FastMesh.Protocols.Hpack;

/// <summary>
/// A dynamic table (RFC 7541 §2.3.2 and §4): fields in the order they came, the oldest leave first.
/// </summary>
/// <remarks>
/// <code>
/// bytes  | evicted ... | name: value | name: value | name: value | free |
///                       oldest                       newest
/// ring   entries by sequence number modulo its size: where the bytes lie, and what the field is
/// </code>
/// Both arrays begin empty and grow with what the table holds: a connection that sends little holds little. Entries are
/// joined as "name: value", which is how <see cref="HttpFields"/> likes them best. Spans given out are valid until the
/// next change.
/// </remarks>
internal sealed class HpackTable
{
    /// <summary>What an entry costs besides its bytes (RFC 7541 §4.1).</summary>
    public const int EntryOverhead = 32;

    private const int FirstBytes = 256;
    private const int FirstEntries = 8;

    private byte[] _bytes = [];
    private Entry[] _ring = [];
    private int _end;
    private uint _oldest;
    private uint _next;

    /// <summary>Sum of the sizes of all entries, overhead included.</summary>
    public int Size { get; private set; }

    /// <summary>What the sum may be at most; see <see cref="Resize"/>.</summary>
    public int SizeMax { get; private set; }

    /// <summary>Number of entries.</summary>
    public int Count => (int)(_next - _oldest);

    /// <summary>The sequence number of the oldest entry.</summary>
    public uint Oldest => _oldest;

    /// <summary>The sequence number that the next entry gets.</summary>
    public uint Next => _next;

    /// <summary>Places of the ring; a power of two, or zero.</summary>
    public int RingLength => _ring.Length;

    /// <summary>Bytes that the table holds in memory.</summary>
    public int HeldBytes => _bytes.Length + (_ring.Length * 16);

    /// <summary>The entry with this sequence number, joined.</summary>
    public ReadOnlySpan<byte> Joined(uint sequence, out int nameLength, out FieldTraits traits)
    {
        ref readonly Entry entry = ref At(sequence);
        nameLength = entry.NameLength;
        traits = entry.Traits;
        return _bytes.AsSpan(entry.Start, entry.Length);
    }

    /// <summary>True when the entry with this sequence number is this field.</summary>
    public bool IsField(uint sequence, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ref readonly Entry entry = ref At(sequence);
        ReadOnlySpan<byte> joined = _bytes.AsSpan(entry.Start, entry.Length);
        return entry.NameLength == name.Length
            && joined.Length == name.Length + HpackStaticTable.SeparatorBytes + value.Length
            && joined[..name.Length].SequenceEqual(name)
            && joined[(name.Length + HpackStaticTable.SeparatorBytes)..].SequenceEqual(value);
    }

    /// <summary>True when the entry with this sequence number has this name.</summary>
    public bool IsName(uint sequence, ReadOnlySpan<byte> name)
    {
        ref readonly Entry entry = ref At(sequence);
        return _bytes.AsSpan(entry.Start, entry.NameLength).SequenceEqual(name);
    }

    /// <summary>
    /// Adds a field that does not lie in this table. False when it is larger than the table, which then is empty
    /// (RFC 7541 §4.4).
    /// </summary>
    public bool Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, FieldTraits traits)
    {
        int size = name.Length + value.Length + EntryOverhead;
        if (size > SizeMax)
        {
            Clear();
            return false;
        }

        Evict(SizeMax - size);
        int length = name.Length + HpackStaticTable.SeparatorBytes + value.Length;
        MakeRoom(length);
        Span<byte> joined = _bytes.AsSpan(_end, length);
        name.CopyTo(joined);
        joined[name.Length] = (byte)':';
        joined[name.Length + 1] = (byte)' ';
        value.CopyTo(joined[(name.Length + HpackStaticTable.SeparatorBytes)..]);
        ref Entry entry = ref _ring[_next & (uint)(_ring.Length - 1)];
        entry.Start = _end;
        entry.Length = length;
        entry.NameLength = name.Length;
        entry.Traits = traits;
        _end += length;
        _next++;
        Size += size;
        return true;
    }

    /// <summary>Changes the limit and evicts what is above it (RFC 7541 §4.3).</summary>
    public void Resize(int sizeMax)
    {
        Debug.Assert(sizeMax >= 0, "a table has no negative size");
        SizeMax = sizeMax;
        Evict(sizeMax);
    }

    /// <summary>Removes all entries and gives the memory back.</summary>
    public void Clear()
    {
        _oldest = _next;
        _end = 0;
        Size = 0;
        _bytes = [];
        _ring = [];
    }

    private void Evict(int sizeMax)
    {
        while (Size > sizeMax)
        {
            Size -= At(_oldest).Length - HpackStaticTable.SeparatorBytes + EntryOverhead;
            _oldest++;
        }

        if (_oldest == _next)
        {
            _end = 0;
        }
    }

    private void MakeRoom(int length)
    {
        if (Count == _ring.Length)
        {
            GrowRing();
        }

        if (_bytes.Length - _end >= length)
        {
            return;
        }

        int start = Count == 0 ? _end : At(_oldest).Start;
        int live = _end - start;
        byte[] target = _bytes;
        if (live + length > _bytes.Length - (_bytes.Length >> 2))
        {
            // Twice what lives, so that moving it down costs each byte about once.
            int wanted = Math.Max(FirstBytes, (live + length) * 2);
            target = new byte[Math.Min(wanted, Math.Max(live + length, (SizeMax * 3) >> 1))];
        }

        _bytes.AsSpan(start, live).CopyTo(target);
        _bytes = target;
        _end = live;
        for (uint sequence = _oldest; sequence != _next; sequence++)
        {
            _ring[sequence & (uint)(_ring.Length - 1)].Start -= start;
        }
    }

    private void GrowRing()
    {
        Entry[] grown = new Entry[Math.Max(FirstEntries, _ring.Length * 2)];
        for (uint sequence = _oldest; sequence != _next; sequence++)
        {
            grown[sequence & (uint)(grown.Length - 1)] = At(sequence);
        }

        _ring = grown;
    }

    private ref Entry At(uint sequence)
    {
        Debug.Assert(sequence - _oldest < _next - _oldest, "the entry is in the table");
        return ref _ring[sequence & (uint)(_ring.Length - 1)];
    }

    private struct Entry
    {
        public int Start;
        public int Length;
        public int NameLength;
        public FieldTraits Traits;
    }
}
