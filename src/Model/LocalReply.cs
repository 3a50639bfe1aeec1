namespace FastMesh.Model;

/// <summary>What becomes of an answer that the proxy makes itself (envoy's LocalReplyConfig.ResponseMapper).</summary>
public sealed record LocalReplyMapper
{
    /// <summary>Which answers it takes; the first mapper that takes one changes it.</summary>
    public required AccessLogFilter Filter { get; init; }

    /// <summary>The status instead, or null.</summary>
    public uint? StatusCode { get; init; }

    /// <summary>The text of <c>%LOCAL_REPLY_BODY%</c> instead, or null.</summary>
    public ValueList<byte>? Body { get; init; }

    /// <summary>The form of the body instead of <see cref="LocalReplySettings.BodyFormat"/>, or null.</summary>
    public LocalReplyFormat? BodyFormat { get; init; }

    /// <summary>Fields added to the answer.</summary>
    public FieldMutation Fields { get; init; } = FieldMutation.None;
}

/// <summary>The form of a body, with command operators (envoy.config.core.v3.SubstitutionFormatString).</summary>
public sealed record LocalReplyFormat
{
    /// <summary>Text, or null for JSON.</summary>
    public string? Text { get; init; }

    /// <summary>Members of a JSON object; empty for text.</summary>
    public ValueList<JsonLogMember> Json { get; init; } = [];

    /// <summary>Leave what has no value out.</summary>
    public bool OmitEmptyValues { get; init; }

    /// <summary>The content type; empty is <c>text/plain</c>, or <c>application/json</c> for JSON.</summary>
    public string ContentType { get; init; } = "";
}

/// <summary>
/// How answers look that the proxy makes itself: errors, redirects and direct responses (LocalReplyConfig).
/// </summary>
public sealed record LocalReplySettings
{
    /// <summary>Nothing is changed.</summary>
    public static LocalReplySettings None { get; } = new();

    /// <summary>Tried in order.</summary>
    public ValueList<LocalReplyMapper> Mappers { get; init; } = [];

    /// <summary>The form of all bodies, or null for the plain text.</summary>
    public LocalReplyFormat? BodyFormat { get; init; }
}
