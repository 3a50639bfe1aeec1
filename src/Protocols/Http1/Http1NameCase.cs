using System;

namespace FastMesh.Protocols.Http1;

/// <summary>
/// Envoy's <c>proper_case_words</c>: a capital where a word of a field name begins, small letters else. Names are equal
/// in any case (RFC 9110 §5.1); some old peers still look at it.
/// </summary>
internal static class Http1NameCase
{
    /// <summary>Changes the field names of a written head in place.</summary>
    /// <param name="head">Start line, field lines and empty line, each ended by CRLF.</param>
    public static void CapitalizeHead(Span<byte> head)
    {
        int startLine = head.IndexOf((byte)'\n') + 1;
        CapitalizeFields(head[startLine..]);
    }

    /// <summary>Changes the field names of written field lines in place; an empty line ends them.</summary>
    public static void CapitalizeFields(Span<byte> lines)
    {
        while (true)
        {
            int colon = lines.IndexOf((byte)':');
            int end = lines.IndexOf((byte)'\n');
            if (colon < 0 || end < colon)
            {
                return;
            }

            CapitalizeName(lines[..colon]);
            lines = lines[(end + 1)..];
        }
    }

    private static void CapitalizeName(Span<byte> name)
    {
        bool begins = true;
        foreach (ref byte letter in name)
        {
            bool isLetter = (uint)((letter | 0x20) - 'a') < 26;
            if (isLetter)
            {
                letter = (byte)(begins ? letter & ~0x20 : letter | 0x20);
            }

            begins = !isLetter && (uint)(letter - '0') > 9;
        }
    }
}
