using System;
using System.Collections.Generic;
using System.Text;

namespace FastMesh.Tls.OpenSsl;

/// <summary>Lists of application protocols as RFC 7301 §3.1 writes them: each with its length before it.</summary>
internal static class Alpn
{
    /// <summary>The most bytes of one name.</summary>
    public const int NameBytesMax = 255;

    /// <summary>Names to a list; the names were checked.</summary>
    public static byte[] Encode(IReadOnlyList<string> names)
    {
        List<byte> list = [];
        foreach (string name in names)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(name);
            list.Add((byte)bytes.Length);
            list.AddRange(bytes);
        }

        return [.. list];
    }

    /// <summary>Whether a list holds a name.</summary>
    public static bool Contains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> name)
    {
        while (TryTake(ref list, out ReadOnlySpan<byte> found))
        {
            if (found.SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes the first name off a list; false at its end or when it is malformed.</summary>
    public static bool TryTake(scoped ref ReadOnlySpan<byte> list, out ReadOnlySpan<byte> name)
    {
        if (list.IsEmpty || list.Length <= list[0])
        {
            name = default;
            return false;
        }

        name = list.Slice(1, list[0]);
        list = list[(1 + name.Length)..];
        return true;
    }
}
