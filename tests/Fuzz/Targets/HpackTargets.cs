using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Field blocks, each begun by a byte of length: the decoder agrees with a slow one made of lists, and what it has read
/// comes back from the encoder and another decoder.
/// </summary>
internal sealed class HpackTarget : FuzzTarget
{
    private const int TableBytes = 300;

    private readonly HpackScratch _scratch = new();

    public override string Name => "hpack";

    public override IEnumerable<byte[]> Seeds =>
        new[]
        {
            "14828684418cf1e3c2e5f23a6ba0ab90f4ff", "0c828684be5886a8eb10649cbf05828684bebf",
            "1a400a637573746f6d2d6b65790d637573746f6d2d686561646572", "113fe101400161016220100161016200016101",
            "2f88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a6970c1c0bfbe80",
        }.Select(Convert.FromHexString);

    public override IReadOnlyList<byte[]> Dictionary { get; } =
    [
        [0x40, 1, 97, 1, 98], [0x10, 1, 97, 1, 98], [0x00, 1, 97, 1, 98], [0x7E, 1, 99], [0xBE], [0xBF], [0xC0], [0x82],
        [0x3F, 0xE1, 0x01], [0x20], [0x3F, 0x45], [0x7F, 0x00], [0xFF, 0x00], [0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        .. Words.Http,
    ];

    public override int Run(byte[] input)
    {
        HpackDecoder decoder = new(_scratch, TableBytes);
        HpackDecoder again = new(new HpackScratch(), HpackEncoder.DefaultTableBytes);
        HpackEncoder encoder = new(HpackEncoder.DefaultTableBytes);
        ReferenceHpack reference = new(TableBytes);
        int signature = 0;
        for (int at = 0; at < input.Length;)
        {
            int length = Math.Min(input[at] * 4, input.Length - at - 1);
            byte[] block = input[(at + 1)..(at + 1 + length)];
            at += 1 + length;
            List<string> fields = [];
            ListSink sink = new(fields);
            Http2Fault fault = decoder.Decode(block, ref sink);
            string expected = reference.Decode(block);
            string actual = fault == Http2Fault.None ? string.Concat(fields.Select(field => field + "\n")) : "broken";
            Same("decoder and reference", expected, actual);
            if (fault != Http2Fault.None)
            {
                return (int)fault + 1000;
            }

            Holds(decoder.Table.Size <= decoder.Table.SizeMax && decoder.Table.HeldBytes < 8192, "table over its size");
            signature = (signature * 31) + (fields.Count << 4) + decoder.Table.Count;
            Return(block, encoder, again);
        }

        return signature;
    }

    // What is valid as trailers is encoded again and must be read as the same fields.
    private void Return(byte[] block, HpackEncoder encoder, HpackDecoder again)
    {
        HttpFields fields = new();
        HeadSink head = HeadSink.Into(fields, Http2Limits.Default);
        HpackDecoder once = new(_scratch, HpackEncoder.DefaultTableBytes);
        if (once.Decode(block, ref head) != Http2Fault.None || head.Fault != Http2Fault.None)
        {
            return;
        }

        byte[] encoded = new byte[HeadWriter.Measure(fields)];
        int length = HeadWriter.Write(encoder, fields, _scratch, encoded);
        Holds(length >= 0, "valid fields are not written");
        HttpFields back = new();
        HeadSink second = HeadSink.Into(back, Http2Limits.Default);
        Holds(again.Decode(encoded.AsSpan(0, length), ref second) == Http2Fault.None, "own block not read");
        Holds(again.Table.Size == encoder.Table.Size, "tables differ in size");
        Same("fields there and back", Wire.Append(new StringBuilder(), fields).ToString(),
            Wire.Append(new StringBuilder(), back).ToString());
    }

    private readonly struct ListSink(List<string> fields) : IHpackSink
    {
        public void Field(ReadOnlySpan<byte> joined, int nameLength, FieldTraits traits, bool isSensitive)
        {
            fields.Add((isSensitive ? "!" : "") + Wire.Text(joined[..nameLength]) + "\u0001"
                + Wire.Text(joined[(nameLength + 2)..]));
            FieldTraits fresh = FieldTraits.Of(joined[..nameLength], joined[(nameLength + 2)..]);
            Holds(fresh == traits, "kept traits differ from fresh ones");
        }
    }
}

/// <summary>RFC 7541 read slowly, with lists and bit strings.</summary>
internal sealed class ReferenceHpack(int limit)
{
    private static readonly Dictionary<string, int> Codes = BuildCodes();
    private readonly List<(string Name, string Value)> _table = [];
    private readonly int _limit = limit;
    private int _max = limit;
    private byte[] _block = [];
    private int _at;
    private bool _broken;

