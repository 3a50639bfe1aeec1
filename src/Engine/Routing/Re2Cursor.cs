using System;
using System.Globalization;
using System.Text;

namespace FastMesh.Engine.Routing;

/// <summary>A position in an RE2 expression, and the first problem found in it.</summary>
internal sealed class Re2Cursor
{
    private readonly string _pattern;

    /// <summary>Starts at the first character.</summary>
    public Re2Cursor(string pattern) => _pattern = pattern;

    /// <summary>The index of the next character.</summary>
    public int Position { get; set; }

    /// <summary>What is wrong, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>The next character, or NUL.</summary>
    public char Peek() => PeekAt(0);

    /// <summary>A later character, or NUL.</summary>
    public char PeekAt(int ahead) =>
        Position + ahead < _pattern.Length ? _pattern[Position + ahead] : '\0';

    /// <summary>Steps over a text when it is next.</summary>
    public bool Take(string text)
    {
        if (string.CompareOrdinal(_pattern, Position, text, 0, text.Length) != 0)
        {
            return false;
        }

        Position += text.Length;
        return true;
    }

    /// <summary>Keeps the first problem.</summary>
    public void Fail(string problem) => Problem ??= problem;

    /// <summary>A character after a backslash, in a class or outside.</summary>
    public bool EscapedCharacter(out int value)
    {
        char c = _pattern[Position++];
        value = c switch
        {
            'a' => '\a',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            _ => c,
        };
        if (c == 'x')
        {
            return Hexadecimal(out value);
        }

        if (c is '0' || (c is >= '1' and <= '7' && Peek() is >= '0' and <= '7'))
        {
            value = c - '0';
            for (int i = 0; i < 2 && Peek() is >= '0' and <= '7'; i++)
            {
                value = (value * 8) + (_pattern[Position++] - '0');
            }

            return true;
        }

        if (value == c && char.IsAsciiLetterOrDigit(c))
        {
            Fail($"has \\{c}, which RE2 does not have" + (char.IsAsciiDigit(c) ? " (no back-references)" : ""));
            return false;
        }

        return true;
    }

    private bool Hexadecimal(out int value)
    {
        ReadOnlySpan<char> digits;
        if (Take("{"))
        {
            int end = _pattern.IndexOf('}', Position);
            digits = end < 0 ? default : _pattern.AsSpan(Position, end - Position);
            Position = end < 0 ? _pattern.Length : end + 1;
        }
        else
        {
            digits = _pattern.AsSpan(Position, Math.Min(2, _pattern.Length - Position));
            Position += digits.Length;
        }

        if (int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            && Rune.IsValid(value))
        {
            return true;
        }

        Fail(@"has a bad \x");
        return false;
    }
}
