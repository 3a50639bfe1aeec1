using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace FastMesh.Engine.Routing;

/// <summary>What an expression comes down to; all but one need no automaton.</summary>
internal enum Re2Shape
{
    /// <summary>Only the automaton tells.</summary>
    General,

    /// <summary>A literal.</summary>
    Exact,

    /// <summary>A literal, then <c>.*</c>.</summary>
    Prefix,

    /// <summary><c>.*</c>, then a literal.</summary>
    Suffix,

    /// <summary>A literal between two <c>.*</c>.</summary>
    Contains,
}

/// <summary>
/// An RE2 expression that must match the whole input, in time linear to the input and without allocation.
/// </summary>
/// <remarks>Inputs never hold a line feed: the parsers refuse control characters, so <c>.*</c> is "anything".</remarks>
internal sealed class Re2Pattern
{
    private const int StackChars = 512;
    private const string Special = @"\.+*?()[]{}|^$";

    private readonly string _translated;
    private Regex? _regex;

    private Re2Pattern(Re2Shape shape, byte[] literal, string translated)
    {
        Shape = shape;
        Literal = literal;
        _translated = translated;
    }

    /// <summary>What the expression comes down to.</summary>
    public Re2Shape Shape { get; }

    /// <summary>The literal of the shape; for <see cref="Re2Shape.General"/> what every match begins with.</summary>
    public byte[] Literal { get; }

    /// <summary>Checks an expression; the automaton is built by <see cref="Prepare"/> or the first match.</summary>
    /// <param name="pattern">RE2 syntax.</param>
    /// <param name="compiled">The result.</param>
    /// <param name="problem">What is wrong with it, naming the construct.</param>
    public static bool TryCompile(string pattern, [NotNullWhen(true)] out Re2Pattern? compiled, out string problem)
    {
        compiled = null;
        problem = TryTranslate(pattern, keepGroups: false, out string text, out _) ?? "";
        if (problem.Length > 0)
        {
            return false;
        }

        Re2Shape shape = FindShape(pattern, out byte[] literal);
        compiled = new Re2Pattern(shape, literal, $@"\A(?:{text})\z");
        return true;
    }

    /// <summary>Checks an expression and writes it for .NET; much cheaper than building an automaton.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? TryTranslate(string pattern, bool keepGroups, out string text, out int groups)
    {
        string? problem = Re2Translator.Translate(pattern, keepGroups, out text, out groups);
        if (problem is null)
        {
            try
            {
                _ = new Regex(text, RegexOptions.CultureInvariant);
                return null;
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException)
            {
                problem = "is not a regular expression: " + error.Message;
            }
        }

        return $"\"{pattern}\" {problem}";
    }

    /// <summary>Builds an automaton: linear in the input, whatever the expression.</summary>
    /// <param name="text">As <see cref="TryTranslate"/> wrote it.</param>
    public static Regex Build(string text) =>
        new(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>Builds the automaton now, so that no request waits for it.</summary>
    public void Prepare()
    {
        if (Shape == Re2Shape.General)
        {
            _regex ??= Build(_translated);
        }
    }

    /// <summary>Whether the whole input matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> input) => Shape switch
    {
        Re2Shape.Exact => input.SequenceEqual(Literal),
        Re2Shape.Prefix => input.StartsWith(Literal),
        Re2Shape.Suffix => input.EndsWith(Literal),
        Re2Shape.Contains => input.IndexOf(Literal) >= 0,
        _ => input.StartsWith(Literal) && IsMatchGeneral(input),
    };

    private bool IsMatchGeneral(ReadOnlySpan<byte> input)
    {
        Span<char> decoded =
            input.Length <= StackChars ? stackalloc char[StackChars] : RouteScratch.Chars(input.Length);
        int length = Encoding.Latin1.GetChars(input, decoded);

        // Two reactors may both build it; either will do.
        Regex regex = _regex ??= Build(_translated);
        return regex.IsMatch(decoded[..length]);
    }

    private static Re2Shape FindShape(string pattern, out byte[] literal)
    {
        literal = [];
        if (HasAlternative(pattern))
        {
            return Re2Shape.General;
        }

        int position = pattern.StartsWith('^') ? 1 : 0;
        bool anyBefore = string.CompareOrdinal(pattern, position, ".*", 0, 2) == 0
            && (position + 2 == pattern.Length || pattern[position + 2] is not ('?' or '*' or '+' or '{'));
        position += anyBefore ? 2 : 0;
        string run = LiteralRun(pattern, ref position);
        string rest = pattern[position..];
        literal = Encoding.UTF8.GetBytes(run);
        bool end = rest is "" or "$";
        bool anyAfter = rest is ".*" or ".*$" || (anyBefore && end && run.Length == 0);
        anyBefore &= run.Length > 0;
        if (anyBefore && !end && !anyAfter)
        {
            literal = [];
            return Re2Shape.General;
        }

        return (anyBefore, anyAfter, end) switch
        {
            (false, true, _) => Re2Shape.Prefix,
            (true, true, _) => Re2Shape.Contains,
            (false, _, true) => Re2Shape.Exact,
            (true, _, true) => Re2Shape.Suffix,
            _ => Re2Shape.General,
        };
    }

    /// <summary>Any bar that is not escaped counts, even in a class or group: too careful costs only speed.</summary>
    private static bool HasAlternative(string pattern)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
            {
                i++;
            }
            else if (pattern[i] == '|')
            {
                return true;
            }
        }

        return false;
    }

    private static string LiteralRun(string pattern, ref int position)
    {
        StringBuilder run = new();
        while (position < pattern.Length)
        {
            char c = pattern[position];
            int next = position + 1;
            if (c == '\\' && next < pattern.Length && char.IsPunctuation(pattern[next]))
            {
                c = pattern[next++];
            }
            else if (Special.Contains(c, StringComparison.Ordinal))
            {
                break;
            }

            // A character that is repeated is not a plain one; one above 0x7F may be half of a pair.
            if (c > 0x7F || (next < pattern.Length && pattern[next] is '*' or '?' or '+' or '{'))
            {
                break;
            }

            run.Append(c);
            position = next;
        }

        return run.ToString();
    }
}
