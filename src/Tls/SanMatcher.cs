using System;
using System.Text.RegularExpressions;

namespace FastMesh.Tls;

/// <summary>How a <see cref="SanMatcher"/> compares.</summary>
public enum SanMatchKind : byte
{
    /// <summary>
    /// The whole name; a DNS name of the certificate may begin with a wildcard label (RFC 6125 §6.4.3).
    /// </summary>
    Exact,

    /// <summary>The name begins with the value.</summary>
    Prefix,

    /// <summary>The name ends with the value.</summary>
    Suffix,

    /// <summary>The value stands somewhere in the name.</summary>
    Contains,

    /// <summary>An expression that runs without backtracking matches the whole name.</summary>
    Regex,
}

/// <summary>A test of the names in a certificate. A name is compared in its whole length.</summary>
public sealed class SanMatcher
{
    private readonly Regex? _regex;

    /// <summary>A test by a literal value.</summary>
    /// <param name="kind">How to compare; not <see cref="SanMatchKind.Regex"/>.</param>
    /// <param name="value">The value.</param>
    /// <param name="type">The only kind of name that counts; null for all kinds.</param>
    /// <param name="ignoreCase">ASCII case does not count. For DNS names it never does.</param>
    public SanMatcher(SanMatchKind kind, string value, SanType? type = null, bool ignoreCase = false)
    {
        if (kind == SanMatchKind.Regex)
        {
            throw new ArgumentException("an expression is given compiled", nameof(kind));
        }

        Kind = kind;
        Value = value;
        Type = type;
        IgnoreCase = ignoreCase;
    }

    /// <summary>A test by an expression.</summary>
    /// <param name="regex">Compiled with <see cref="RegexOptions.NonBacktracking"/>: a peer chooses the input.</param>
    /// <param name="type">The only kind of name that counts; null for all kinds.</param>
    public SanMatcher(Regex regex, SanType? type = null)
    {
        if ((regex.Options & RegexOptions.NonBacktracking) == 0)
        {
            throw new ArgumentException("the expression must run without backtracking", nameof(regex));
        }

        Kind = SanMatchKind.Regex;
        Value = regex.ToString();
        Type = type;
        _regex = regex;
    }

    /// <summary>How the name is compared.</summary>
    public SanMatchKind Kind { get; }

    /// <summary>The value or the expression.</summary>
    public string Value { get; }

    /// <summary>The only kind of name that counts; null for all.</summary>
    public SanType? Type { get; }

    /// <summary>ASCII case does not count.</summary>
    public bool IgnoreCase { get; }

    /// <summary>Whether a name passes.</summary>
    public bool Matches(in SubjectAltName name)
    {
        if (Type is { } type && type != name.Type)
        {
            return false;
        }

        bool ignoreCase = IgnoreCase || name.Type == SanType.Dns;
        StringComparison comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return Kind switch
        {
            SanMatchKind.Exact => name.Value.Equals(Value, comparison)
                || (name.Type == SanType.Dns && MatchesWildcard(name.Value, Value)),
            SanMatchKind.Prefix => name.Value.StartsWith(Value, comparison),
            SanMatchKind.Suffix => name.Value.EndsWith(Value, comparison),
            SanMatchKind.Contains => name.Value.Contains(Value, comparison),
            _ => MatchesWhole(name.Value),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type?.ToString() ?? "any"} {Kind} {Value}";

    // "*.example.com" stands for exactly one label in place of the star, and at least two labels follow it.
    private static bool MatchesWildcard(string pattern, string host)
    {
        if (!pattern.StartsWith("*.", StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> tail = pattern.AsSpan(1);
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && tail.LastIndexOf('.') > 0 && !tail.Contains('*')
            && host.AsSpan(dot).Equals(tail, StringComparison.OrdinalIgnoreCase);
    }

    private bool MatchesWhole(string name)
    {
        foreach (ValueMatch match in _regex!.EnumerateMatches(name))
        {
            if (match.Index == 0 && match.Length == name.Length)
            {
                return true;
            }
        }

        return false;
    }
}
