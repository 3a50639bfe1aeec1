namespace FastMesh.Protocols.Http2;

/// <summary>What a fault costs. Not meaningful for <see cref="Http2Fault.None"/>.</summary>
internal static class Http2Error
{
    /// <summary>True when the fault ends the connection, false when it ends its stream only.</summary>
    public static bool IsConnection(Http2Fault fault) => fault >= Http2Fault.MalformedPreface;

    /// <summary>True for the faults that make a message malformed (RFC 9113 §8.1.1).</summary>
    public static bool IsMalformedMessage(Http2Fault fault) =>
        fault is > Http2Fault.None and < Http2Fault.HeaderListTooLarge;

    /// <summary>True when one of the limits against floods is exceeded.</summary>
    public static bool IsAbuse(Http2Fault fault) => fault >= Http2Fault.RapidResetFlood;

    /// <summary>The code that RST_STREAM or GOAWAY carries.</summary>
    public static Http2ErrorCode Code(Http2Fault fault) => fault switch
    {
        Http2Fault.None => Http2ErrorCode.NoError,
        Http2Fault.HeaderListTooLarge or Http2Fault.TooManyFields => Http2ErrorCode.EnhanceYourCalm,
        Http2Fault.TooManyStreams => Http2ErrorCode.RefusedStream,
        Http2Fault.FrameOnHalfClosedStream or Http2Fault.DataOnClosedStream or Http2Fault.HeadersOnClosedStream =>
            Http2ErrorCode.StreamClosed,
        Http2Fault.StreamWindowOverflow or Http2Fault.StreamWindowExceeded or Http2Fault.SettingWindowOverflow
            or Http2Fault.ConnectionWindowOverflow or Http2Fault.ConnectionWindowExceeded =>
            Http2ErrorCode.FlowControlError,
        Http2Fault.PriorityLength or Http2Fault.FrameTooLong or Http2Fault.FrameLength =>
            Http2ErrorCode.FrameSizeError,
        >= Http2Fault.RapidResetFlood => Http2ErrorCode.EnhanceYourCalm,
        >= Http2Fault.TableSizeUpdate => Http2ErrorCode.CompressionError,
        _ => Http2ErrorCode.ProtocolError,
    };

    /// <summary>The rule that was broken.</summary>
    public static string Section(Http2Fault fault) => fault switch
    {
        Http2Fault.None => "",
        Http2Fault.EmptyFieldName or Http2Fault.MalformedFieldName or Http2Fault.MalformedFieldValue =>
            "RFC 9113 §8.2.1",
        Http2Fault.ConnectionSpecificField => "RFC 9113 §8.2.2",
        Http2Fault.UnknownPseudoField or Http2Fault.RepeatedPseudoField or Http2Fault.LatePseudoField
            or Http2Fault.PseudoFieldInTrailers => "RFC 9113 §8.3",
        Http2Fault.MalformedPseudoField or Http2Fault.MissingPseudoField or Http2Fault.ConflictingAuthority =>
            "RFC 9113 §8.3.1",
        Http2Fault.MalformedConnect => "RFC 9113 §8.5",
        Http2Fault.ConnectProtocolNotEnabled => "RFC 8441 §4",
        Http2Fault.MalformedContentLength or Http2Fault.ContentLengthMismatch => "RFC 9113 §8.1.1",
        Http2Fault.MalformedInterimResponse or Http2Fault.DataBeforeHead or Http2Fault.TrailersWithoutEnd =>
            "RFC 9113 §8.1",
        Http2Fault.ForbiddenTrailer => "RFC 9110 §6.5.1",
        Http2Fault.HeaderListTooLarge or Http2Fault.TooManyFields or Http2Fault.ContinuationFlood =>
            "RFC 9113 §10.5.1",
        Http2Fault.TooManyStreams => "RFC 9113 §5.1.2",
        Http2Fault.FrameOnHalfClosedStream or Http2Fault.DataOnClosedStream or Http2Fault.HeadersOnClosedStream
            or Http2Fault.FrameOnIdleStream => "RFC 9113 §5.1",
        Http2Fault.MalformedStreamId or Http2Fault.FrameOnWrongStream => "RFC 9113 §5.1.1",
        Http2Fault.StreamWindowIncrementZero or Http2Fault.ConnectionWindowIncrementZero => "RFC 9113 §6.9",
        Http2Fault.StreamWindowOverflow or Http2Fault.StreamWindowExceeded or Http2Fault.ConnectionWindowOverflow
            or Http2Fault.ConnectionWindowExceeded => "RFC 9113 §6.9.1",
        Http2Fault.SettingWindowOverflow => "RFC 9113 §6.9.2",
        Http2Fault.StreamDependsOnItself or Http2Fault.PriorityLength => "RFC 9113 §6.3",
        Http2Fault.MalformedPreface or Http2Fault.SettingsNotFirst => "RFC 9113 §3.4",
        Http2Fault.FrameTooLong or Http2Fault.FrameLength => "RFC 9113 §4.2",
        Http2Fault.PaddingTooLong => "RFC 9113 §6.1",
        Http2Fault.BrokenFieldBlock => "RFC 9113 §4.3",
        Http2Fault.PushPromise => "RFC 9113 §6.6",
        Http2Fault.MalformedSetting => "RFC 9113 §6.5.2",
        Http2Fault.GoAwayIncreased => "RFC 9113 §6.8",
        Http2Fault.MalformedPriorityUpdate => "RFC 9218 §7.1",
        Http2Fault.TableSizeUpdate => "RFC 7541 §4.2",
        Http2Fault.HpackIndex => "RFC 7541 §2.3.3",
        Http2Fault.HpackInteger => "RFC 7541 §5.1",
        Http2Fault.HpackTruncated or Http2Fault.HpackHuffman => "RFC 7541 §5.2",
        _ => "RFC 9113 §10.5",
    };
}
