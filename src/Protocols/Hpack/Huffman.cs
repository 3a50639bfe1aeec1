using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace FastMesh.Protocols.Hpack;

/// <summary>Strings in the code of RFC 7541 §5.2 and Appendix B.</summary>
internal static class Huffman
{
    /// <summary>The most bytes that <see cref="TryDecode"/> makes: no code has fewer than five bits.</summary>
    public static int DecodedBytesMax(int encodedBytes) => (int)((long)encodedBytes * 8 / 5);

    /// <summary>Bytes of the encoded string.</summary>
    public static int EncodedBytes(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> lengths = HuffmanTable.Lengths;
        int bits = 0;
        foreach (byte symbol in text)
        {
            bits += lengths[symbol];
        }

        return (bits + 7) >> 3;
    }

    /// <summary>
    /// Decodes a whole string. False when it holds the end-of-string symbol, more than seven bits of padding, or
    /// padding that is not all ones (RFC 7541 §5.2).
    /// </summary>
    /// <param name="source">The encoded bytes.</param>
    /// <param name="destination">At least <see cref="DecodedBytesMax"/> bytes and one more.</param>
    /// <param name="written">Bytes decoded.</param>
    public static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        Debug.Assert(destination.Length > DecodedBytesMax(source.Length), "a pair may write one byte too many");
        ReadOnlySpan<uint> pairs = HuffmanTable.Pairs;
        ulong word = 0;
        int bits = 0;
        int at = 0;
        int to = 0;
        written = 0;
        while (true)
        {
            // The next bits lie at the top of the word; below the valid ones it is zero.
            while (bits <= 56 && at < source.Length)
            {
                if (bits <= 32 && source.Length - at >= 4)
                {
                    word |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(source[at..]) << (32 - bits);
                    bits += 32;
                    at += 4;
                    break;
                }

                word |= (ulong)source[at++] << (56 - bits);
                bits += 8;
            }

            uint pair = pairs[(int)(word >> (64 - HuffmanTable.PairBits))];
            int all = (int)(pair >> 24);
            if (pair != 0 && all <= bits)
            {
                destination[to] = (byte)pair;
                destination[to + 1] = (byte)(pair >> 8);
                int first = (int)(pair >> 16) & 0xFF;
                to += all > first ? 2 : 1;
                word <<= all;
                bits -= all;
                continue;
            }

            if (!TryDecodeOne(ref word, ref bits, out int symbol))
            {
                written = to;
                return symbol >= 0;
            }

            destination[to++] = (byte)symbol;
        }
    }

    /// <summary>Encodes a string and returns the offset behind it.</summary>
    /// <param name="text">What to encode.</param>
    /// <param name="destination">Has room for <see cref="EncodedBytes"/> from <paramref name="at"/> on.</param>
    /// <param name="at">Where the first byte goes.</param>
    public static int Encode(ReadOnlySpan<byte> text, Span<byte> destination, int at)
    {
        ReadOnlySpan<byte> lengths = HuffmanTable.Lengths;
        ReadOnlySpan<uint> codes = HuffmanTable.Codes;
        ulong word = 0;
        int bits = 0;
        foreach (byte symbol in text)
        {
            int length = lengths[symbol];
            word = (word << length) | codes[symbol];
            bits += length;
            if (bits >= 32)
            {
                bits -= 32;
                BinaryPrimitives.WriteUInt32BigEndian(destination[at..], (uint)(word >> bits));
                at += 4;
            }
        }

        for (; bits >= 8; bits -= 8)
        {
            destination[at++] = (byte)(word >> (bits - 8));
        }

        if (bits > 0)
        {
            // Padded with the first bits of the end of string, which are ones.
            destination[at++] = (byte)((word << (8 - bits)) | (0xFFu >> bits));
        }

        return at;
    }

    // One symbol that has a long code or stands at the end. False at the end: symbol 0 when the padding is right.
    private static bool TryDecodeOne(ref ulong word, ref int bits, out int symbol)
    {
        symbol = -1;
        uint top = (uint)(word >> 32);
        for (int length = 5; length <= HuffmanTable.BitsMax && length <= bits; length++)
        {
            if (top < HuffmanTable.Ends[length])
            {
                int found = HuffmanTable.Sorted[(int)(top >> (32 - length)) + HuffmanTable.Offsets[length]];
                if (found == HuffmanTable.EndOfString)
                {
                    return false;
                }

                symbol = found;
                word <<= length;
                bits -= length;
                return true;
            }
        }

        if (bits < 8 && (bits == 0 || top >> (32 - bits) == (1u << bits) - 1))
        {
            symbol = 0;
        }

        return false;
    }
}
