using System;
using System.Buffers.Binary;

namespace FastMesh.Protocols.Http2;

/// <summary>The values of SETTINGS (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1) of one side.</summary>
internal struct Http2Settings
{
    /// <summary>Bytes of one setting: identifier (16), value (32).</summary>
    public const int EntryBytes = 6;

    /// <summary>The window that every stream and the connection begin with.</summary>
    public const int DefaultWindowBytes = 65535;

    /// <summary>The frame size every side must accept.</summary>
    public const int FrameBytesMin = 16384;

    /// <summary>The largest frame size that can be agreed on.</summary>
    public const int FrameBytesLimit = (1 << 24) - 1;

    private const int EntriesMax = 8;

    /// <summary>The most bytes of the payload that <see cref="Write"/> makes.</summary>
    public const int BytesMax = EntryBytes * EntriesMax;

    /// <summary>SETTINGS_HEADER_TABLE_SIZE.</summary>
    public int HeaderTableBytes;

    /// <summary>SETTINGS_MAX_CONCURRENT_STREAMS; <see cref="int.MaxValue"/> for no limit.</summary>
    public int StreamsMax;

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE.</summary>
    public int StreamWindowBytes;

    /// <summary>SETTINGS_MAX_FRAME_SIZE.</summary>
    public int FrameBytesMax;

    /// <summary>SETTINGS_MAX_HEADER_LIST_SIZE; <see cref="int.MaxValue"/> for no limit.</summary>
    public int HeaderListBytesMax;

    /// <summary>SETTINGS_ENABLE_PUSH.</summary>
    public bool EnablePush;

    /// <summary>SETTINGS_ENABLE_CONNECT_PROTOCOL.</summary>
    public bool EnableConnectProtocol;

    /// <summary>SETTINGS_NO_RFC7540_PRIORITIES.</summary>
    public bool NoRfc7540Priorities;

    /// <summary>The identifiers.</summary>
    private enum Setting : ushort
    {
        HeaderTableSize = 0x1,
        EnablePush = 0x2,
        MaxConcurrentStreams = 0x3,
        InitialWindowSize = 0x4,
        MaxFrameSize = 0x5,
        MaxHeaderListSize = 0x6,
        EnableConnectProtocol = 0x8,
        NoRfc7540Priorities = 0x9,
    }

    /// <summary>What holds before any SETTINGS.</summary>
    public static Http2Settings Initial => new()
    {
        HeaderTableBytes = 4096,
        StreamsMax = int.MaxValue,
        StreamWindowBytes = DefaultWindowBytes,
        FrameBytesMax = FrameBytesMin,
        HeaderListBytesMax = int.MaxValue,
        EnablePush = true,
    };

    /// <summary>What one side announces under its limits.</summary>
    public static Http2Settings Of(Http2Role role, Http2Limits limits) => new()
    {
        HeaderTableBytes = limits.DecoderTableBytes,
        StreamsMax = role == Http2Role.Server ? limits.StreamsMax : int.MaxValue,
        StreamWindowBytes = limits.StreamWindowBytes,
        FrameBytesMax = Math.Clamp(limits.FrameBytesMax, FrameBytesMin, FrameBytesLimit),
        HeaderListBytesMax = limits.HeaderListBytesMax,
        EnablePush = role == Http2Role.Server,
        EnableConnectProtocol = role == Http2Role.Server && limits.AllowConnect,
        NoRfc7540Priorities = true,
    };

    /// <summary>Writes what differs from <paramref name="known"/>; returns the bytes of the payload.</summary>
    public readonly int Write(in Http2Settings known, Span<byte> destination)
    {
        int at = 0;
        Put(Setting.HeaderTableSize, HeaderTableBytes, known.HeaderTableBytes, destination, ref at);
        Put(Setting.EnablePush, EnablePush ? 1 : 0, known.EnablePush ? 1 : 0, destination, ref at);
        Put(Setting.MaxConcurrentStreams, StreamsMax, known.StreamsMax, destination, ref at);
        Put(Setting.InitialWindowSize, StreamWindowBytes, known.StreamWindowBytes, destination, ref at);
        Put(Setting.MaxFrameSize, FrameBytesMax, known.FrameBytesMax, destination, ref at);
        Put(Setting.MaxHeaderListSize, HeaderListBytesMax, known.HeaderListBytesMax, destination, ref at);
        Put(Setting.EnableConnectProtocol, EnableConnectProtocol ? 1 : 0, known.EnableConnectProtocol ? 1 : 0,
            destination, ref at);
        Put(Setting.NoRfc7540Priorities, NoRfc7540Priorities ? 1 : 0, known.NoRfc7540Priorities ? 1 : 0, destination,
            ref at);
        return at;
    }

    /// <summary>Takes over one entry of a peer's SETTINGS; unknown identifiers are ignored (RFC 9113 §6.5.2).</summary>
    /// <param name="entry">Six bytes.</param>
    /// <param name="peerIsServer">A server must not enable push.</param>
    /// <param name="isFirst">True for the first SETTINGS of a connection, whose values can contradict none.</param>
    public Http2Fault Apply(ReadOnlySpan<byte> entry, bool peerIsServer, bool isFirst)
    {
        Setting setting = (Setting)BinaryPrimitives.ReadUInt16BigEndian(entry);
        uint value = BinaryPrimitives.ReadUInt32BigEndian(entry[2..]);
        int bounded = (int)Math.Min(value, int.MaxValue);
        switch (setting)
        {
            case Setting.HeaderTableSize:
                HeaderTableBytes = bounded;
                return Http2Fault.None;
            case Setting.EnablePush:
                EnablePush = value == 1;
                return value > 1 || (value == 1 && peerIsServer) ? Http2Fault.MalformedSetting : Http2Fault.None;
            case Setting.MaxConcurrentStreams:
                StreamsMax = bounded;
                return Http2Fault.None;
            case Setting.InitialWindowSize:
                StreamWindowBytes = bounded;
                return value > int.MaxValue ? Http2Fault.SettingWindowOverflow : Http2Fault.None;
            case Setting.MaxFrameSize:
                FrameBytesMax = bounded;
                return value is < FrameBytesMin or > FrameBytesLimit ? Http2Fault.MalformedSetting : Http2Fault.None;
            case Setting.MaxHeaderListSize:
                HeaderListBytesMax = bounded;
                return Http2Fault.None;
            case Setting.EnableConnectProtocol:
                // RFC 8441 §3: once enabled, it stays so.
                bool withdrawn = EnableConnectProtocol && value == 0;
                EnableConnectProtocol = value == 1;
                return value > 1 || withdrawn ? Http2Fault.MalformedSetting : Http2Fault.None;
            case Setting.NoRfc7540Priorities:
                // RFC 9218 §2.1: it must not change after the first SETTINGS.
                bool changed = !isFirst && NoRfc7540Priorities != (value == 1);
                NoRfc7540Priorities = value == 1;
                return value > 1 || changed ? Http2Fault.MalformedSetting : Http2Fault.None;
            default:
                return Http2Fault.None;
        }
    }

    private static void Put(Setting setting, int value, int known, Span<byte> destination, ref int at)
    {
        if (value != known)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[at..], (ushort)setting);
            BinaryPrimitives.WriteUInt32BigEndian(destination[(at + 2)..], (uint)value);
            at += EntryBytes;
        }
    }
}
