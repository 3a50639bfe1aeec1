using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Checks an RE2 expression and writes it for .NET, whose dialect differs: <c>$</c> there also matches before a last
/// line feed, <c>\w</c> and <c>\s</c> know Unicode, <c>[a-[b]]</c> subtracts, named groups are numbered last.
/// The input is bytes read as Latin-1, so a character above 0x7F becomes its UTF-8 bytes.
/// </summary>
internal sealed class Re2Translator
{
    /// <summary>Longest expression in characters; Istio's own are below 1,000.</summary>
    public const int PatternLengthMax = 4096;

    /// <summary>Most atoms after counted repetition is written out; bounds memory and compile time.</summary>
    public const int ProgramSizeMax = 10_000;

    /// <summary>Highest count of a repetition, as in RE2.</summary>
    public const int RepeatMax = 1000;

    private readonly Re2Cursor _cursor;
    private readonly string _pattern;
    private readonly bool _keepGroups;
    private readonly StringBuilder _output = new();
    private readonly Stack<Frame> _frames = new();
    private Frame _frame;
    private long _atom;

    private Re2Translator(string pattern, bool keepGroups)
    {
        _cursor = new Re2Cursor(pattern);
        _pattern = pattern;
        _keepGroups = keepGroups;
    }

    /// <summary>Translates.</summary>
    /// <param name="pattern">RE2 syntax.</param>
    /// <param name="keepGroups">Groups are wanted for a substitution.</param>
    /// <param name="translated">.NET syntax.</param>
    /// <param name="groups">How many groups were written.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Translate(string pattern, bool keepGroups, out string translated, out int groups)
    {
        Re2Translator translator = new(pattern, keepGroups);
        if (pattern.Length > PatternLengthMax)
        {
            translator._cursor.Fail($"is longer than {PatternLengthMax} characters");
        }

        while (translator._cursor.Problem is null && translator._cursor.Position < pattern.Length)
        {
            translator.Step();
        }

        if (translator._cursor.Problem is null && translator._frames.Count > 0)
        {
            translator._cursor.Fail("has an unclosed (");
        }

        translated = translator._output.ToString();
        groups = translator.Groups;
        return translator._cursor.Problem;
    }

    private int Groups { get; set; }

    private void Step()
    {
        char c = _pattern[_cursor.Position++];
        switch (c)
        {
            case '(':
                Open();
                break;
            case ')':
                Close();
                break;
            case '[':
                Atom(Class());
                break;
            case '\\':
                Escape();
                break;
            case '*' or '+' or '?':
                Repeat(c.ToString(), 2);
                break;
            case '{':
                Counted();
                break;
            case '|':
                _output.Append(c);
                _atom = 0;
                break;
            case '^':
                Assertion("^");
                break;
            case '$':
                Assertion(_frame.Multiline ? "$" : @"\z");
                break;
            case '.':
                Atom(".");
                break;
            default:
                Literal(c);
                break;
        }
    }

    private void Open()
    {
        if (!_cursor.Take("?"))
        {
            Enter(_keepGroups ? "(" : "(?:", _keepGroups, _frame);
            return;
        }

        if (_cursor.Take("P<") || (_cursor.Peek() == '<' && _cursor.PeekAt(1) is not ('=' or '!') && _cursor.Take("<")))
        {
            int end = _pattern.IndexOf('>', _cursor.Position);
            if (end < 0)
            {
                _cursor.Fail("has an unclosed group name");
                return;
            }

            _cursor.Position = end + 1;
            Enter(_keepGroups ? "(" : "(?:", _keepGroups, _frame);
            return;
        }

        Flags();
    }

