using System;
using System.Diagnostics;
using FastMesh.Protocols.Http2;

namespace FastMesh.Protocols.Hpack;

/// <summary>Takes the fields of a block one by one, in order.</summary>
internal interface IHpackSink
{
    /// <summary>One field. It is not refused here: the table must see every field of a block.</summary>
    /// <param name="joined">"name: value"; valid during the call.</param>
    /// <param name="nameLength">Bytes of the name.</param>
    /// <param name="traits">What the field is, and what is wrong with it.</param>
    /// <param name="isSensitive">True when it must never be indexed (RFC 7541 §6.2.3).</param>
    void Field(ReadOnlySpan<byte> joined, int nameLength, FieldTraits traits, bool isSensitive);
}

/// <summary>
/// Memory for one field while it is decoded; shared by all connections of a reactor, since a block is decoded in one
/// go.
/// </summary>
internal sealed class HpackScratch
{
    private byte[] _bytes = new byte[1024];

    /// <summary>At least this many bytes; the first <paramref name="kept"/> of what was written stay.</summary>
    public Span<byte> Take(int bytes, int kept = 0)
    {
        if (_bytes.Length < bytes)
        {
            byte[] grown = new byte[Math.Max(bytes, _bytes.Length * 2)];
            _bytes.AsSpan(0, Math.Min(kept, _bytes.Length)).CopyTo(grown);
            _bytes = grown;
        }

        return _bytes;
    }
}

/// <summary>
/// Decodes field blocks (RFC 7541 §3 and §6): the decoding half of a connection's compression. A block is given whole;
/// fields go to a sink without an intermediate list. Any fault ends the connection with COMPRESSION_ERROR.
/// </summary>
internal sealed class HpackDecoder
{
    private readonly HpackScratch _scratch;
    private readonly HpackTable _table = new();
    private int _sizeLimit;
    private bool _updateRequired;

    /// <summary>Makes a decoder with the table size that the peer may use.</summary>
    public HpackDecoder(HpackScratch scratch, int sizeLimit)
    {
        _scratch = scratch;
        _sizeLimit = sizeLimit;
        _table.Resize(sizeLimit);
    }

    /// <summary>The dynamic table.</summary>
    public HpackTable Table => _table;

    /// <summary>
    /// The acknowledged SETTINGS_HEADER_TABLE_SIZE. After a reduction below the size in use, the next block must begin
    /// with an update (RFC 7541 §4.2).
    /// </summary>
    public void SetSizeLimit(int sizeLimit)
    {
        _updateRequired |= sizeLimit < _table.SizeMax;
        _sizeLimit = sizeLimit;
    }

    /// <summary>Decodes a whole block.</summary>
    /// <param name="block">The fragments of HEADERS and CONTINUATION, joined.</param>
    /// <param name="sink">Gets every field.</param>
    /// <returns><see cref="Http2Fault.None"/>, or what is wrong with the block.</returns>
    public Http2Fault Decode<TSink>(ReadOnlySpan<byte> block, ref TSink sink)
        where TSink : struct, IHpackSink, allows ref struct
    {
        int at = 0;
        while (at < block.Length && (block[at] & 0xE0) == 0x20)
        {
            if (!HpackInteger.TryDecode(block, ref at, 5, out int size) || size > _sizeLimit)
            {
                return Http2Fault.TableSizeUpdate;
            }

            _table.Resize(size);
            _updateRequired = false;
        }

        if (_updateRequired)
        {
            return Http2Fault.TableSizeUpdate;
        }

        while (at < block.Length)
        {
            byte first = block[at];
            Http2Fault fault = first >= 0x80 ? Indexed(block, ref at, ref sink)
                : (first & 0xE0) == 0x20 ? Http2Fault.TableSizeUpdate
                : Literal(block, ref at, ref sink);
            if (fault != Http2Fault.None)
            {
                return fault;
            }
        }

        return Http2Fault.None;
    }

    // RFC 7541 §6.1.
    private Http2Fault Indexed<TSink>(ReadOnlySpan<byte> block, ref int at, ref TSink sink)
        where TSink : struct, IHpackSink, allows ref struct
    {
        if (!HpackInteger.TryDecode(block, ref at, 7, out int index))
        {
            return Http2Fault.HpackInteger;
        }

        if ((uint)(index - 1) < HpackStaticTable.Count)
        {
            sink.Field(HpackStaticTable.Joined(index), HpackStaticTable.NameLength(index),
                HpackStaticTable.Traits(index), isSensitive: false);
            return Http2Fault.None;
        }

        if (!TrySequence(index, out uint sequence))
        {
            return Http2Fault.HpackIndex;
        }

        ReadOnlySpan<byte> joined = _table.Joined(sequence, out int nameLength, out FieldTraits traits);
        sink.Field(joined, nameLength, traits, isSensitive: false);
        return Http2Fault.None;
    }

