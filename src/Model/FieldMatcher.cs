namespace FastMesh.Model;

/// <summary>What a <see cref="FieldMatcher"/> looks at.</summary>
public enum FieldMatchKind
{
    /// <summary>Only whether the field is there.</summary>
    Present,

    /// <summary>The value of the field; repeated fields are joined with a comma first.</summary>
    Value,

    /// <summary>The value as a decimal number within a half-open range.</summary>
    Range,
}

/// <summary>
/// A test of one request field (envoy.config.route.v3.HeaderMatcher). Pseudo fields <c>:method</c>,
/// <c>:path</c>, <c>:scheme</c> and <c>:authority</c> (also spelled <c>host</c>) may be named.
/// </summary>
/// <remarks>
/// A missing field matches nothing, even inverted, unless <see cref="TreatMissingAsEmpty"/> is set;
/// only <see cref="FieldMatchKind.Present"/> inverts plainly.
/// </remarks>
public sealed record FieldMatcher
{
    /// <summary>Field name, in any case.</summary>
    public required string Name { get; init; }

    /// <summary>What is looked at.</summary>
    public FieldMatchKind Kind { get; init; }

    /// <summary>The wanted presence for <see cref="FieldMatchKind.Present"/>: false means "is absent".</summary>
    public bool Present { get; init; } = true;

    /// <summary>The test for <see cref="FieldMatchKind.Value"/>.</summary>
    public StringMatcher? Value { get; init; }

    /// <summary>First number that matches <see cref="FieldMatchKind.Range"/>.</summary>
    public long RangeStart { get; init; }

    /// <summary>First number past <see cref="FieldMatchKind.Range"/>.</summary>
    public long RangeEnd { get; init; }

    /// <summary>The result is turned round.</summary>
    public bool Invert { get; init; }

    /// <summary>A missing field counts as an empty value.</summary>
    public bool TreatMissingAsEmpty { get; init; }
}

/// <summary>A test of one query parameter (envoy.config.route.v3.QueryParameterMatcher).</summary>
/// <remarks>Names and values are compared as sent, without percent decoding; the first of a name counts.</remarks>
public sealed record QueryParameterMatcher
{
    /// <summary>Parameter name, case-sensitive.</summary>
    public required string Name { get; init; }

    /// <summary>The test of the value, or null when only presence counts.</summary>
    public StringMatcher? Value { get; init; }

    /// <summary>The wanted presence when <see cref="Value"/> is null.</summary>
    public bool Present { get; init; } = true;
}
