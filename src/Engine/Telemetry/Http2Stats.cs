using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// What HTTP/2 sessions count: <c>http2.*</c> for clients, <c>cluster.&lt;name&gt;.http2.*</c> for upstreams. Names
/// that Envoy has are Envoy's; the floods that it does not tell apart have their own.
/// </summary>
internal sealed class Http2Stats : StatBlock
{
    public long StreamsActive;
    public long GoAwaySent;
    public long KeepaliveTimeout;
    public long RxReset;
    public long TxReset;
    public long StreamRefusedErrors;
    public long Trailers;
    public long TxFlushTimeout;
    public long HeaderOverflow;
    public long RxMessagingError;
    public long DroppedUnderscores;
    public long RejectedUnderscores;
    public long ProtocolErrors;
    public long OutboundControlFlood;
    public long InboundEmptyFramesFlood;
    public long InboundPriorityFramesFlood;
    public long InboundWindowUpdateFramesFlood;
    public long RapidResetFlood;
    public long ProvokedResetFlood;
    public long ContinuationFlood;
    public long SettingsFlood;
    public long PingFlood;
    public long UnknownFrameFlood;
    public long StrayFrameFlood;

    /// <summary>Counts what a peer did wrong.</summary>
    public void Count(Http2Fault fault)
    {
        if (Http2Error.IsAbuse(fault))
        {
            Flood(fault)++;
        }
        else if (fault is Http2Fault.HeaderListTooLarge or Http2Fault.TooManyFields)
        {
            HeaderOverflow++;
        }
        else if (fault == Http2Fault.TooManyStreams)
        {
            StreamRefusedErrors++;
        }
        else if (Http2Error.IsMalformedMessage(fault))
        {
            RxMessagingError++;
        }
        else if (fault != Http2Fault.None)
        {
            ProtocolErrors++;
        }
    }

    public override void Visit(IStatVisitor visitor)
    {
        visitor.Gauge("streams_active", StreamsActive);
        visitor.Counter("goaway_sent", GoAwaySent);
        visitor.Counter("keepalive_timeout", KeepaliveTimeout);
        visitor.Counter("rx_reset", RxReset);
        visitor.Counter("tx_reset", TxReset);
        visitor.Counter("stream_refused_errors", StreamRefusedErrors);
        visitor.Counter("trailers", Trailers);
        visitor.Counter("tx_flush_timeout", TxFlushTimeout);
        visitor.Counter("header_overflow", HeaderOverflow);
        visitor.Counter("rx_messaging_error", RxMessagingError);
        visitor.Counter("dropped_headers_with_underscores", DroppedUnderscores);
        visitor.Counter("requests_rejected_with_underscores_in_headers", RejectedUnderscores);
        visitor.Counter("protocol_error", ProtocolErrors);
        visitor.Counter("outbound_control_flood", OutboundControlFlood);
        visitor.Counter("inbound_empty_frames_flood", InboundEmptyFramesFlood);
        visitor.Counter("inbound_priority_frames_flood", InboundPriorityFramesFlood);
        visitor.Counter("inbound_window_update_frames_flood", InboundWindowUpdateFramesFlood);
        visitor.Counter("rapid_reset_flood", RapidResetFlood);
        visitor.Counter("provoked_reset_flood", ProvokedResetFlood);
        visitor.Counter("continuation_flood", ContinuationFlood);
        visitor.Counter("settings_flood", SettingsFlood);
        visitor.Counter("ping_flood", PingFlood);
        visitor.Counter("unknown_frame_flood", UnknownFrameFlood);
        visitor.Counter("stray_frame_flood", StrayFrameFlood);
    }

    private ref long Flood(Http2Fault fault)
    {
        switch (fault)
        {
            case Http2Fault.RapidResetFlood: return ref RapidResetFlood;
            case Http2Fault.ProvokedResetFlood: return ref ProvokedResetFlood;
            case Http2Fault.ContinuationFlood: return ref ContinuationFlood;
            case Http2Fault.SettingsFlood: return ref SettingsFlood;
            case Http2Fault.PingFlood: return ref PingFlood;
            case Http2Fault.EmptyFrameFlood: return ref InboundEmptyFramesFlood;
            case Http2Fault.PriorityFlood: return ref InboundPriorityFramesFlood;
            case Http2Fault.WindowUpdateFlood: return ref InboundWindowUpdateFramesFlood;
            case Http2Fault.UnknownFrameFlood: return ref UnknownFrameFlood;
            case Http2Fault.StrayFrameFlood: return ref StrayFrameFlood;
            default: return ref OutboundControlFlood;
        }
    }
}
