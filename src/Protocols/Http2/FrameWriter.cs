using System;
using System.Buffers;
using System.Buffers.Binary;

namespace FastMesh.Protocols.Http2;

/// <summary>Writes whole frames to the output. What they may say is decided elsewhere.</summary>
internal readonly struct FrameWriter(IBufferWriter<byte> output)
{
    /// <summary>What a client sends first (RFC 9113 §3.4).</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    // Pieces in which a large block is copied, so that the output needs no large buffer at once.
    private const int CopyBytes = 4096 - FrameHeader.Bytes;

    private const int WordBytes = sizeof(uint);
    private const int PingBytes = sizeof(ulong);

    /// <summary>Writes the client's connection preface.</summary>
    public void ClientPreface() => Copy(Preface);

    /// <summary>Writes SETTINGS with what differs from the initial values.</summary>
    public void Settings(in Http2Settings settings, in Http2Settings known)
    {
        Span<byte> span = output.GetSpan(FrameHeader.Bytes + Http2Settings.BytesMax);
        int length = settings.Write(known, span[FrameHeader.Bytes..]);
        new FrameHeader(length, FrameType.Settings, FrameFlags.None, 0).Write(span);
        output.Advance(FrameHeader.Bytes + length);
    }

    /// <summary>Acknowledges SETTINGS.</summary>
    public void SettingsAck() => Header(new FrameHeader(0, FrameType.Settings, FrameFlags.Ack, 0));

    /// <summary>Writes PING or its answer.</summary>
    public void Ping(ulong opaque, bool isAck)
    {
        Span<byte> span = output.GetSpan(FrameHeader.Bytes + PingBytes);
        FrameFlags flags = isAck ? FrameFlags.Ack : FrameFlags.None;
        new FrameHeader(PingBytes, FrameType.Ping, flags, 0).Write(span);
        BinaryPrimitives.WriteUInt64BigEndian(span[FrameHeader.Bytes..], opaque);
        output.Advance(FrameHeader.Bytes + PingBytes);
    }

    /// <summary>Ends a stream.</summary>
    public void RstStream(int streamId, Http2ErrorCode code) => Word(FrameType.RstStream, streamId, (uint)code);

    /// <summary>Gives credit to a stream, or to the connection by stream 0.</summary>
    public void WindowUpdate(int streamId, int increment) => Word(FrameType.WindowUpdate, streamId, (uint)increment);

    /// <summary>Announces the end of the connection.</summary>
    public void GoAway(int lastStreamId, Http2ErrorCode code, ReadOnlySpan<byte> debug)
    {
        int length = (2 * WordBytes) + debug.Length;
        Span<byte> span = output.GetSpan(FrameHeader.Bytes + length);
        new FrameHeader(length, FrameType.GoAway, FrameFlags.None, 0).Write(span);
        BinaryPrimitives.WriteUInt32BigEndian(span[FrameHeader.Bytes..], (uint)lastStreamId);
        BinaryPrimitives.WriteUInt32BigEndian(span[(FrameHeader.Bytes + WordBytes)..], (uint)code);
        debug.CopyTo(span[(FrameHeader.Bytes + (2 * WordBytes))..]);
        output.Advance(FrameHeader.Bytes + length);
    }

    /// <summary>Writes a header whose payload the caller appends.</summary>
    public void Header(FrameHeader header)
    {
        header.Write(output.GetSpan(FrameHeader.Bytes));
        output.Advance(FrameHeader.Bytes);
    }

    /// <summary>Memory for a HEADERS frame of at most this payload; see <see cref="CommitHeaders"/>.</summary>
    public Span<byte> ReserveHeaders(int payloadMax) => output.GetSpan(FrameHeader.Bytes + payloadMax);

    /// <summary>Finishes a HEADERS frame whose block lies behind the place of its header.</summary>
    public void CommitHeaders(Span<byte> reserved, int streamId, int length, bool endStream)
    {
        FrameFlags flags = FrameFlags.EndHeaders | (endStream ? FrameFlags.EndStream : FrameFlags.None);
        new FrameHeader(length, FrameType.Headers, flags, streamId).Write(reserved);
        output.Advance(FrameHeader.Bytes + length);
    }

    /// <summary>Writes a block as HEADERS and as many CONTINUATION frames as it needs (RFC 9113 §4.3).</summary>
    public void Block(int streamId, ReadOnlySpan<byte> block, bool endStream, int frameBytesMax)
    {
        FrameType type = FrameType.Headers;
        FrameFlags flags = endStream ? FrameFlags.EndStream : FrameFlags.None;
        do
        {
            ReadOnlySpan<byte> fragment = block[..Math.Min(block.Length, frameBytesMax)];
            block = block[fragment.Length..];
            flags |= block.IsEmpty ? FrameFlags.EndHeaders : FrameFlags.None;
            Header(new FrameHeader(fragment.Length, type, flags, streamId));
            Copy(fragment);
            type = FrameType.Continuation;
            flags = FrameFlags.None;
        }
        while (!block.IsEmpty);
    }

    private void Word(FrameType type, int streamId, uint word)
    {
        Span<byte> span = output.GetSpan(FrameHeader.Bytes + WordBytes);
        new FrameHeader(WordBytes, type, FrameFlags.None, streamId).Write(span);
        BinaryPrimitives.WriteUInt32BigEndian(span[FrameHeader.Bytes..], word);
        output.Advance(FrameHeader.Bytes + WordBytes);
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(bytes.Length, CopyBytes)];
            piece.CopyTo(output.GetSpan(piece.Length));
            output.Advance(piece.Length);
            bytes = bytes[piece.Length..];
        }
    }
}
