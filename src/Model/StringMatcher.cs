namespace FastMesh.Model;

/// <summary>How a <see cref="StringMatcher"/> compares (envoy.type.matcher.v3.StringMatcher).</summary>
public enum StringMatchKind
{
    /// <summary>The whole input equals the value.</summary>
    Exact,

    /// <summary>The input starts with the value.</summary>
    Prefix,

    /// <summary>The input ends with the value.</summary>
    Suffix,

    /// <summary>The value occurs somewhere in the input.</summary>
    Contains,

    /// <summary>The value is an RE2 expression that matches the whole input.</summary>
    Regex,
}

/// <summary>A test of one string (envoy.type.matcher.v3.StringMatcher).</summary>
/// <param name="Kind">How to compare.</param>
/// <param name="Value">The literal, or the RE2 expression of <see cref="StringMatchKind.Regex"/>.</param>
/// <param name="IgnoreCase">ASCII case does not count; never for <see cref="StringMatchKind.Regex"/>.</param>
public sealed record StringMatcher(StringMatchKind Kind, string Value, bool IgnoreCase = false);

/// <summary>
/// Replaces every match of an expression (envoy.type.matcher.v3.RegexMatchAndSubstitute).
/// </summary>
/// <param name="Pattern">RE2 expression, matched anywhere in the input.</param>
/// <param name="Substitution">Replacement; <c>\0</c>…<c>\9</c> are groups, <c>\\</c> is a backslash.</param>
public sealed record RegexRewrite(string Pattern, string Substitution);
