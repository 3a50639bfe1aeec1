using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.core.v3.Http2ProtocolOptions, of either side.</summary>
internal static class Http2OptionsReader
{
    private const string Core = "envoy.config.core.v3.";

    // Bounds of the fields as their owner states them.
    private const int WindowBytesMin = 65_535;
    private const int WindowBytesMax = int.MaxValue;
    private const uint KeepaliveMillisecondsMin = 1;

    // A table larger than this would be a memory of the peer's making.
    private const int HpackTableBytesMax = 64 << 10;

    /// <summary>Takes the field; the defaults when it is not there.</summary>
    public static Http2ProtocolSettings Take(Message holder, Http2ProtocolSettings defaults) =>
        holder.Sub("http2_protocol_options", Core + "Http2ProtocolOptions") is { } options
            ? Read(options, defaults)
            : defaults;

    /// <summary>Reads the options.</summary>
    public static Http2ProtocolSettings Read(Message options, Http2ProtocolSettings defaults)
    {
        var settings = new Http2ProtocolSettings
        {
            HpackTableBytes = options.Count("hpack_table_size", defaults.HpackTableBytes, max: HpackTableBytesMax),
            MaxConcurrentStreams = options.Count("max_concurrent_streams", defaults.MaxConcurrentStreams, min: 1),
            StreamWindowBytes = options.Count(
                "initial_stream_window_size", defaults.StreamWindowBytes, WindowBytesMin, WindowBytesMax),
            ConnectionWindowBytes = options.Count(
                "initial_connection_window_size", defaults.ConnectionWindowBytes, WindowBytesMin, WindowBytesMax),
            MaxOutboundControlFrames = options.Count(
                "max_outbound_control_frames", defaults.MaxOutboundControlFrames, min: 1),
            MaxEmptyFramesInRow = options.Count(
                "max_consecutive_inbound_frames_with_empty_payload", defaults.MaxEmptyFramesInRow),
            MaxPriorityFramesPerStream = options.Count(
                "max_inbound_priority_frames_per_stream", defaults.MaxPriorityFramesPerStream),
            MaxWindowUpdatesPerData = options.Count(
                "max_inbound_window_update_frames_per_data_frame_sent", defaults.MaxWindowUpdatesPerData, min: 1),
            AllowConnect = options.Flag("allow_connect"),
            StreamErrorOnMalformedMessage = options.Flag("override_stream_error_on_invalid_http_message", true),
        };
        options.Ignore("max_outbound_frames", "what is queued is limited by bytes and by streams");
        options.Only("allow_metadata", false, "METADATA frames are not supported");
        if (options.Sub("connection_keepalive", Core + "KeepaliveSettings") is { } keepalive)
        {
            settings = ReadKeepalive(keepalive, settings);
        }

        options.End();
        return settings;
    }

    private static Http2ProtocolSettings ReadKeepalive(Message keepalive, Http2ProtocolSettings settings)
    {
        int jitter = settings.KeepaliveJitterPercent;
        if (keepalive.Sub("interval_jitter", "envoy.type.v3.Percent") is { } percent)
        {
            jitter = (int)(percent.Take("value")?.AsDouble(0, 100) ?? 0);
            percent.End();
        }

        TimeSpan? timeout = keepalive.Duration("timeout");
        TimeSpan interval = keepalive.Duration("interval", TimeSpan.Zero);
        keepalive.End();
        if (timeout is null || timeout.Value.TotalMilliseconds < KeepaliveMillisecondsMin)
        {
            keepalive.Element.Error("\"timeout\" is required and at least 1ms");
        }

        return settings with
        {
            KeepaliveInterval = interval,
            KeepaliveTimeout = timeout ?? TimeSpan.Zero,
            KeepaliveJitterPercent = jitter,
        };
    }
}
