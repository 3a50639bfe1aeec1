using System;
using System.Diagnostics;

namespace FastMesh.Protocols.Hpack;

/// <summary>Integers with a prefix of 1 to 8 bits (RFC 7541 §5.1).</summary>
internal static class HpackInteger
{
    /// <summary>The most bytes that <see cref="Encode"/> writes: a prefix and five groups of seven bits.</summary>
    public const int BytesMax = 6;

    // 28 bits are far above every length and index that the limits allow; more is an overflow (RFC 7541 §5.1).
    private const int GroupsMax = 4;

    /// <summary>
    /// Reads an integer whose first byte is at <paramref name="at"/> and moves behind it. False when it is cut short,
    /// or longer than any that is accepted.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, ref int at, int prefixBits, out int value)
    {
        Debug.Assert(prefixBits is >= 1 and <= 8, "a prefix has 1 to 8 bits");
        value = 0;
        if ((uint)at >= (uint)source.Length)
        {
            return false;
        }

        int mask = (1 << prefixBits) - 1;
        int result = source[at++] & mask;
        if (result < mask)
        {
            value = result;
            return true;
        }

        for (int group = 0; group < GroupsMax; group++)
        {
            if ((uint)at >= (uint)source.Length)
            {
                return false;
            }

            byte next = source[at++];
            result += (next & 0x7F) << (7 * group);
            if (next < 0x80)
            {
                value = result;
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes an integer under the pattern in the first byte; returns the offset behind it.</summary>
    /// <param name="destination">Has room for <see cref="BytesMax"/> bytes from <paramref name="at"/> on.</param>
    /// <param name="at">Where the first byte goes.</param>
    /// <param name="pattern">The bits above the prefix.</param>
    /// <param name="prefixBits">1 to 8.</param>
    /// <param name="value">Not negative.</param>
    public static int Encode(Span<byte> destination, int at, byte pattern, int prefixBits, int value)
    {
        Debug.Assert(value >= 0, "lengths and indexes are not negative");
        int mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            destination[at] = (byte)(pattern | value);
            return at + 1;
        }

        destination[at++] = (byte)(pattern | mask);
        uint rest = (uint)(value - mask);
        while (rest >= 0x80)
        {
            destination[at++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        destination[at++] = (byte)rest;
        return at;
    }
}
