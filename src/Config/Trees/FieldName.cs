using System;
using System.Text;

namespace FastMesh.Config.Trees;

/// <summary>Names of protobuf fields as JSON writes them.</summary>
internal static class FieldName
{
    /// <summary>
    /// Whether a name in a file is the field: its proto name (<c>stat_prefix</c>) or its JSON name
    /// (<c>statPrefix</c>: underscores go, the letter after one is in upper case).
    /// </summary>
    public static bool Matches(ReadOnlySpan<char> written, ReadOnlySpan<char> field)
    {
        if (written.SequenceEqual(field))
        {
            return true;
        }

        int at = 0;
        bool upper = false;
        foreach (char letter in field)
        {
            if (letter == '_')
            {
                upper = true;
                continue;
            }

            char expected = upper ? char.ToUpperInvariant(letter) : letter;
            upper = false;
            if (at == written.Length || written[at] != expected)
            {
                return false;
            }

            at++;
        }

        return at == written.Length;
    }

    /// <summary>A JSON name as a proto name, as far as that can be told: <c>lbPolicy</c> is <c>lb_policy</c>.</summary>
    public static string ToSnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterUpper(letter))
            {
                text.Append(text.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(letter));
            }
            else
            {
                text.Append(letter);
            }
        }

        return text.ToString();
    }

    /// <summary>Edits between two names (Levenshtein), at most <paramref name="max"/> + 1.</summary>
    public static int Distance(ReadOnlySpan<char> left, ReadOnlySpan<char> right, int max)
    {
        if (Math.Abs(left.Length - right.Length) > max || right.Length > 255)
        {
            return max + 1;
        }

        Span<int> row = stackalloc int[right.Length + 1];
        for (int index = 0; index < row.Length; index++)
        {
            row[index] = index;
        }

        foreach (char letter in left)
        {
            int diagonal = row[0]++;
            for (int index = 1; index < row.Length; index++)
            {
                int replaced = diagonal + (letter == right[index - 1] ? 0 : 1);
                diagonal = row[index];
                row[index] = Math.Min(replaced, Math.Min(diagonal, row[index - 1]) + 1);
            }
        }

        return row[^1];
    }
}
