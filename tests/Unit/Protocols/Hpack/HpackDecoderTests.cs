using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Hpack;

/// <summary>What a block may not be, and what tables do on the way.</summary>
public sealed class HpackDecoderTests
{
    [Theory]
    [InlineData("80", "HpackIndex")]
    [InlineData("be", "HpackIndex")]
    [InlineData("7e01610161", "HpackIndex")]
    [InlineData("0f30", "HpackIndex")]
    [InlineData("ff", "HpackInteger")]
    [InlineData("ffffffffff7f", "HpackInteger")]
    [InlineData("ff8080808000", "HpackInteger")]
    [InlineData("40", "HpackTruncated")]
    [InlineData("400161", "HpackTruncated")]
    [InlineData("40016105", "HpackTruncated")]
    [InlineData("40056101", "HpackTruncated")]
    [InlineData("00016181ff", "HpackHuffman")]
    [InlineData("00016182ffff", "HpackHuffman")]
    [InlineData("00016184ffffffff", "HpackHuffman")]
    [InlineData("00016184fffffffc", "HpackHuffman")]
    [InlineData("0001618118", "HpackHuffman")]
    [InlineData("3fe21f", "TableSizeUpdate")]
    [InlineData("8220", "TableSizeUpdate")]
    public void Block_IsBroken_HasItsFault(string hex, string fault)
    {
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Assert.Equal(fault, Decode(decoder, Convert.FromHexString(hex)).Fault.ToString());
    }

    [Fact]
    public void Name_OfAnyLength_IsDecodedOnFreshMemory()
    {
        for (int length = 129; length < 3000; length++)
        {
            // A literal with a new name: its length as prefix integer (RFC 7541 §5.1), then an empty value.
            int rest = length - 127;
            byte[] block = [0x40, 0x7F, (byte)(0x80 | (rest & 0x7F)), (byte)(rest >> 7),
                .. new string('a', length).Select(static letter => (byte)letter), 0];
            HpackDecoder decoder = new(new HpackScratch(), 4096);
            Assert.Equal(new string('a', length) + ": ", Decode(decoder, block).Fields);
        }
    }

    [Fact]
    public void Table_SizeIsLowered_NeedsAnUpdateFirst()
    {
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Decode(decoder, Convert.FromHexString("4001610162"));
        decoder.SetSizeLimit(100);
        Assert.Equal(Http2Fault.TableSizeUpdate, Decode(decoder, [0x82]).Fault);
        HpackDecoder other = new(new HpackScratch(), 4096);
        other.SetSizeLimit(100);
        Assert.Equal(Http2Fault.None, Decode(other, [0x3F, 69, 0x82]).Fault);
    }

    [Fact]
    public void Table_IsFull_LosesTheOldestFirst()
    {
        HpackDecoder decoder = new(new HpackScratch(), 34 * 3);
        foreach (char name in "abcd")
        {
            Decode(decoder, [0x40, 1, (byte)name, 1, (byte)'1']);
        }

        Assert.Equal(3, decoder.Table.Count);
        Assert.Equal("d: 1,c: 1,b: 1", Decode(decoder, [0xBE, 0xBF, 0xC0]).Fields);
        Assert.Equal(Http2Fault.HpackIndex, Decode(decoder, [0xC1]).Fault);
    }

    [Fact]
    public void Table_GetsAnEntryLargerThanItself_IsEmptyThen()
    {
        HpackDecoder decoder = new(new HpackScratch(), 64);
        Decode(decoder, [0x40, 1, (byte)'a', 1, (byte)'1']);
        byte[] large = [0x40, 1, (byte)'b', 40, .. Enumerable.Repeat((byte)'x', 40)];
        Assert.Equal(Http2Fault.None, Decode(decoder, large).Fault);
        Assert.Equal((0, 0, 0), (decoder.Table.Count, decoder.Table.Size, decoder.Table.HeldBytes));
    }

