namespace FastMesh.Protocols.Http2;

/// <summary>
/// Everything an HTTP/2 peer can do wrong, by name. What it costs, the stream or the connection, and with which code,
/// is in <see cref="Http2Error"/>.
/// </summary>
internal enum Http2Fault : byte
{
    /// <summary>Nothing is wrong.</summary>
    None,

    // Malformed messages: the stream ends with PROTOCOL_ERROR (RFC 9113 §8.1.1).

    /// <summary>A field name of no bytes (RFC 9113 §8.2.1).</summary>
    EmptyFieldName,

    /// <summary>Upper case, a colon, or another byte that no field name has.</summary>
    MalformedFieldName,

    /// <summary>A control byte in a value, or white space around it.</summary>
    MalformedFieldValue,

    /// <summary>Connection, Upgrade and their like, or TE other than trailers (RFC 9113 §8.2.2).</summary>
    ConnectionSpecificField,

    /// <summary>A pseudo-header field that is not defined, or not for this kind of message.</summary>
    UnknownPseudoField,

    /// <summary>A pseudo-header field twice.</summary>
    RepeatedPseudoField,

    /// <summary>A pseudo-header field behind a regular field.</summary>
    LatePseudoField,

    /// <summary>A pseudo-header field in trailers.</summary>
    PseudoFieldInTrailers,

    /// <summary>A value that its pseudo-header field cannot have.</summary>
    MalformedPseudoField,

    /// <summary>:method, :scheme, :path, :authority or :status is missing.</summary>
    MissingPseudoField,

    /// <summary>CONNECT with the wrong set of pseudo-header fields (RFC 9113 §8.5, RFC 8441 §4).</summary>
    MalformedConnect,

    /// <summary>:protocol without SETTINGS_ENABLE_CONNECT_PROTOCOL.</summary>
    ConnectProtocolNotEnabled,

    /// <summary>Host is malformed, repeated, or differs from :authority.</summary>
    ConflictingAuthority,

    /// <summary>Content-Length is malformed or repeated.</summary>
    MalformedContentLength,

    /// <summary>The DATA of a message do not add up to its Content-Length.</summary>
    ContentLengthMismatch,

    /// <summary>1xx with END_STREAM, or 101, which HTTP/2 does not have.</summary>
    MalformedInterimResponse,

    /// <summary>DATA before the final response head.</summary>
    DataBeforeHead,

    /// <summary>A second block without END_STREAM.</summary>
    TrailersWithoutEnd,

    /// <summary>A field that must not come late (RFC 9110 §6.5.1).</summary>
    ForbiddenTrailer,

    // Too much of something in one message: 431 or ENHANCE_YOUR_CALM for the stream.

    /// <summary>The decoded fields are over SETTINGS_MAX_HEADER_LIST_SIZE.</summary>
    HeaderListTooLarge,

    /// <summary>More fields than allowed; each cookie crumb counts.</summary>
    TooManyFields,

    // Other faults of a stream.

    /// <summary>More streams at once than SETTINGS_MAX_CONCURRENT_STREAMS: REFUSED_STREAM.</summary>
    TooManyStreams,

    /// <summary>A frame on a stream whose peer had ended it: STREAM_CLOSED.</summary>
    FrameOnHalfClosedStream,

    /// <summary>DATA on a closed stream: STREAM_CLOSED.</summary>
    DataOnClosedStream,

    /// <summary>WINDOW_UPDATE by zero on a stream.</summary>
    StreamWindowIncrementZero,

    /// <summary>A stream's window beyond 2^31-1.</summary>
    StreamWindowOverflow,

    /// <summary>More DATA than the stream's window allowed.</summary>
    StreamWindowExceeded,

    /// <summary>A stream that depends on itself.</summary>
    StreamDependsOnItself,

    /// <summary>PRIORITY that is not five bytes long.</summary>
    PriorityLength,

    // Faults of the connection.

    /// <summary>The client did not begin with the connection preface.</summary>
    MalformedPreface,

    /// <summary>The peer's first frame is not SETTINGS.</summary>
    SettingsNotFirst,

    /// <summary>A frame longer than SETTINGS_MAX_FRAME_SIZE.</summary>
    FrameTooLong,

    /// <summary>A length that the frame's type cannot have.</summary>
    FrameLength,

    /// <summary>A stream frame on stream 0, or a connection frame on a stream.</summary>
    FrameOnWrongStream,

    /// <summary>A frame on a stream that nobody opened.</summary>
    FrameOnIdleStream,

    /// <summary>HEADERS on a closed stream: STREAM_CLOSED.</summary>
    HeadersOnClosedStream,

    /// <summary>A stream identifier of the wrong parity, or below an earlier one.</summary>
    MalformedStreamId,

    /// <summary>Padding that is longer than the frame.</summary>
    PaddingTooLong,

    /// <summary>A frame between the fragments of a field block, or CONTINUATION without one.</summary>
    BrokenFieldBlock,

    /// <summary>PUSH_PROMISE, which nobody asked for.</summary>
    PushPromise,

    /// <summary>A setting with a value that it cannot have.</summary>
    MalformedSetting,

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1, or one that makes a stream's window overflow.</summary>
    SettingWindowOverflow,

    /// <summary>WINDOW_UPDATE by zero on the connection.</summary>
    ConnectionWindowIncrementZero,

    /// <summary>The connection's window beyond 2^31-1.</summary>
    ConnectionWindowOverflow,

    /// <summary>More DATA than the connection's window allowed.</summary>
    ConnectionWindowExceeded,

    /// <summary>A GOAWAY that names a higher stream than the one before.</summary>
    GoAwayIncreased,

    /// <summary>PRIORITY_UPDATE that a client must not get, or about no stream.</summary>
    MalformedPriorityUpdate,

    // Faults of compression: COMPRESSION_ERROR (RFC 7541).

    /// <summary>A table size update out of place, above the limit, or missing.</summary>
    TableSizeUpdate,

    /// <summary>Index 0, or one beyond the table.</summary>
    HpackIndex,

    /// <summary>An integer that is cut short or beyond every limit.</summary>
    HpackInteger,

    /// <summary>A block that ends within a field.</summary>
    HpackTruncated,

    /// <summary>Bad padding, or the end-of-string symbol.</summary>
    HpackHuffman,

    // Abuse: the connection ends with ENHANCE_YOUR_CALM.

    /// <summary>Requests that are reset before their response (CVE-2023-44487).</summary>
    RapidResetFlood,

    /// <summary>Requests that make this side reset them (CVE-2025-8671), or that are refused.</summary>
    ProvokedResetFlood,

    /// <summary>A field block without end: too many bytes or frames (VU#421644).</summary>
    ContinuationFlood,

    /// <summary>SETTINGS (CVE-2019-9515).</summary>
    SettingsFlood,

    /// <summary>PING (CVE-2019-9512).</summary>
    PingFlood,

    /// <summary>Frames without content (CVE-2019-9518).</summary>
    EmptyFrameFlood,

    /// <summary>PRIORITY and PRIORITY_UPDATE (CVE-2019-9513).</summary>
    PriorityFlood,

    /// <summary>WINDOW_UPDATE.</summary>
    WindowUpdateFlood,

    /// <summary>Frames of unknown type.</summary>
    UnknownFrameFlood,

    /// <summary>Frames on streams that are closed.</summary>
    StrayFrameFlood,

    /// <summary>Frames that are owed to a peer that does not read (CVE-2019-9514).</summary>
    OwedFrameFlood,
}
