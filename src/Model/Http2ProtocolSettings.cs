using System;

namespace FastMesh.Model;

/// <summary>
/// What an HTTP/2 connection offers and what its peer may cost (envoy.config.core.v3.Http2ProtocolOptions).
/// </summary>
public sealed record Http2ProtocolSettings
{
    /// <summary>What holds downstream unless something is said.</summary>
    public static Http2ProtocolSettings Default { get; } = new();

    /// <summary>
    /// What holds upstream unless something is said: many clients share a connection, so that its window must not
    /// be used up by those that do not read.
    /// </summary>
    public static Http2ProtocolSettings UpstreamDefault { get; } = new() { ConnectionWindowBytes = 24 << 20 };

    /// <summary>Bytes of the peer's header table; default 4096.</summary>
    public int HpackTableBytes { get; init; } = 4096;

    /// <summary>Streams of the peer at once; default 1024.</summary>
    public int MaxConcurrentStreams { get; init; } = 1024;

    /// <summary>
    /// Downstream: extended CONNECT (RFC 8441) is offered to clients; default false. Upstream the server decides.
    /// </summary>
    public bool AllowConnect { get; init; }

    /// <summary>
    /// Bytes that a stream may have unread; default 64 KiB (Envoy: 16 MiB), which is what a stalled stream can hold.
    /// </summary>
    public int StreamWindowBytes { get; init; } = 64 << 10;

    /// <summary>Bytes that all streams of a connection may have unread; 1 MiB downstream, 24 MiB upstream.</summary>
    public int ConnectionWindowBytes { get; init; } = 1 << 20;

    /// <summary>Acknowledgements and resets that the peer has not read; default 1000.</summary>
    public int MaxOutboundControlFrames { get; init; } = 1000;

    /// <summary>Frames without content in a row; default 1.</summary>
    public int MaxEmptyFramesInRow { get; init; } = 1;

    /// <summary>PRIORITY frames for each stream; default 100.</summary>
    public int MaxPriorityFramesPerStream { get; init; } = 100;

    /// <summary>WINDOW_UPDATE frames for each DATA frame sent; default 10.</summary>
    public int MaxWindowUpdatesPerData { get; init; } = 10;

    /// <summary>
    /// A malformed message ends its stream only, the default and what RFC 9113 §8.1.1 asks for; false ends the
    /// connection.
    /// </summary>
    public bool StreamErrorOnMalformedMessage { get; init; } = true;

    /// <summary>Between two PINGs that ask whether the peer lives; zero asks never, the default.</summary>
    public TimeSpan KeepaliveInterval { get; init; }

    /// <summary>How long the answer to such a PING may take.</summary>
    public TimeSpan KeepaliveTimeout { get; init; }

    /// <summary>Percent of the interval that each PING is late by at random; default 15.</summary>
    public int KeepaliveJitterPercent { get; init; } = 15;
}
