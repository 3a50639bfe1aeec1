using System;

namespace FastMesh.Protocols.Hpack;

/// <summary>
/// The code of RFC 7541 Appendix B. It is canonical: sorted by length, then by symbol, each code is the one before
/// plus one, shifted to its length. So the lengths say everything, and the tables are made from them at start.
/// </summary>
internal static class HuffmanTable
{
    /// <summary>The longest code.</summary>
    public const int BitsMax = 30;

    /// <summary>Bits that index <see cref="Pairs"/>: most pairs of common characters fit.</summary>
    public const int PairBits = 11;

    /// <summary>The symbol that never occurs in a string (RFC 7541 §5.2).</summary>
    public const int EndOfString = 256;

    /// <summary>Length of each symbol's code, the end of string last.</summary>
    public static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>Code of each symbol, right-aligned.</summary>
    public static readonly uint[] Codes = new uint[257];

    /// <summary>The symbols by length, then by value.</summary>
    public static readonly ushort[] Sorted = new ushort[257];

    /// <summary>
    /// For each length, the first code that is longer, left-aligned in 32 bits: a code of this length is below it.
    /// </summary>
    public static readonly ulong[] Ends = new ulong[BitsMax + 1];

    /// <summary>For each length, what to add to a right-aligned code to get its place in <see cref="Sorted"/>.</summary>
    public static readonly int[] Offsets = new int[BitsMax + 1];

    /// <summary>
    /// One or two symbols for each value of the next <see cref="PairBits"/> bits:
    /// first symbol | second symbol &lt;&lt; 8 | bits of the first &lt;&lt; 16 | bits of all &lt;&lt; 24.
    /// 0 for a longer code.
    /// </summary>
    public static readonly uint[] Pairs = Build();

    private static uint[] Build()
    {
        uint code = 0;
        int place = 0;
        for (int bits = 1; bits <= BitsMax; bits++)
        {
            Offsets[bits] = place - (int)code;
            for (int symbol = 0; symbol <= EndOfString; symbol++)
            {
                if (Lengths[symbol] == bits)
                {
                    Codes[symbol] = code++;
                    Sorted[place++] = (ushort)symbol;
                }
            }

            Ends[bits] = (ulong)code << (32 - bits);
            code <<= 1;
        }

        uint[] pairs = new uint[1 << PairBits];
        for (int index = 0; index < pairs.Length; index++)
        {
            uint first = Find((uint)index << (32 - PairBits), PairBits);
            if (first == 0)
            {
                continue;
            }

            int firstBits = (int)(first >> 16);
            uint second = Find((uint)index << (32 - PairBits + firstBits), PairBits - firstBits);
            pairs[index] = (first & 0xFF) | ((second & 0xFF) << 8) | ((uint)firstBits << 16)
                | ((uint)(firstBits + (int)(second >> 16)) << 24);
        }

        return pairs;
    }

    // Symbol | bits << 16 of the code that the left-aligned word begins with; 0 when it has more than the bits given.
    private static uint Find(uint word, int bitsMax)
    {
        for (int bits = 5; bits <= bitsMax; bits++)
        {
            if (word < Ends[bits])
            {
                return Sorted[(int)(word >> (32 - bits)) + Offsets[bits]] | ((uint)bits << 16);
            }
        }

        return 0;
    }
}
