namespace FastMesh.Protocols.Http2;

/// <summary>How many of something are allowed: a stock, refilled with time up to its size.</summary>
/// <param name="Burst">The stock, and what it is filled up to.</param>
/// <param name="PerSecond">Refill; 0 for none.</param>
internal readonly record struct Http2Allowance(int Burst, int PerSecond);

/// <summary>
/// What an HTTP/2 connection may cost and what it offers. Immutable, shared by all connections of a listener or
/// cluster. Names in brackets are Envoy's.
/// </summary>
internal sealed record Http2Limits
{
    /// <summary>The limits that apply unless configured otherwise.</summary>
    public static Http2Limits Default { get; } = new();

    /// <summary>Streams that the peer may have at once [max_concurrent_streams]; each holds a request.</summary>
    public int StreamsMax { get; init; } = 1024;

    /// <summary>
    /// Streams that this side opens before the peer's SETTINGS are known (RFC 9113 §6.5.2 asks for 100 at least).
    /// </summary>
    public int StreamsBeforeSettings { get; init; } = 100;

    /// <summary>
    /// Bytes of DATA a stream may have unread [initial_stream_window_size]; Envoy's edge advice, which bounds what a
    /// stalled stream holds.
    /// </summary>
    public int StreamWindowBytes { get; init; } = 64 << 10;

    /// <summary>
    /// Bytes of DATA all streams together may have unread [initial_connection_window_size]; Envoy's edge advice.
    /// </summary>
    public int ConnectionWindowBytes { get; init; } = 1 << 20;

    /// <summary>The largest payload that is accepted: what every peer must accept too (RFC 9113 §4.2).</summary>
    public int FrameBytesMax { get; init; } = 16 << 10;

    /// <summary>The decoder's table [hpack_table_size].</summary>
    public int DecoderTableBytes { get; init; } = 4096;

    /// <summary>The most of the peer's table that the encoder uses.</summary>
    public int EncoderTableBytes { get; init; } = 4096;

    /// <summary>
    /// Bytes of a decoded head, each field charged 32 more (RFC 9113 §6.5.2); [max_request_headers_kb] is 60 KiB.
    /// </summary>
    public int HeaderListBytesMax { get; init; } = 60 << 10;

    /// <summary>Fields of a head, every cookie crumb counted [max_headers_count].</summary>
    public int FieldsMax { get; init; } = 100;

    /// <summary>Bytes of an encoded field block: more cannot decode to an acceptable head.</summary>
    public int HeaderBlockBytesMax { get; init; } = 64 << 10;

    /// <summary>CONTINUATION frames of a block; four suffice for the largest block in full frames.</summary>
    public int ContinuationFramesMax { get; init; } = 32;

    /// <summary>True to accept extended CONNECT (RFC 8441) [allow_connect].</summary>
    public bool AllowConnect { get; init; } = true;

    /// <summary>
    /// Requests that end by reset before their response began, requests that make this side reset them, and requests
    /// over the stream limit, together. Each stream that gets its response gives one back.
    /// </summary>
    public Http2Allowance Resets { get; init; } = new(400, 20);

    /// <summary>SETTINGS frames of the peer; one or two are usual.</summary>
    public Http2Allowance SettingsFrames { get; init; } = new(100, 5);

    /// <summary>PING frames of the peer; gRPC sends one per few DATA frames to measure the bandwidth.</summary>
    public Http2Allowance PingFrames { get; init; } = new(1000, 100);

    /// <summary>Frames of unknown type; extensions and GREASE send a few.</summary>
    public Http2Allowance UnknownFrames { get; init; } = new(1000, 100);

    /// <summary>Frames on closed streams: what was on its way when a stream was reset.</summary>
    public Http2Allowance StrayFrames { get; init; } = new(10_000, 1000);

    /// <summary>
    /// DATA, HEADERS and CONTINUATION frames in a row without content and without END_STREAM
    /// [max_consecutive_inbound_frames_with_empty_payload].
    /// </summary>
    public int EmptyFramesInRowMax { get; init; } = 1;

    /// <summary>
    /// PRIORITY and PRIORITY_UPDATE frames per stream opened [max_inbound_priority_frames_per_stream].
    /// </summary>
    public int PriorityFramesPerStreamMax { get; init; } = 100;

    /// <summary>
    /// WINDOW_UPDATE frames per DATA frame sent and stream opened
    /// [max_inbound_window_update_frames_per_data_frame_sent].
    /// </summary>
    public int WindowUpdatesPerDataMax { get; init; } = 10;

    /// <summary>
    /// Acknowledgements and resets that the peer provoked and does not read [max_outbound_control_frames].
    /// </summary>
    public int OwedFramesMax { get; init; } = 1000;
}
