namespace FastMesh.Protocols.Http1;

/// <summary>What happens to a field whose name has an underscore (Envoy's headers_with_underscores_action).</summary>
internal enum UnderscoreAction : byte
{
    /// <summary>It passes.</summary>
    Allow,

    /// <summary>The message is refused with 400.</summary>
    Reject,

    /// <summary>The field is dropped.</summary>
    Drop,
}

/// <summary>What an HTTP/1 message may cost. Immutable, shared by all connections of a listener or cluster.</summary>
internal sealed record Http1Limits
{
    /// <summary>The limits that apply unless configured otherwise.</summary>
    public static Http1Limits Default { get; } = new();

    /// <summary>Bytes of a head, start line included; Envoy's max_request_headers_kb is 60 KiB.</summary>
    public int HeadBytesMax { get; init; } = 60 * 1024;

    /// <summary>Field lines of a head; Envoy's max_headers_count.</summary>
    public int FieldsMax { get; init; } = 100;

    /// <summary>Bytes of a request target; RFC 9110 §4.1 asks for 8000 at least.</summary>
    public int TargetBytesMax { get; init; } = 8 * 1024;

    /// <summary>Bytes of a method; no registered one has more than 17.</summary>
    public int MethodBytesMax { get; init; } = 64;

    /// <summary>Bytes of all chunk extensions of a message (RFC 9112 §7.1.1).</summary>
    public int ExtensionBytesMax { get; init; } = 16 * 1024;

    /// <summary>Bytes of the trailers of a message.</summary>
    public int TrailerBytesMax { get; init; } = 16 * 1024;

    /// <summary>What happens to names with an underscore.</summary>
    public UnderscoreAction Underscores { get; init; }
}
