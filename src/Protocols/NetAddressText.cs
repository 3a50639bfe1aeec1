using System;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace FastMesh.Protocols;

/// <summary>The canonical text of addresses (RFC 5952 for IPv6).</summary>
internal static class NetAddressText
{
    /// <summary>Writes the text of an address; see <see cref="NetAddress.TryFormat"/>.</summary>
    public static bool TryFormat(in NetAddress address, Span<byte> utf8, out int written, bool withPort)
    {
        Span<byte> text = stackalloc byte[NetAddress.FormattedLengthMax];
        int length = 0;
        switch (address.Kind)
        {
            case NetAddressKind.IPv4:
                length = WriteIPv4(address.IPv4Value, text);
                break;
            case NetAddressKind.IPv6:
                Span<byte> bytes = stackalloc byte[16];
                address.WriteBytes(bytes);
                length = WriteIPv6(bytes, text, withPort);
                break;
            case NetAddressKind.Unix:
                "unix"u8.CopyTo(text);
                length = 4;
                break;
            default:
                text[0] = (byte)'-';
                length = 1;
                break;
        }

        if (withPort && address.BitLength != 0)
        {
            text[length++] = (byte)':';
            Utf8Formatter.TryFormat(address.Port, text[length..], out int digits);
            length += digits;
        }

        written = length;
        return text[..length].TryCopyTo(utf8);
    }

    private static int WriteIPv4(uint value, Span<byte> text)
    {
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            uint part = (value >> shift) & 0xFF;
            if (part >= 100)
            {
                text[length++] = (byte)('0' + (part / 100));
            }

            if (part >= 10)
            {
                text[length++] = (byte)('0' + (part / 10 % 10));
            }

            text[length++] = (byte)('0' + (part % 10));
            if (shift != 0)
            {
                text[length++] = (byte)'.';
            }
        }

        return length;
    }

    // RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups becomes "::".
    private static int WriteIPv6(ReadOnlySpan<byte> bytes, Span<byte> text, bool brackets)
    {
        (int runStart, int runLength) = LongestZeroRun(bytes);
        int length = 0;
        if (brackets)
        {
            text[length++] = (byte)'[';
        }

        for (int group = 0; group < 8; group++)
        {
            if (group == runStart && runLength >= 2)
            {
                text[length++] = (byte)':';
                text[length++] = (byte)':';
                group += runLength - 1;
                continue;
            }

            if (group != 0 && !(runLength >= 2 && group == runStart + runLength))
            {
                text[length++] = (byte)':';
            }

            Utf8Formatter.TryFormat(BinaryPrimitives.ReadUInt16BigEndian(bytes[(group * 2)..]), text[length..],
                out int digits, new System.Buffers.StandardFormat('x'));
            length += digits;
        }

        if (brackets)
        {
            text[length++] = (byte)']';
        }

        return length;
    }

    private static (int Start, int Length) LongestZeroRun(ReadOnlySpan<byte> bytes)
    {
        int bestStart = -1;
        int bestLength = 0;
        int length = 0;
        for (int group = 0; group < 8; group++)
        {
            length = (bytes[group * 2] | bytes[(group * 2) + 1]) == 0 ? length + 1 : 0;
            if (length > bestLength)
            {
                bestLength = length;
                bestStart = group - length + 1;
            }
        }

        return (bestStart, bestLength);
    }
}