    // RFC 7541 §6.2: with indexing (01), without (0000), never indexed (0001).
    private Http2Fault Literal<TSink>(ReadOnlySpan<byte> block, ref int at, ref TSink sink)
        where TSink : struct, IHpackSink, allows ref struct
    {
        byte first = block[at];
        bool isIndexed = (first & 0x40) != 0;
        if (!HpackInteger.TryDecode(block, ref at, isIndexed ? 6 : 4, out int index))
        {
            return Http2Fault.HpackInteger;
        }

        int nameLength;
        FieldTraits traits;
        if (index == 0)
        {
            Http2Fault broken = String(block, ref at, 0, out nameLength);
            if (broken != Http2Fault.None)
            {
                return broken;
            }

            traits = FieldTraits.OfName(_scratch.Take(nameLength)[..nameLength]);
        }
        else if (!TryName(index, out nameLength, out traits))
        {
            return Http2Fault.HpackIndex;
        }

        int valueStart = nameLength + HpackStaticTable.SeparatorBytes;
        Http2Fault fault = String(block, ref at, valueStart, out int valueLength);
        if (fault != Http2Fault.None)
        {
            return fault;
        }

        Span<byte> joined = _scratch.Take(valueStart + valueLength)[..(valueStart + valueLength)];
        joined[nameLength] = (byte)':';
        joined[nameLength + 1] = (byte)' ';
        traits = traits.WithValue(joined[valueStart..]);
        if (isIndexed)
        {
            _table.Add(joined[..nameLength], joined[valueStart..], traits);
        }

        sink.Field(joined, nameLength, traits, isSensitive: (first & 0xF0) == 0x10);
        return Http2Fault.None;
    }

    // Copies the name of an entry to the start of the scratch, so that the entry may be evicted.
    private bool TryName(int index, out int nameLength, out FieldTraits traits)
    {
        ReadOnlySpan<byte> joined;
        if (index <= HpackStaticTable.Count)
        {
            joined = HpackStaticTable.Joined(index);
            nameLength = HpackStaticTable.NameLength(index);
            traits = HpackStaticTable.Traits(index);
        }
        else if (TrySequence(index, out uint sequence))
        {
            joined = _table.Joined(sequence, out nameLength, out traits);
        }
        else
        {
            nameLength = 0;
            traits = default;
            return false;
        }

        joined[..nameLength].CopyTo(_scratch.Take(nameLength));
        return true;
    }

    // RFC 7541 §5.2: a string, decoded to an offset of the scratch.
    private Http2Fault String(ReadOnlySpan<byte> block, ref int at, int offset, out int length)
    {
        length = 0;
        if (at >= block.Length)
        {
            return Http2Fault.HpackTruncated;
        }

        bool isHuffman = block[at] >= 0x80;
        if (!HpackInteger.TryDecode(block, ref at, 7, out int encoded))
        {
            return Http2Fault.HpackInteger;
        }

        if (encoded > block.Length - at)
        {
            return Http2Fault.HpackTruncated;
        }

        ReadOnlySpan<byte> source = block.Slice(at, encoded);
        at += encoded;
        if (!isHuffman)
        {
            source.CopyTo(_scratch.Take(offset + encoded, offset)[offset..]);
            length = encoded;
            return Http2Fault.None;
        }

        Span<byte> destination = _scratch.Take(offset + Huffman.DecodedBytesMax(encoded) + 1, offset)[offset..];
        return Huffman.TryDecode(source, destination, out length) ? Http2Fault.None : Http2Fault.HpackHuffman;
    }

    private bool TrySequence(int index, out uint sequence)
    {
        // Index 62 is the newest entry (RFC 7541 §2.3.3); index 0 wraps to a distance beyond any table.
        uint distance = (uint)(index - HpackStaticTable.Count - 1);
        sequence = _table.Next - 1 - distance;
        Debug.Assert(index > HpackStaticTable.Count || index == 0, "static indexes are looked up before");
        return distance < (uint)_table.Count;
    }
}
