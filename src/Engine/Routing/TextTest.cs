using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>A compiled <see cref="StringMatcher"/>.</summary>
internal sealed class TextTest
{
    private readonly StringMatchKind _kind;
    private readonly byte[] _value;
    private readonly bool _fold;
    private readonly Re2Pattern? _pattern;

    private TextTest(StringMatchKind kind, byte[] value, bool fold, Re2Pattern? pattern)
    {
        _kind = kind;
        _value = value;
        _fold = fold;
        _pattern = pattern;
    }

    /// <summary>Compiles; a matcher with a problem matches nothing.</summary>
    /// <param name="model">What to test.</param>
    /// <param name="path">Where it stands in the configuration.</param>
    /// <param name="problems">Takes what is wrong with it.</param>
    public static TextTest Compile(StringMatcher model, string path, List<ConfigProblem> problems)
    {
        Re2Pattern? pattern = null;
        if (model.Kind == StringMatchKind.Regex)
        {
            if (!Re2Pattern.TryCompile(model.Value, out pattern, out string problem))
            {
                problems.Add(new ConfigProblem(path, problem));
            }
            else if (model.IgnoreCase)
            {
                problems.Add(new ConfigProblem(path, "ignore_case does not go with safe_regex; write (?i)"));
            }

            pattern?.Prepare();
        }
        else if (model.Value.Length == 0 && model.Kind != StringMatchKind.Exact)
        {
            problems.Add(new ConfigProblem(path, "is empty; a prefix, suffix or contains needs a character"));
        }

        byte[] value = Encoding.UTF8.GetBytes(model.Value);
        return new TextTest(model.Kind, model.IgnoreCase ? AsciiFold.ToLower(value) : value, model.IgnoreCase, pattern);
    }

    /// <summary>Whether the text passes.</summary>
    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        if (_kind == StringMatchKind.Regex)
        {
            return _pattern is not null && _pattern.IsMatch(text);
        }

        if (text.Length < _value.Length)
        {
            return false;
        }

        return _kind switch
        {
            StringMatchKind.Exact => text.Length == _value.Length && Same(text),
            StringMatchKind.Prefix => Same(text[.._value.Length]),
            StringMatchKind.Suffix => Same(text[^_value.Length..]),
            _ => _fold ? ContainsFolded(text) : text.IndexOf(_value) >= 0,
        };
    }

    private bool Same(ReadOnlySpan<byte> text) =>
        _fold ? AsciiFold.EqualsLower(text, _value) : text.SequenceEqual(_value);

    private bool ContainsFolded(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i <= text.Length - _value.Length; i++)
        {
            if (AsciiFold.EqualsLower(text.Slice(i, _value.Length), _value))
            {
                return true;
            }
        }

        return false;
    }
}
