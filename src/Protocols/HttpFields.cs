using System;
using System.Buffers.Text;
using System.Text;
using FastMesh.Protocols.Http1;

namespace FastMesh.Protocols;

/// <summary>
/// The fields of a head or of trailers: order and case kept, names compared without case (RFC 9110 §5).
/// </summary>
/// <remarks>
/// Names and values are slices of one block that only grows until <see cref="Clear"/>:
/// <code>
/// block  | GET /x HTTP/1.1 CRLF Accept: */* CRLF CRLF | appended names and values ... |
/// slots     [0] = (name 17+6, value 25+3, known Accept)   [1] = ...
/// </code>
/// A parsed head is copied in once; appending copies only what is appended. Nothing is allocated in steady state: both
/// arrays are kept by <see cref="Clear"/> unless they grew beyond <see cref="KeptBlockBytesMax"/>. Spans given out are
/// valid until the next change. Not thread-safe.
/// </remarks>
public sealed class HttpFields
{
    /// <summary>
    /// A block larger than this is given back by <see cref="Clear"/>: one huge head must not stay resident.
    /// </summary>
    public const int KeptBlockBytesMax = 16 * 1024;

    /// <summary>The longest field name that can be held.</summary>
    public const int NameLengthMax = ushort.MaxValue;

    private const int FirstBlockBytes = 1024;
    private const int FirstSlots = 24;
    private const int KeptSlotsMax = 256;

    private byte[] _block = [];
    private int _blockLength;
    private Slot[] _slots = [];
    private int _count;
    private ulong _known;

    /// <summary>Number of field lines.</summary>
    public int Count => _count;

    /// <summary>One bit for each known field that is present; see <see cref="KnownFields.Bit"/>.</summary>
    public ulong KnownMask => _known;

    /// <summary>Bytes of all names and values, each field charged 4 more for its separators.</summary>
    public int TotalBytes
    {
        get
        {
            int total = 0;
            for (int i = 0; i < _count; i++)
            {
                total += _slots[i].NameLength + _slots[i].ValueLength + 4;
            }

            return total;
        }
    }

    /// <summary>The name of line <paramref name="index"/> in its original case.</summary>
    public ReadOnlySpan<byte> Name(int index)
    {
        ref readonly Slot slot = ref At(index);
        return _block.AsSpan(slot.NameStart, slot.NameLength);
    }

    /// <summary>The value of line <paramref name="index"/> without surrounding white space.</summary>
    public ReadOnlySpan<byte> Value(int index)
    {
        ref readonly Slot slot = ref At(index);
        return _block.AsSpan(slot.ValueStart, slot.ValueLength);
    }

    /// <summary>Which known field line <paramref name="index"/> is.</summary>
    public KnownField Known(int index) => At(index).Known;

    /// <summary>
    /// True when line <paramref name="index"/> came with the order never to be kept by a compression
    /// (RFC 7541 §6.2.3), which whoever forwards it passes on.
    /// </summary>
    internal bool IsSensitive(int index) => At(index).IsSensitive;

    /// <summary>True when at least one line has this name; one mask test.</summary>
    public bool Has(KnownField field) => (_known & KnownFields.Bit(field)) != 0;

    /// <summary>The first line with this name from <paramref name="from"/> on, or -1.</summary>
    public int Find(KnownField field, int from = 0)
    {
        if ((_known & KnownFields.Bit(field)) == 0)
        {
            return -1;
        }

        for (int i = from; i < _count; i++)
        {
            if (_slots[i].Known == field)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The first line with this name (any case) from <paramref name="from"/> on, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name, int from = 0)
    {
        KnownField known = KnownFields.Parse(name);
        if (known != KnownField.None)
        {
            return Find(known, from);
        }

        for (int i = from; i < _count; i++)
        {
            ref readonly Slot slot = ref _slots[i];
            if (slot.Known == KnownField.None && slot.NameLength == name.Length
                && Ascii.EqualsIgnoreCase(_block.AsSpan(slot.NameStart, slot.NameLength), name))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The value of the first line with this name.</summary>
    public bool TryGet(KnownField field, out ReadOnlySpan<byte> value) => TryGetAt(Find(field), out value);

    /// <summary>The value of the first line with this name (any case).</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => TryGetAt(Find(name), out value);

    /// <summary>Adds a line at the end. White space around the value is dropped.</summary>
    /// <exception cref="ArgumentException">The name is not a token (RFC 9110 §5.6.2): a mistake of the
    /// caller.</exception>
    public void Append(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!Http1Grammar.IsToken(name) || name.Length > NameLengthMax)
        {
            throw new ArgumentException("a field name must be a token", nameof(name));
        }

        AppendTrusted(name, value, KnownFields.Parse(name));
    }

    /// <summary>Adds a line at the end under the lower-case name of a known field.</summary>
    public void Append(KnownField field, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((byte)field, (byte)KnownField.None);
        AppendTrusted(KnownFields.Name(field), value, field);
    }

    /// <summary>Replaces the first line with this name and drops the others; adds one when there is none.</summary>
    public void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int index = Find(name);
        if (index < 0)
        {
            Append(name, value);
            return;
        }

        RemoveFrom(name, index + 1);
        SetValue(index, value);
    }

    /// <summary>As <see cref="Set(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> for a known field.</summary>
    public void Set(KnownField field, ReadOnlySpan<byte> value)
    {
        int index = Find(field);
        if (index < 0)
        {
            Append(field, value);
            return;
        }

        int next = Find(field, index + 1);
        while (next >= 0)
        {
            RemoveAt(next);
            next = Find(field, next);
        }

        SetValue(index, value);
    }

    /// <summary>As <see cref="Set(KnownField, ReadOnlySpan{byte})"/> for a number.</summary>
    public void SetNumber(KnownField field, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out int length);
        Set(field, digits[..length]);
    }