    /// <summary>The fields one per line, or "broken".</summary>
    public string Decode(byte[] block)
    {
        _block = block;
        _at = 0;
        StringBuilder fields = new();
        bool updates = true;
        while (_at < block.Length && !_broken)
        {
            byte first = block[_at];
            if (first >> 5 == 1)
            {
                int size = Integer(5);
                _broken |= !updates || size > _limit;
                _max = size;
                Evict();
                continue;
            }

            updates = false;
            bool indexed = first >> 7 == 1;
            int index = Integer(indexed ? 7 : first >> 6 == 1 ? 6 : 4);
            (string Name, string Value) field = indexed || index != 0 ? Entry(index) : (String(), "");
            if (!indexed)
            {
                field.Value = String();
            }

            if (_broken)
            {
                break;
            }

            fields.Append(first >> 4 == 1 ? "!" : "").Append(field.Name).Append('\u0001').Append(field.Value)
                .Append('\n');
            if (first >> 6 == 1)
            {
                _table.Insert(0, field);
                Evict();
            }
        }

        return _broken ? "broken" : fields.ToString();
    }

    private void Evict()
    {
        while (_table.Sum(entry => entry.Name.Length + entry.Value.Length + 32) > _max)
        {
            _table.RemoveAt(_table.Count - 1);
        }
    }

    private (string Name, string Value) Entry(int index)
    {
        if (index is >= 1 and <= 61)
        {
            int length = HpackStaticTable.NameLength(index);
            ReadOnlySpan<byte> joined = HpackStaticTable.Joined(index);
            return (Wire.Text(joined[..length]), Wire.Text(joined[(length + 2)..]));
        }

        _broken |= index < 62 || index - 62 >= _table.Count;
        return _broken ? ("", "") : _table[index - 62];
    }

    private int Integer(int bits)
    {
        if (_at >= _block.Length)
        {
            _broken = true;
            return 0;
        }

        int mask = (1 << bits) - 1;
        long value = _block[_at++] & mask;
        for (int shift = 0; value >= mask && !_broken; shift += 7)
        {
            _broken |= shift > 21 || _at >= _block.Length;
            if (!_broken)
            {
                value += (long)(_block[_at] & 0x7F) << shift;
                if (_block[_at++] < 0x80)
                {
                    break;
                }
            }
        }

        return (int)value;
    }

    private string String()
    {
        bool huffman = _at < _block.Length && _block[_at] >= 0x80;
        int length = Integer(7);
        if (_broken || length > _block.Length - _at)
        {
            _broken = true;
            return "";
        }

        byte[] bytes = _block[_at..(_at + length)];
        _at += length;
        return huffman ? Huffman(bytes) : Wire.Text(bytes);
    }

    private string Huffman(byte[] bytes)
    {
        StringBuilder text = new();
        string code = "";
        foreach (char bit in string.Concat(bytes.Select(value => Convert.ToString(value, 2).PadLeft(8, '0'))))
        {
            code += bit;
            if (Codes.TryGetValue(code, out int symbol))
            {
                _broken |= symbol == HuffmanTable.EndOfString;
                text.Append((char)symbol);
                code = "";
            }
        }

        _broken |= code.Length > 7 || code.Contains('0', StringComparison.Ordinal);
        return text.ToString();
    }

    private static Dictionary<string, int> BuildCodes()
    {
        Dictionary<string, int> codes = [];
        for (int symbol = 0; symbol <= HuffmanTable.EndOfString; symbol++)
        {
            string code = Convert.ToString(HuffmanTable.Codes[symbol], 2);
            codes.Add(code.PadLeft(HuffmanTable.Lengths[symbol], '0'), symbol);
        }

        return codes;
    }
}
