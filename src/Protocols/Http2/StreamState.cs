namespace FastMesh.Protocols.Http2;

/// <summary>Which end of the connection this side is.</summary>
internal enum Http2Role : byte
{
    /// <summary>It gets requests.</summary>
    Server,

    /// <summary>It sends requests.</summary>
    Client,
}

/// <summary>
/// Where a stream stands (RFC 9113 §5.1); push is not used, so the reserved states do not exist.
/// <code>
///          HEADERS sent or received
///   Idle ─────────────────────────────► Open
///                        END_STREAM sent │ │ END_STREAM received
///                   ┌────────────────────┘ └────────────────────┐
///                   ▼                                           ▼
///            HalfClosedLocal                             HalfClosedRemote
///                   │ END_STREAM received         END_STREAM sent │
///                   └──────────────► Closed ◄─────────────────────┘
///                                       ▲ RST_STREAM sent or received, from any state but Idle
/// </code>
/// </summary>
internal enum StreamState : byte
{
    /// <summary>Not used yet.</summary>
    Idle,

    /// <summary>Both sides may send.</summary>
    Open,

    /// <summary>This side has ended; the peer may send.</summary>
    HalfClosedLocal,

    /// <summary>The peer has ended; this side may send.</summary>
    HalfClosedRemote,

    /// <summary>Nothing may be sent but PRIORITY.</summary>
    Closed,
}

/// <summary>The arrows of the diagram.</summary>
internal static class StreamStates
{
    /// <summary>True when this side may send HEADERS and DATA.</summary>
    public static bool CanSend(StreamState state) => state is StreamState.Open or StreamState.HalfClosedRemote;

    /// <summary>True when the peer may send HEADERS and DATA.</summary>
    public static bool CanReceive(StreamState state) => state is StreamState.Open or StreamState.HalfClosedLocal;

    /// <summary>After END_STREAM was sent.</summary>
    public static StreamState AfterSentEnd(StreamState state) =>
        state == StreamState.Open ? StreamState.HalfClosedLocal : StreamState.Closed;

    /// <summary>After END_STREAM was received.</summary>
    public static StreamState AfterReceivedEnd(StreamState state) =>
        state == StreamState.Open ? StreamState.HalfClosedRemote : StreamState.Closed;
}