    /// <summary>Replaces the value of line <paramref name="index"/>.</summary>
    public void SetValue(int index, ReadOnlySpan<byte> value)
    {
        At(index);
        value = Http1Grammar.Trim(value);
        int start = AppendBytes(value);
        _slots[index].ValueStart = start;
        _slots[index].ValueLength = value.Length;
    }

    /// <summary>Removes every line with this name (any case); returns how many there were.</summary>
    public int Remove(ReadOnlySpan<byte> name)
    {
        KnownField known = KnownFields.Parse(name);
        return known != KnownField.None ? Remove(known) : RemoveFrom(name, 0);
    }

    /// <summary>Removes every line of this field; returns how many there were.</summary>
    public int Remove(KnownField field) => Has(field) ? RemoveKnown(KnownFields.Bit(field)) : 0;

    /// <summary>Removes every line whose field is in the mask; one pass. Returns how many there were.</summary>
    public int RemoveKnown(ulong mask)
    {
        if ((_known & mask) == 0)
        {
            return 0;
        }

        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if ((KnownFields.Bit(_slots[i].Known) & mask) != 0)
            {
                continue;
            }

            if (kept != i)
            {
                _slots[kept] = _slots[i];
            }

            kept++;
        }

        int removed = _count - kept;
        _count = kept;
        _known &= ~mask;
        return removed;
    }

    /// <summary>Removes line <paramref name="index"/>; later lines move up by one.</summary>
    public void RemoveAt(int index)
    {
        KnownField known = At(index).Known;
        Array.Copy(_slots, index + 1, _slots, index, _count - index - 1);
        _count--;
        if (known != KnownField.None)
        {
            RecomputeBit(known);
        }
    }

    /// <summary>Makes this a copy of another list, order and case included.</summary>
    public void CopyFrom(HttpFields other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Clear();
        for (int i = 0; i < other._count; i++)
        {
            AppendTrusted(other.Name(i), other.Value(i), other._slots[i].Known);
            _slots[i].IsSensitive = other._slots[i].IsSensitive;
        }
    }

    /// <summary>Forgets all lines and keeps the arrays for reuse, unless they grew out of proportion.</summary>
    public void Clear()
    {
        _count = 0;
        _known = 0;
        _blockLength = 0;
        if (_block.Length > KeptBlockBytesMax)
        {
            _block = [];
        }

        if (_slots.Length > KeptSlotsMax)
        {
            _slots = [];
        }
    }

    /// <summary>Bytes of the block in use; the next <see cref="AppendBytes"/> returns this.</summary>
    internal int BlockLength => _blockLength;

    /// <summary>The bytes of a slice of the block.</summary>
    internal ReadOnlySpan<byte> Slice(ByteRange range) => _block.AsSpan(range.Start, range.Length);

    /// <summary>A slice of the block that its owner may change in place.</summary>
    internal Span<byte> Mutable(ByteRange range) => _block.AsSpan(range.Start, range.Length);

    /// <summary>The whole block in use; for the parser, which reads a split head from here.</summary>
    internal ReadOnlySpan<byte> Block => _block.AsSpan(0, _blockLength);

    /// <summary>Copies bytes to the end of the block and returns where they begin.</summary>
    internal int AppendBytes(scoped ReadOnlySpan<byte> bytes)
    {
        int start = _blockLength;
        if (_block.Length - start < bytes.Length)
        {
            GrowAndAppend(bytes);
            return start;
        }

        bytes.CopyTo(_block.AsSpan(start));
        _blockLength = start + bytes.Length;
        return start;
    }

    /// <summary>Drops the end of the block: what the parser copied beyond the end of the head.</summary>
    internal void TruncateBlock(int length) => _blockLength = length;

    /// <summary>Adds a line whose bytes already are (or are about to be) in the block.</summary>
    internal void AppendSlot(int nameStart, int nameLength, int valueStart, int valueLength, KnownField known)
    {
        if (_count == _slots.Length)
        {
            Array.Resize(ref _slots, Math.Max(FirstSlots, _slots.Length * 2));
        }

        ref Slot slot = ref _slots[_count++];
        slot.NameStart = nameStart;
        slot.ValueStart = valueStart;
        slot.ValueLength = valueLength;
        slot.NameLength = (ushort)nameLength;
        slot.Known = known;
        slot.IsSensitive = false;
        _known |= KnownFields.Bit(known);
    }

    /// <summary>
    /// Adds a line given as "name: value", whose parts are valid: one copy, in the layout that
    /// <see cref="WriteTo"/> copies at once.
    /// </summary>
    internal void AppendJoined(scoped ReadOnlySpan<byte> joined, int nameLength, KnownField known, bool isSensitive)
    {
        int start = AppendBytes(joined);
        AppendSlot(start, nameLength, start + nameLength + 2, joined.Length - nameLength - 2, known);
        _slots[_count - 1].IsSensitive = isSensitive;
    }

    /// <summary>
    /// Makes one line of all lines of this field, at the place of the first: the crumbs of a cookie, which HTTP/2
    /// may split (RFC 9113 §8.2.3).
    /// </summary>
    internal void Join(KnownField field, scoped ReadOnlySpan<byte> separator)
    {
        int first = Find(field);
        int next = first < 0 ? -1 : Find(field, first + 1);
        if (next < 0)
        {
            return;
        }

        int start = AppendBytes(Value(first));
        for (; next >= 0; next = Find(field, next + 1))
        {
            AppendBytes(separator);
            AppendBytes(Value(next));
            _slots[first].IsSensitive |= _slots[next].IsSensitive;
        }

        _slots[first].ValueStart = start;
        _slots[first].ValueLength = _blockLength - start;
        int kept = first + 1;
        for (int i = kept; i < _count; i++)
        {
            if (_slots[i].Known != field)
            {
                _slots[kept++] = _slots[i];
            }
        }

        _count = kept;
    }

    /// <summary>
    /// Writes "name: value CRLF" for each line that is not in the mask. The destination has room for
    /// <see cref="TotalBytes"/>. Returns the bytes written.
    /// </summary>
    internal int WriteTo(Span<byte> destination, ulong skipMask, out int lines)
    {
        int at = 0;
        int written = 0;
        ReadOnlySpan<byte> block = _block;
        foreach (ref readonly Slot slot in _slots.AsSpan(0, _count))
        {
            if ((KnownFields.Bit(slot.Known) & skipMask) != 0)
            {
                continue;
            }

            int separator = at + slot.NameLength;
            int value = separator + 2;
            int end = value + slot.ValueLength;
            if (slot.ValueStart == slot.NameStart + slot.NameLength + 2)
            {
                // Name and value lie two bytes apart: one copy, and the separator is written over what was between.
                block.Slice(slot.NameStart, end - at).CopyTo(destination[at..]);
            }
            else
            {
                block.Slice(slot.NameStart, slot.NameLength).CopyTo(destination[at..]);
                block.Slice(slot.ValueStart, slot.ValueLength).CopyTo(destination[value..]);
            }

            destination[separator] = (byte)':';
            destination[separator + 1] = (byte)' ';
            destination[end] = (byte)'\r';
            destination[end + 1] = (byte)'\n';
            at = end + 2;
            written++;
        }

        lines = written;
        return at;
    }

    private void AppendTrusted(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, KnownField known)
    {
        value = Http1Grammar.Trim(value);
        int nameStart = AppendBytes(name);
        int valueStart = AppendBytes(value);
        AppendSlot(nameStart, name.Length, valueStart, value.Length, known);
    }

    private void GrowAndAppend(scoped ReadOnlySpan<byte> bytes)
    {
        // The bytes may be a slice of the old block, so they are copied before it is let go.
        int needed = checked(_blockLength + bytes.Length);
        byte[] grown = new byte[Math.Max(FirstBlockBytes, Math.Max(needed, _block.Length * 2))];
        _block.AsSpan(0, _blockLength).CopyTo(grown);
        bytes.CopyTo(grown.AsSpan(_blockLength));
        _block = grown;
        _blockLength = needed;
    }

    private bool TryGetAt(int index, out ReadOnlySpan<byte> value)
    {
        value = index >= 0 ? Value(index) : default;
        return index >= 0;
    }

    private int RemoveFrom(ReadOnlySpan<byte> name, int from)
    {
        int removed = 0;
        int index = Find(name, from);
        while (index >= 0)
        {
            RemoveAt(index);
            removed++;
            index = Find(name, index);
        }

        return removed;
    }

    private void RecomputeBit(KnownField field)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_slots[i].Known == field)
            {
                return;
            }
        }

        _known &= ~KnownFields.Bit(field);
    }

    private ref readonly Slot At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count, nameof(index));
        return ref _slots[index];
    }

    private struct Slot
    {
        public int NameStart;
        public int ValueStart;
        public int ValueLength;
        public ushort NameLength;
        public KnownField Known;
        public bool IsSensitive;
    }
}

/// <summary>A slice of a field block: offsets, so that it survives the growth of the block.</summary>
internal readonly record struct ByteRange(int Start, int Length);
