using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>
/// A compiled <see cref="RegexRewrite"/>: replaces every match, as RE2's <c>GlobalReplace</c> does. Without groups in
/// the substitution nothing is allocated; with them, .NET allocates one match object for each match.
/// </summary>
internal sealed class TextRewrite
{
    private readonly Regex _regex;
    private readonly Piece[] _pieces;
    private readonly bool _usesGroups;

    private TextRewrite(Regex regex, Piece[] pieces, bool usesGroups)
    {
        _regex = regex;
        _pieces = pieces;
        _usesGroups = usesGroups;
    }

    /// <summary>Compiles.</summary>
    /// <param name="model">What to replace, and by what.</param>
    /// <param name="compiled">The result.</param>
    /// <param name="problem">What is wrong with it.</param>
    public static bool TryCompile(
        RegexRewrite model, [NotNullWhen(true)] out TextRewrite? compiled, out string problem)
    {
        compiled = null;
        problem = Re2Pattern.TryTranslate(model.Pattern, keepGroups: true, out string pattern, out int groups) ?? "";
        if (problem.Length > 0)
        {
            return false;
        }

        List<Piece> pieces = [];
        bool usesGroups = false;
        StringBuilder literal = new();
        string text = model.Substitution;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                literal.Append(text[i]);
                continue;
            }

            char next = ++i < text.Length ? text[i] : '\0';
            if (next == '\\')
            {
                literal.Append(next);
            }
            else if (char.IsAsciiDigit(next) && next - '0' <= groups)
            {
                Flush(literal, pieces);
                pieces.Add(new Piece([], next - '0'));
                usesGroups = true;
            }
            else
            {
                problem = char.IsAsciiDigit(next)
                    ? $"substitution \"{text}\" uses \\{next}, but the pattern has {groups} groups"
                    : $"substitution \"{text}\" has \\ before something that is neither a digit nor \\";
                return false;
            }
        }

        Flush(literal, pieces);
        compiled = new TextRewrite(Re2Pattern.Build(pattern), pieces.ToArray(), usesGroups);
        return true;
    }

    /// <summary>Appends the rewritten input.</summary>
    /// <param name="input">Not in the scratch itself.</param>
    /// <param name="output">Takes the result.</param>
    public void Apply(ReadOnlySpan<byte> input, RouteScratch output)
    {
        if (_usesGroups)
        {
            ApplyGroups(input, output);
            return;
        }

        char[] rented = RouteScratch.Chars(input.Length);
        ReadOnlySpan<char> chars = rented.AsSpan(0, Encoding.Latin1.GetChars(input, rented));
        int last = 0;
        foreach (ValueMatch match in _regex.EnumerateMatches(chars))
        {
            if (IsEmptyAfterMatch(match.Index, match.Length, last))
            {
                continue;
            }

            output.Append(input[last..match.Index]);
            foreach (Piece piece in _pieces)
            {
                output.Append(piece.Literal);
            }

            last = match.Index + match.Length;
        }

        output.Append(input[last..]);
    }

    private void ApplyGroups(ReadOnlySpan<byte> input, RouteScratch output)
    {
        int last = 0;
        for (Match match = _regex.Match(Encoding.Latin1.GetString(input)); match.Success; match = match.NextMatch())
        {
            if (IsEmptyAfterMatch(match.Index, match.Length, last))
            {
                continue;
            }

            output.Append(input[last..match.Index]);
            foreach (Piece piece in _pieces)
            {
                Group group = match.Groups[Math.Max(0, piece.Group)];
                output.Append(piece.Group < 0 ? piece.Literal : input.Slice(group.Index, group.Length));
            }

            last = match.Index + match.Length;
        }

        output.Append(input[last..]);
    }

    /// <summary>RE2 replaces no empty match right behind another: <c>.*</c> replaces "abc" once, not twice.</summary>
    private static bool IsEmptyAfterMatch(int index, int length, int last) =>
        length == 0 && index == last && index > 0;

    private static void Flush(StringBuilder literal, List<Piece> pieces)
    {
        if (literal.Length > 0)
        {
            pieces.Add(new Piece(Encoding.UTF8.GetBytes(literal.ToString()), -1));
            literal.Clear();
        }
    }

    /// <summary>Literal bytes, or a group when its number is not negative.</summary>
    private readonly record struct Piece(byte[] Literal, int Group);
}
