namespace FastMesh.Protocols.Http2;

/// <summary>Error codes of RST_STREAM and GOAWAY (RFC 9113 §7).</summary>
internal enum Http2ErrorCode : uint
{
    /// <summary>Not an error.</summary>
    NoError = 0x0,

    /// <summary>A rule was broken that has no code of its own.</summary>
    ProtocolError = 0x1,

    /// <summary>The sender failed.</summary>
    InternalError = 0x2,

    /// <summary>More was sent than the window allowed, or the window overflowed.</summary>
    FlowControlError = 0x3,

    /// <summary>SETTINGS were not acknowledged in time.</summary>
    SettingsTimeout = 0x4,

    /// <summary>A frame came after the stream was half closed.</summary>
    StreamClosed = 0x5,

    /// <summary>A frame has the wrong length.</summary>
    FrameSizeError = 0x6,

    /// <summary>Nothing of the request was processed: it may be sent again.</summary>
    RefusedStream = 0x7,

    /// <summary>The stream is not wanted any more.</summary>
    Cancel = 0x8,

    /// <summary>The compression state cannot be kept.</summary>
    CompressionError = 0x9,

    /// <summary>The connection of a CONNECT request ended abnormally.</summary>
    ConnectError = 0xA,

    /// <summary>The peer causes too much load.</summary>
    EnhanceYourCalm = 0xB,

    /// <summary>The transport is not secure enough.</summary>
    InadequateSecurity = 0xC,

    /// <summary>HTTP/1.1 is to be used.</summary>
    Http11Required = 0xD,
}