    [Fact]
    public void Entry_EvictedByTheFieldThatNamesIt_IsStillItsName()
    {
        // RFC 7541 §4.4: the name refers to the only entry, which makes room for the field.
        HpackDecoder decoder = new(new HpackScratch(), 50);
        Decode(decoder, [0x40, 4, .. "name"u8, 1, (byte)'1']);
        Assert.Equal("name: other", Decode(decoder, [0x7E, 5, .. "other"u8]).Fields);
        Assert.Equal("name: other", Decode(decoder, [0xBE]).Fields);
    }

    [Fact]
    public void Table_OfManySizes_MatchesAPlainList()
    {
        Random random = new(3);
        HpackDecoder decoder = new(new HpackScratch(), 600);
        List<string> model = [];
        for (int i = 0; i < 5000; i++)
        {
            if (random.Next(50) == 0)
            {
                int size = random.Next(600);
                byte[] update = new byte[8];
                int length = HpackInteger.Encode(update, 0, 0x20, 5, size);
                decoder.SetSizeLimit(600);
                Decode(decoder, update[..length]);
                Evict(model, size);
            }

            byte[] value = Enumerable.Repeat((byte)('a' + random.Next(26)), random.Next(random.Next(300))).ToArray();
            byte[] prefix = new byte[8];
            int at = HpackInteger.Encode(prefix, 0, 0, 7, value.Length);
            Decode(decoder, [0x40, 1, (byte)'n', .. prefix[..at], .. value]);
            model.Insert(0, "n: " + System.Text.Encoding.ASCII.GetString(value));
            Evict(model, decoder.Table.SizeMax);
            Assert.Equal(model.Count, decoder.Table.Count);
            byte[] all = new byte[model.Count * 3];
            int end = 0;
            for (int index = 0; index < model.Count; index++)
            {
                end = HpackInteger.Encode(all, end, 0x80, 7, 62 + index);
            }

            Assert.Equal(string.Join(',', model), Decode(decoder, all[..end]).Fields);
        }
    }

    [Fact]
    public void Huffman_OfEveryByte_GoesRound()
    {
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] text = new byte[random.Next(60)];
            random.NextBytes(text);
            if (i < 256)
            {
                text = Enumerable.Repeat((byte)i, (i % 9) + 1).ToArray();
            }

            byte[] encoded = new byte[Huffman.EncodedBytes(text)];
            Assert.Equal(encoded.Length, Huffman.Encode(text, encoded, 0));
            byte[] decoded = new byte[Huffman.DecodedBytesMax(encoded.Length) + 1];
            Assert.True(Huffman.TryDecode(encoded, decoded, out int written));
            Assert.Equal(text, decoded[..written]);
        }
    }

    [Fact]
    public void HuffmanCode_IsComplete()
    {
        double sum = 0;
        foreach (byte length in HuffmanTable.Lengths)
        {
            sum += Math.Pow(2, -length);
        }

        Assert.Equal(257, HuffmanTable.Lengths.Length);
        Assert.Equal(1.0, sum);
    }

    [Fact]
    public void StaticTable_EachName_IsFound()
    {
        for (int index = 1; index <= HpackStaticTable.Count; index++)
        {
            ReadOnlySpan<byte> name = HpackStaticTable.Name(index);
            int found = HpackStaticTable.Find(name, HpackHash.Of(name));
            Assert.True(HpackStaticTable.Name(found).SequenceEqual(name));
        }

        Assert.Equal("www-authenticate: ", System.Text.Encoding.ASCII.GetString(HpackStaticTable.Joined(61)));
        Assert.Equal(0, HpackStaticTable.Find("x-none"u8, HpackHash.Of("x-none"u8)));
    }

    private static (Http2Fault Fault, string Fields) Decode(HpackDecoder decoder, byte[] block)
    {
        List<string> fields = [];
        HpackListSink sink = new(fields);
        Http2Fault fault = decoder.Decode(block, ref sink);
        return (fault, string.Join(',', fields));
    }

    private static void Evict(List<string> model, int size)
    {
        while (model.Sum(field => field.Length - 2 + 32) > size)
        {
            model.RemoveAt(model.Count - 1);
        }
    }
}
