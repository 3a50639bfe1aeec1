namespace FastMesh.Model;

/// <summary>Where an access log goes.</summary>
public enum AccessLogSinkKind
{
    /// <summary>A file, opened for appending.</summary>
    File,

    /// <summary>Standard output.</summary>
    StandardOutput,

    /// <summary>Standard error.</summary>
    StandardError,
}

/// <summary>How a log filter compares.</summary>
public enum ComparisonOperator
{
    /// <summary>Equal.</summary>
    Equal,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual,

    /// <summary>Less or equal.</summary>
    LessOrEqual,

    /// <summary>Not equal.</summary>
    NotEqual,
}

/// <summary>Which exchanges are logged (envoy.config.accesslog.v3.AccessLogFilter): one of the records below.</summary>
public abstract record AccessLogFilter
{
    private protected AccessLogFilter()
    {
    }
}

/// <summary>By response status.</summary>
public sealed record StatusCodeLogFilter(ComparisonOperator Operator, uint Value) : AccessLogFilter;

/// <summary>By duration in milliseconds.</summary>
public sealed record DurationLogFilter(ComparisonOperator Operator, uint Milliseconds) : AccessLogFilter;

/// <summary>By response flags; empty takes any flag.</summary>
public sealed record ResponseFlagLogFilter(ValueList<string> Flags) : AccessLogFilter;

/// <summary>By a field of the request.</summary>
public sealed record FieldLogFilter(FieldMatcher Field) : AccessLogFilter;

/// <summary>All of them.</summary>
public sealed record AndLogFilter(ValueList<AccessLogFilter> Filters) : AccessLogFilter;

/// <summary>Any of them.</summary>
public sealed record OrLogFilter(ValueList<AccessLogFilter> Filters) : AccessLogFilter;

/// <summary>One member of a JSON log line: a format, or an object of members.</summary>
/// <param name="Name">Member name.</param>
/// <param name="Format">Value with command operators; null for an object.</param>
/// <param name="Members">Members of an object.</param>
public sealed record JsonLogMember(string Name, string? Format, ValueList<JsonLogMember> Members);

/// <summary>One access log (envoy.config.accesslog.v3.AccessLog).</summary>
public sealed record AccessLogSettings
{
    /// <summary>Where lines go.</summary>
    public AccessLogSinkKind Sink { get; init; } = AccessLogSinkKind.StandardOutput;

    /// <summary>Path of a file sink.</summary>
    public string Path { get; init; } = "";

    /// <summary>Text format, its newline included; null with <see cref="Json"/> empty takes Envoy's default.</summary>
    public string? TextFormat { get; init; }

    /// <summary>Members of a JSON line; empty for text.</summary>
    public ValueList<JsonLogMember> Json { get; init; } = [];

    /// <summary>Leave members without a value out, and write nothing instead of <c>-</c> in text.</summary>
    public bool OmitEmptyValues { get; init; }

    /// <summary>Which exchanges are logged; null logs all.</summary>
    public AccessLogFilter? Filter { get; init; }
}
