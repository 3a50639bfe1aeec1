using System;
using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastMesh.Protocols.Http1;

/// <summary>Character classes of HTTP/1 and the vectorised scans over them.</summary>
internal static class Http1Grammar
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Printable ASCII without space and '#': a fragment is never sent (RFC 9110 §4.2.5).
    private static readonly SearchValues<byte> TargetBytes = SearchValues.Create(
        "!\"$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    // reg-name of RFC 3986 §3.2.2 without ',' (a list of hosts) and ';' or quotes would be legal but "," is not.
    private static readonly SearchValues<byte> HostBytes = SearchValues.Create(
        "-._~%!$&'()*+;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> LiteralBytes = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    private static ReadOnlySpan<byte> TokenTable =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
        0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>token = 1*tchar (RFC 9110 §5.6.2).</summary>
    public static bool IsToken(ReadOnlySpan<byte> bytes) =>
        !bytes.IsEmpty && bytes.IndexOfAnyExcept(TokenBytes) < 0;

    /// <summary>True for one byte of a token.</summary>
    public static bool IsTokenByte(byte value) => TokenTable[value] != 0;

    /// <summary>Length of the run of token bytes at the start.</summary>
    public static int TokenLength(ReadOnlySpan<byte> bytes)
    {
        int i = 0;
        for (; i + Vector128<byte>.Count <= bytes.Length; i += Vector128<byte>.Count)
        {
            uint others = NotToken(Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(bytes), (nuint)i));
            if (others != 0)
            {
                return i + BitOperations.TrailingZeroCount(others);
            }
        }

        while (i < bytes.Length && TokenTable[bytes[i]] != 0)
        {
            i++;
        }

        return i;
    }

    /// <summary>Printable ASCII without space and without a fragment.</summary>
    public static bool IsTarget(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept(TargetBytes) < 0;

    /// <summary>No control byte except HTAB (RFC 9110 §5.5).</summary>
    public static bool IsFieldValue(ReadOnlySpan<byte> bytes) => IndexOfControl(bytes) < 0;

    /// <summary>Without SP and HTAB at both ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value)
    {
        int start = 0;
        int end = value.Length;
        while (start < end && value[start] is (byte)' ' or (byte)'\t')
        {
            start++;
        }

        while (end > start && value[end - 1] is (byte)' ' or (byte)'\t')
        {
            end--;
        }

        return value[start..end];
    }

    /// <summary>The first byte below 0x20 other than HTAB, or 0x7F; -1 when there is none.</summary>
    public static int IndexOfControl(ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + Vector256<byte>.Count <= bytes.Length; i += Vector256<byte>.Count)
            {
                Vector256<byte> block = Vector256.LoadUnsafe(ref start, (nuint)i);
                uint bits = Controls(block).ExtractMostSignificantBits();
                if (bits != 0)
                {
                    return i + BitOperations.TrailingZeroCount(bits);
                }
            }
        }

        for (; i + Vector128<byte>.Count <= bytes.Length; i += Vector128<byte>.Count)
        {
            uint bits = Controls(Vector128.LoadUnsafe(ref start, (nuint)i)).ExtractMostSignificantBits();
            if (bits != 0)
            {
                return i + BitOperations.TrailingZeroCount(bits);
            }
        }

        if (i < bytes.Length && bytes.Length >= Vector128<byte>.Count)
        {
            // The rest once more with what precedes it, which is known to be clean.
            int last = bytes.Length - Vector128<byte>.Count;
            uint bits = Controls(Vector128.LoadUnsafe(ref start, (nuint)last)).ExtractMostSignificantBits();
            return bits != 0 ? last + BitOperations.TrailingZeroCount(bits) : -1;
        }

        for (; i < bytes.Length; i++)
        {
            if (IsControl(Unsafe.Add(ref start, i)))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>How many bytes are below 0x20 other than HTAB, or 0x7F.</summary>
    public static int CountControls(ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int i = 0;
        int count = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + Vector256<byte>.Count <= bytes.Length; i += Vector256<byte>.Count)
            {
                Vector256<byte> block = Vector256.LoadUnsafe(ref start, (nuint)i);
                count += BitOperations.PopCount(Controls(block).ExtractMostSignificantBits());
            }
        }

        for (; i + Vector128<byte>.Count <= bytes.Length; i += Vector128<byte>.Count)
        {
            Vector128<byte> block = Vector128.LoadUnsafe(ref start, (nuint)i);
            count += BitOperations.PopCount(Controls(block).ExtractMostSignificantBits());
        }

        for (; i < bytes.Length; i++)
        {
            count += IsControl(Unsafe.Add(ref start, i)) ? 1 : 0;
        }

        return count;
    }

    /// <summary>host [ ":" port ] (RFC 9110 §7.2): no userinfo, path, list, or empty host; port 0 to 65535.</summary>
    public static bool IsAuthority(ReadOnlySpan<byte> value, bool portRequired = false)
    {
        int hostLength;
        if (!value.IsEmpty && value[0] == '[')
        {
            hostLength = value.IndexOf((byte)']') + 1;
            if (hostLength < 4 || value[1..(hostLength - 1)].IndexOfAnyExcept(LiteralBytes) >= 0
                || !value[..hostLength].Contains((byte)':'))
            {
                return false;
            }
        }
        else
        {
            hostLength = value.IndexOfAnyExcept(HostBytes);
            hostLength = hostLength < 0 ? value.Length : hostLength;
        }

        if (hostLength == value.Length)
        {
            return hostLength != 0 && !portRequired;
        }

        return hostLength != 0 && value[hostLength] == ':' && IsPort(value[(hostLength + 1)..]);
    }

    private static bool IsPort(ReadOnlySpan<byte> digits)
    {
        int port = 0;
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            port = (port * 10) + (digit - '0');
            if (port > ushort.MaxValue)
            {
                return false;
            }
        }

        return digits.Length is > 0 and <= 5;
    }

    // Which of sixteen bytes are not token bytes. The lower half of a byte picks the set of upper halves that make a
    // token byte with it, one bit each; the upper half picks its bit; no common bit means no token byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint NotToken(Vector128<byte> block)
    {
        Vector128<byte> sets = Vector128.Create((byte)0xE8, 0xFC, 0xF8, 0xFC, 0xFC, 0xFC, 0xFC, 0xFC,
            0xF8, 0xF8, 0xF4, 0x54, 0xD0, 0x54, 0xF4, 0x70);
        Vector128<byte> bits = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0);
        Vector128<byte> lower = block & Vector128.Create((byte)0x0F);
        Vector128<byte> upper = Vector128.ShiftRightLogical(block.AsUInt16(), 4).AsByte() & Vector128.Create((byte)0x0F);
        Vector128<byte> found = Vector128.Shuffle(sets, lower) & Vector128.Shuffle(bits, upper);
        return Vector128.Equals(found, Vector128<byte>.Zero).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsControl(byte value) => (value < 0x20 && value != '\t') || value == 0x7F;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Controls(Vector128<byte> block) =>
        Vector128.AndNot(Vector128.Equals(Vector128.Min(block, Vector128.Create((byte)0x1F)), block),
            Vector128.Equals(block, Vector128.Create((byte)'\t')))
        | Vector128.Equals(block, Vector128.Create((byte)0x7F));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Controls(Vector256<byte> block) =>
        Vector256.AndNot(Vector256.Equals(Vector256.Min(block, Vector256.Create((byte)0x1F)), block),
            Vector256.Equals(block, Vector256.Create((byte)'\t')))
        | Vector256.Equals(block, Vector256.Create((byte)0x7F));
}
