using System;
using System.Collections.Generic;
using System.Text;

namespace FastMesh.Tls.OpenSsl;

/// <summary>Names of subjects and issuers as text (RFC 2253): the last part first.</summary>
internal static class DistinguishedName
{
    private const byte Utf8String = 0x0C;
    private const byte PrintableString = 0x13;
    private const byte TeletexString = 0x14;
    private const byte Ia5String = 0x16;
    private const byte BmpString = 0x1E;

    /// <summary>Content of a Name to text; false when it is malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> name, out string text)
    {
        text = string.Empty;
        List<string> parts = [];
        DerReader sets = new(name);
        while (!sets.IsEmpty)
        {
            if (!sets.TryRead(DerReader.Set, out ReadOnlySpan<byte> set) || !TryReadSet(set, out string part))
            {
                return false;
            }

            parts.Add(part);
        }

        parts.Reverse();
        text = string.Join(',', parts);
        return true;
    }

    private static bool TryReadSet(ReadOnlySpan<byte> set, out string text)
    {
        StringBuilder joined = new();
        DerReader attributes = new(set);
        text = string.Empty;
        while (!attributes.IsEmpty)
        {
            if (!attributes.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> attribute))
            {
                return false;
            }

            DerReader pair = new(attribute);
            if (!pair.TryRead(DerReader.ObjectIdentifier, out ReadOnlySpan<byte> type)
                || !pair.TryRead(out byte tag, out ReadOnlySpan<byte> value, out ReadOnlySpan<byte> whole))
            {
                return false;
            }

            joined.Append(joined.Length > 0 ? "+" : string.Empty).Append(TypeName(type)).Append('=');
            AppendValue(joined, tag, value, whole);
        }

        text = joined.ToString();
        return true;
    }

    private static void AppendValue(
        StringBuilder text, byte tag, ReadOnlySpan<byte> value, ReadOnlySpan<byte> whole)
    {
        string? letters = tag switch
        {
            Utf8String or PrintableString or Ia5String => Encoding.UTF8.GetString(value),
            TeletexString => Encoding.Latin1.GetString(value),
            BmpString => Encoding.BigEndianUnicode.GetString(value),
            _ => null,
        };
        if (letters is null)
        {
            text.Append('#').Append(Convert.ToHexString(whole));
            return;
        }

        for (int i = 0; i < letters.Length; i++)
        {
            char letter = letters[i];
            bool edge = (i == 0 && letter is ' ' or '#') || (i == letters.Length - 1 && letter == ' ');
            if (letter is ',' or '+' or '"' or '\\' or '<' or '>' or ';' || edge)
            {
                text.Append('\\').Append(letter);
            }
            else if (letter < 0x20 || letter == 0x7F)
            {
                text.Append('\\').Append(((int)letter).ToString("X2", null));
            }
            else
            {
                text.Append(letter);
            }
        }
    }

    private static string TypeName(ReadOnlySpan<byte> type) => type switch
    {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x04] => "SN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x09] => "street",
        [0x55, 0x04, 0x0A] => "O",
        [0x55, 0x04, 0x0B] => "OU",
        [0x55, 0x04, 0x0C] => "title",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01] => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x01] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19] => "DC",
        _ => Dotted(type),
    };

    // X.690 §8.19: base 128, the first two arcs in one number. An arc too large for 64 bits is shown as it wraps.
    private static string Dotted(ReadOnlySpan<byte> type)
    {
        StringBuilder text = new();
        ulong arc = 0;
        foreach (byte octet in type)
        {
            arc = (arc << 7) | (uint)(octet & 0x7F);
            if ((octet & 0x80) != 0)
            {
                continue;
            }

            if (text.Length == 0)
            {
                ulong first = Math.Min(arc / 40, 2);
                text.Append(first).Append('.').Append(arc - (first * 40));
            }
            else
            {
                text.Append('.').Append(arc);
            }

            arc = 0;
        }

        return text.ToString();
    }
}