    /// <summary><c>(?flags)</c> and <c>(?flags:…)</c>; RE2 has nothing else that begins with <c>(?</c>.</summary>
    private void Flags()
    {
        int start = _cursor.Position;
        Frame frame = _frame;
        bool on = true;
        while (_cursor.Position < _pattern.Length)
        {
            char c = _pattern[_cursor.Position++];
            switch (c)
            {
                case 'i':
                    frame.IgnoreCase = on;
                    break;
                case 'm':
                    frame.Multiline = on;
                    break;
                case 's':
                    break;
                case '-' when on:
                    on = false;
                    break;
                case ':':
                    Enter(string.Concat("(?", _pattern.AsSpan(start, _cursor.Position - start)), false, frame);
                    return;
                case ')' when _cursor.Position - 1 > start:
                    _output.Append("(?").Append(_pattern, start, _cursor.Position - start);
                    _frame.IgnoreCase = frame.IgnoreCase;
                    _frame.Multiline = frame.Multiline;
                    _atom = 0;
                    return;
                default:
                    _cursor.Fail($"has (?{_pattern[start..Math.Min(_pattern.Length, _cursor.Position)]}, which "
                        + (c == 'U' ? "is not supported" : "RE2 does not have"));
                    return;
            }
        }

        _cursor.Fail("has an unclosed (");
    }

    private void Enter(string opening, bool counts, Frame frame)
    {
        _output.Append(opening);
        Groups += counts ? 1 : 0;
        _frames.Push(_frame);
        frame.Size = 0;
        _frame = frame;
        _atom = 0;
    }

    private void Close()
    {
        if (_frames.Count == 0)
        {
            _cursor.Fail("has a ) without (");
            return;
        }

        long size = Math.Max(1, _frame.Size);
        _frame = _frames.Pop();
        Atom(")", size);
    }

