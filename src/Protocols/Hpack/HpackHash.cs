using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMesh.Protocols.Hpack;

/// <summary>
/// Hashes of names and values for the encoder's table. The chains behind them are bounded by the table, so a peer that
/// makes collisions gains nothing but a walk over at most 128 entries that compares one word each.
/// </summary>
internal static class HpackHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>The hash of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int length = bytes.Length;
        ulong hash = (ulong)length * Multiplier;
        if (length >= sizeof(ulong))
        {
            int last = length - sizeof(ulong);
            for (int i = 0; i < last; i += sizeof(ulong))
            {
                hash = Mix(hash, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, i)));
            }

            hash = Mix(hash, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, last)));
        }
        else
        {
            ulong word = 0;
            for (int i = 0; i < length; i++)
            {
                word = (word << 8) | Unsafe.Add(ref start, i);
            }

            hash = Mix(hash, word);
        }

        return (uint)(hash >> 32);
    }

    /// <summary>The hash of a field from those of its parts.</summary>
    public static uint Combine(uint name, uint value) => BitOperations.RotateLeft(name, 13) ^ value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong hash, ulong word) => BitOperations.RotateLeft((hash ^ word) * Multiplier, 29);
}
