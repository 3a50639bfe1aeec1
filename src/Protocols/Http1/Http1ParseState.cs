namespace FastMesh.Protocols.Http1;

/// <summary>What a parse step came to.</summary>
internal enum ParseStatus : byte
{
    /// <summary>All input was taken; more is needed.</summary>
    NeedMore,

    /// <summary>The head is complete.</summary>
    Done,

    /// <summary>The peer broke a rule; the connection cannot be used further.</summary>
    Error,
}

/// <summary>
/// Where a head parse stands between two calls; default before the first byte, and again after the head.
/// </summary>
internal struct Http1ParseState
{
    /// <summary>Offset of the first line that is not parsed yet, from the first byte of the message.</summary>
    internal int Position;

    /// <summary>Bytes of that line that are known to hold no line end.</summary>
    internal int Scanned;

    /// <summary>True once the start line is parsed.</summary>
    internal bool InFields;

    /// <summary>True once the bytes so far are held in the field block, because the head came in pieces.</summary>
    internal bool Buffered;

    /// <summary>Lines seen, dropped ones included, so that dropping does not lift the limit.</summary>
    internal int Lines;

    /// <summary>Host lines seen.</summary>
    internal int Hosts;

    /// <summary>The value of Host.</summary>
    internal ByteRange Host;

    /// <summary>True when the target was in absolute form and its authority replaces Host.</summary>
    internal bool Absolute;

    /// <summary>Path (empty) and query of an absolute form without a path, to be completed with "/" or "*".</summary>
    internal ByteRange PathToComplete;

    /// <summary>True when <see cref="PathToComplete"/> is set.</summary>
    internal bool PathIsIncomplete;

    /// <summary>
    /// True once at least one byte of the head has arrived: a timeout now is 408, not a silent close.
    /// </summary>
    public readonly bool HasStarted => Buffered || Position != 0;
}
