using System;
using System.Runtime.CompilerServices;

namespace FastMesh.Protocols.Http2;

/// <summary>What a step of <see cref="FrameReader"/> found.</summary>
internal enum FrameStep : byte
{
    /// <summary>All input was taken; more is needed.</summary>
    NeedMore,

    /// <summary>A whole frame other than DATA.</summary>
    Frame,

    /// <summary>The header of a DATA frame; its payload is not read here.</summary>
    DataHeader,

    /// <summary>A payload longer than allowed.</summary>
    TooLong,
}

/// <summary>
/// Finds frames in input that may be cut anywhere (RFC 9113 §4.1). A frame that lies in one piece is given as a slice
/// of the input; one in pieces is collected. The payload of DATA is left to its reader, and the payload of an unknown
/// type is skipped.
/// </summary>
internal struct FrameReader
{
    private HeaderBytes _headerBytes;
    private Http2Collector _payload;
    private FrameHeader _header;
    private int _headerLength;
    private int _skip;
    private bool _inPayload;

    /// <summary>The frame of the last step.</summary>
    public readonly FrameHeader Header => _header;

    /// <summary>The stream of a HEADERS or CONTINUATION frame that has begun and not ended; 0 for none.</summary>
    public readonly int HeadOf =>
        _inPayload && (_header.Type is FrameType.Headers or FrameType.Continuation) ? _header.StreamId : 0;

    /// <summary>Reads up to the end of the next frame, or of the header of DATA.</summary>
    /// <param name="input">The whole input.</param>
    /// <param name="at">Where to read; moved behind what was used.</param>
    /// <param name="lengthMax">The longest payload that is accepted.</param>
    /// <param name="memory">For frames in pieces.</param>
    /// <param name="payload">The payload of a frame; valid until the next step.</param>
    public FrameStep Read(ReadOnlySpan<byte> input, ref int at, int lengthMax, Http2Memory memory,
        out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (_skip > 0)
        {
            int skipped = Math.Min(_skip, input.Length - at);
            at += skipped;
            _skip -= skipped;
        }

        if (!_inPayload)
        {
            _payload.Clear(memory);
            if (!TryReadHeader(input, ref at))
            {
                return FrameStep.NeedMore;
            }

            if (_header.Length > lengthMax)
            {
                return FrameStep.TooLong;
            }

            if (_header.Type == FrameType.Data)
            {
                return FrameStep.DataHeader;
            }

            if (_header.Type > FrameType.Continuation && _header.Type != FrameType.PriorityUpdate)
            {
                int skipped = Math.Min(_header.Length, input.Length - at);
                at += skipped;
                _skip = _header.Length - skipped;
                return FrameStep.Frame;
            }

            if (input.Length - at >= _header.Length)
            {
                payload = input.Slice(at, _header.Length);
                at += _header.Length;
                return FrameStep.Frame;
            }

            _inPayload = true;
        }

        int wanted = Math.Min(_header.Length - _payload.Length, input.Length - at);
        _payload.Append(memory, input.Slice(at, wanted));
        at += wanted;
        if (_payload.Length < _header.Length)
        {
            return FrameStep.NeedMore;
        }

        _inPayload = false;
        payload = _payload.Bytes;
        return FrameStep.Frame;
    }

    /// <summary>Gives the memory back.</summary>
    public void Clear(Http2Memory memory) => _payload.Clear(memory);

    private bool TryReadHeader(ReadOnlySpan<byte> input, ref int at)
    {
        int left = input.Length - at;
        if (_headerLength == 0 && left >= FrameHeader.Bytes)
        {
            _header = FrameHeader.Read(input[at..]);
            at += FrameHeader.Bytes;
            return true;
        }

        Span<byte> header = _headerBytes;
        int taken = Math.Min(FrameHeader.Bytes - _headerLength, left);
        input.Slice(at, taken).CopyTo(header[_headerLength..]);
        at += taken;
        _headerLength += taken;
        if (_headerLength < FrameHeader.Bytes)
        {
            return false;
        }

        _headerLength = 0;
        _header = FrameHeader.Read(header);
        return true;
    }

    [InlineArray(FrameHeader.Bytes)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
