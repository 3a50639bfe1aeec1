using System;
using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>How the bytes of a row arrive.</summary>
internal static class Pieces
{
    /// <summary>Stands in a row where an awkward split falls.</summary>
    public const char Mark = '\u2502';

    /// <summary>Longest message that also arrives byte by byte.</summary>
    private const int ByteByByteMax = 400;

    public static string Whole(string text) => text.Replace(Mark.ToString(), "", StringComparison.Ordinal);

    /// <summary>Whole, split at its mark (its middle without one), and byte by byte when it is short.</summary>
    public static IEnumerable<string> Of(string text)
    {
        string whole = Whole(text);
        yield return whole;
        yield return text.Contains(Mark, StringComparison.Ordinal)
            ? text
            : whole[..(whole.Length / 2)] + Mark + whole[(whole.Length / 2)..];
        if (whole.Length <= ByteByByteMax)
        {
            yield return string.Join(Mark, whole.AsEnumerable());
        }
    }
}
