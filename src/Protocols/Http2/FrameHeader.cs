using System;
using System.Buffers.Binary;

namespace FastMesh.Protocols.Http2;

/// <summary>Frame types (RFC 9113 §6, RFC 9218 §7.1). Any other value is a frame that is ignored.</summary>
internal enum FrameType : byte
{
    /// <summary>Bytes of a body.</summary>
    Data = 0x0,

    /// <summary>A field block, or its first fragment.</summary>
    Headers = 0x1,

    /// <summary>Deprecated; read and ignored.</summary>
    Priority = 0x2,

    /// <summary>The end of a stream at once.</summary>
    RstStream = 0x3,

    /// <summary>What the sender accepts.</summary>
    Settings = 0x4,

    /// <summary>Never sent and never accepted.</summary>
    PushPromise = 0x5,

    /// <summary>A question and its echo.</summary>
    Ping = 0x6,

    /// <summary>No new streams.</summary>
    GoAway = 0x7,

    /// <summary>Credit for DATA.</summary>
    WindowUpdate = 0x8,

    /// <summary>A further fragment of a field block.</summary>
    Continuation = 0x9,

    /// <summary>A stream's priority anew.</summary>
    PriorityUpdate = 0x10,
}

/// <summary>Flags of a frame; which apply depends on its type.</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>SETTINGS and PING: this is the answer.</summary>
    Ack = 0x1,

    /// <summary>DATA and HEADERS: the sender's last frame with content.</summary>
    EndStream = Ack,

    /// <summary>HEADERS and CONTINUATION: the block is complete.</summary>
    EndHeaders = 0x4,

    /// <summary>DATA and HEADERS: padded.</summary>
    Padded = 0x8,

    /// <summary>HEADERS: five bytes of priority come first.</summary>
    Priority = 0x20,
}

/// <summary>
/// The nine octets before every payload (RFC 9113 §4.1):
/// <code>
/// length (24) | type (8) | flags (8) | reserved (1) stream identifier (31)
/// </code>
/// </summary>
internal readonly record struct FrameHeader(int Length, FrameType Type, FrameFlags Flags, int StreamId)
{
    /// <summary>Bytes of the header.</summary>
    public const int Bytes = 9;

    /// <summary>Reads the first nine bytes.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        uint first = BinaryPrimitives.ReadUInt32BigEndian(source);
        uint stream = BinaryPrimitives.ReadUInt32BigEndian(source[5..]);
        return new FrameHeader(
            (int)(first >> 8), (FrameType)(byte)first, (FrameFlags)source[4], (int)(stream & int.MaxValue));
    }

    /// <summary>Writes the nine bytes.</summary>
    public void Write(Span<byte> destination)
    {
        // The stream first: it needs all nine bytes, so that the other accesses are known to be within.
        BinaryPrimitives.WriteUInt32BigEndian(destination[5..], (uint)StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)Length << 8) | (byte)Type);
        destination[4] = (byte)Flags;
    }

    /// <summary>True when the flag is set.</summary>
    public bool Has(FrameFlags flag) => (Flags & flag) != 0;
}
