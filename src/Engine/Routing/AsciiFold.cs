using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Comparing and hashing of byte strings, with ASCII case or without. Bytes above 0x7F are data and compare as
/// they are.
/// </summary>
internal static class AsciiFold
{
    private const ulong Ones = 0x0101010101010101;
    private const ulong CaseBits = 0x2020202020202020;
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>The lower case of one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Lower(byte value) => (uint)(value - 'A') <= 'Z' - 'A' ? (byte)(value | 0x20) : value;

    /// <summary>Copies with ASCII letters in lower case.</summary>
    public static byte[] ToLower(ReadOnlySpan<byte> text)
    {
        byte[] lower = new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            lower[i] = Lower(text[i]);
        }

        return lower;
    }

    /// <summary>Whether the text equals a value that is in lower case already.</summary>
    public static bool EqualsLower(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length != lower.Length)
        {
            return false;
        }

        int i = 0;
        for (; i <= text.Length - sizeof(ulong); i += sizeof(ulong))
        {
            if (Lower8(Read8(text, i)) != Read8(lower, i))
            {
                return false;
            }
        }

        for (; i < text.Length; i++)
        {
            if (Lower(text[i]) != lower[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A hash of the bytes; letters that differ only in case give the same when folded.</summary>
    public static uint Hash(ReadOnlySpan<byte> key, bool fold)
    {
        ulong mask = fold ? CaseBits : 0;
        ulong hash = (ulong)key.Length * Multiplier;
        int i = 0;
        for (; i <= key.Length - sizeof(ulong); i += sizeof(ulong))
        {
            hash = Mix(hash, Read8(key, i) | mask);
        }

        if (i == key.Length)
        {
            return (uint)(hash ^ (hash >> 32));
        }

        ulong tail = key.Length >= sizeof(ulong) ? Read8(key, key.Length - sizeof(ulong)) : ReadShort(key);
        hash = Mix(hash, tail | mask);
        return (uint)(hash ^ (hash >> 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong hash, ulong word)
    {
        ulong high = Math.BigMul(hash ^ word ^ Multiplier, BitOperations.RotateLeft(word, 29) | 1, out ulong low);
        return high ^ low ^ (hash * Multiplier);
    }

    /// <summary>Up to seven bytes as one word, by two reads that may overlap.</summary>
    private static ulong ReadShort(ReadOnlySpan<byte> key)
    {
        if (key.Length >= sizeof(uint))
        {
            ulong low = BinaryPrimitives.ReadUInt32LittleEndian(key);
            ulong high = BinaryPrimitives.ReadUInt32LittleEndian(key[(key.Length - sizeof(uint))..]);
            return low | (high << 32);
        }

        return key.Length == 0
            ? 0
            : key[0] | ((ulong)key[key.Length >> 1] << 8) | ((ulong)key[^1] << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read8(ReadOnlySpan<byte> text, int offset) =>
        Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), offset));

    /// <summary>Eight bytes to lower case at once: carries into the top bit of each byte tell 'A'..'Z'.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Lower8(ulong word)
    {
        ulong low7 = word & (0x7F * Ones);
        ulong fromA = low7 + ((0x80 - 'A') * Ones);
        ulong pastZ = low7 + ((0x7F - 'Z') * Ones);
        ulong upper = (fromA ^ pastZ) & ~word & (0x80 * Ones);
        return word | (upper >> 2);
    }
}