    private void Escape()
    {
        if (_cursor.Position == _pattern.Length)
        {
            _cursor.Fail(@"ends in \");
            return;
        }

        char c = _pattern[_cursor.Position];
        string? set = Re2Classes.Escape(c);
        if (set is not null)
        {
            _cursor.Position++;
            Atom($"[{set}]");
        }
        else if (c is 'b' or 'B' or 'A' or 'z')
        {
            _cursor.Position++;
            Assertion("\\" + c);
        }
        else if (c == 'Q')
        {
            _cursor.Position++;
            Quoted();
        }
        else if (_cursor.EscapedCharacter(out int value))
        {
            Literal(value);
        }
    }

    private void Quoted()
    {
        int end = _pattern.IndexOf(@"\E", _cursor.Position, StringComparison.Ordinal);
        int stop = end < 0 ? _pattern.Length : end;
        while (_cursor.Position < stop)
        {
            Literal(_pattern[_cursor.Position++]);
        }

        _cursor.Position = end < 0 ? stop : stop + 2;
    }

    private string Class()
    {
        StringBuilder set = new("[");
        if (_cursor.Take("^"))
        {
            set.Append('^');
        }

        bool first = true;
        while (_cursor.Problem is null)
        {
            if (_cursor.Position == _pattern.Length)
            {
                _cursor.Fail("has an unclosed [");
                break;
            }

            if (_pattern[_cursor.Position] == ']' && !first)
            {
                _cursor.Position++;
                break;
            }

            first = false;
            ClassItem(set);
        }

        return set.Append(']').ToString();
    }

    private void ClassItem(StringBuilder set)
    {
        if (_cursor.Take("[:"))
        {
            int end = _pattern.IndexOf(":]", _cursor.Position, StringComparison.Ordinal);
            string name = end < 0 ? "" : _pattern[_cursor.Position..end];
            string? members = Re2Classes.Posix(name);
            if (members is null)
            {
                _cursor.Fail($"has [:{name}:], which is not a class of RE2");
                return;
            }

            set.Append(members);
            _cursor.Position = end + 2;
            return;
        }

        if (_cursor.Peek() == '\\' && Re2Classes.Escape(_cursor.PeekAt(1)) is { } escape)
        {
            _cursor.Position += 2;
            set.Append(escape);
            return;
        }

        if (!ClassCharacter(out int low))
        {
            return;
        }

        AppendHex(set, low);
        if (_cursor.Peek() != '-' || _cursor.PeekAt(1) is ']' or '\0')
        {
            return;
        }

        _cursor.Position++;
        if (ClassCharacter(out int high))
        {
            if (high < low)
            {
                _cursor.Fail("has a range in reverse order");
            }

            set.Append('-');
            AppendHex(set, high);
        }
    }

    private bool ClassCharacter(out int value)
    {
        value = _pattern[_cursor.Position++];
        if (value == '\\')
        {
            if (_cursor.Position == _pattern.Length)
            {
                _cursor.Fail(@"ends in \");
                return false;
            }

            if (!_cursor.EscapedCharacter(out value))
            {
                return false;
            }
        }

        if (value > 0x7F)
        {
            _cursor.Fail("has a character above 0x7F in [ ]; paths and fields are matched as bytes");
            return false;
        }

        return true;
    }

    /// <summary><c>{n}</c>, <c>{n,}</c> or <c>{n,m}</c>; anything else in braces is literal.</summary>
    private void Counted()
    {
        int end = _pattern.IndexOf('}', _cursor.Position);
        string inner = end < 0 ? "" : _pattern[_cursor.Position..end];
        int comma = inner.IndexOf(',', StringComparison.Ordinal);
        string low = comma < 0 ? inner : inner[..comma];
        string high = comma < 0 ? inner : inner[(comma + 1)..];
        if (!Number(low, out int from) || (high.Length > 0 && !Number(high, out _)))
        {
            Literal('{');
            return;
        }

        int to = high.Length == 0 ? from + 1 : int.Parse(high, CultureInfo.InvariantCulture);
        if (from > RepeatMax || to > RepeatMax + 1 || (high.Length > 0 && (to < from || to > RepeatMax)))
        {
            _cursor.Fail($"has the repetition {{{inner}}}; counts must rise and be at most {RepeatMax}");
            return;
        }

        _cursor.Position = end + 1;
        Repeat($"{{{inner}}}", to);
    }

    private static bool Number(string text, out int value)
    {
        value = 0;
        return text.Length is > 0 and < 9
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private void Repeat(string text, int times)
    {
        if (_atom <= 0)
        {
            _cursor.Fail($"has {text} with nothing to repeat");
            return;
        }

        _output.Append(text);
        if (_cursor.Take("?"))
        {
            _output.Append('?');
        }

        Grow(_atom * Math.Max(1, times - 1));
        _atom = 0;
    }

    private void Literal(int value)
    {
        if (value <= 0x7F)
        {
            StringBuilder one = new();
            AppendHex(one, value);
            Atom(one.ToString());
            return;
        }

        if (_frame.IgnoreCase)
        {
            _cursor.Fail("has a character above 0x7F under (?i); paths and fields are matched as bytes");
            return;
        }

        StringBuilder group = new("(?:");
        if (char.IsHighSurrogate((char)value) && char.IsLowSurrogate(_cursor.Peek()))
        {
            value = char.ConvertToUtf32((char)value, _pattern[_cursor.Position++]);
        }

        Span<byte> utf8 = stackalloc byte[4];
        Rune rune = Rune.IsValid(value) ? new Rune(value) : Rune.ReplacementChar;
        foreach (byte unit in utf8[..rune.EncodeToUtf8(utf8)])
        {
            AppendHex(group, unit);
        }

        Atom(group.Append(')').ToString());
    }

    private static void AppendHex(StringBuilder output, int value)
    {
        if (char.IsAsciiLetterOrDigit((char)value))
        {
            output.Append((char)value);
            return;
        }

        output.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}");
    }

    private void Assertion(string text)
    {
        _output.Append(text);
        _atom = 0;
    }

    private void Atom(string text, long size = 1)
    {
        _output.Append(text);
        _atom = size;
        Grow(size);
    }

    private void Grow(long size)
    {
        _frame.Size += size;
        if (_frame.Size > ProgramSizeMax)
        {
            _cursor.Fail($"is too large: more than {ProgramSizeMax} atoms once repetitions are written out");
        }
    }

    private struct Frame
    {
        public bool IgnoreCase;
        public bool Multiline;
        public long Size;
    }
}
