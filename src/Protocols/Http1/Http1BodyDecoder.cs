using System;
using System.Diagnostics;

namespace FastMesh.Protocols.Http1;

/// <summary>What a step of <see cref="Http1BodyDecoder"/> found.</summary>
internal enum BodyEvent : byte
{
    /// <summary>All input was taken; more is needed.</summary>
    NeedMore,

    /// <summary>A run of body bytes, within the consumed input.</summary>
    Data,

    /// <summary>The body and its trailers are complete.</summary>
    End,

    /// <summary>The peer broke a rule; the connection cannot be used further.</summary>
    Error,
}

/// <summary>
/// Finds the bytes of a body in what arrives: counted, chunked or until close (RFC 9112 §6, §7.1). It never copies
/// data: it says where data is. Chunk extensions are checked, charged and dropped; trailers are collected.
/// </summary>
/// <remarks>
/// <code>
/// Size → (Extension…) → SizeLf → Data → DataCr → DataLf → Size …
///                         └ size 0 → Trailers → Complete
/// </code>
/// To move data without looking at it: take up to <see cref="Contiguous"/> bytes elsewhere and call
/// <see cref="Advance"/>. When that is 0 the next bytes are framing and go through <see cref="Decode"/>.
/// </remarks>
internal struct Http1BodyDecoder
{
    private const int SizeDigitsMax = 16;

    private Http1Limits _limits;
    private HttpFields _trailers;
    private Http1ParseState _trailerState;
    private Http1ChunkExtension _extension;
    private long _remaining;
    private int _digits;
    private State _state;

    private enum State : byte
    {
        Complete,
        Counted,
        UntilClose,
        Size,
        Extension,
        SizeLf,
        Data,
        DataCr,
        DataLf,
        Trailers,
        Failed,
    }

    /// <summary>True when nothing of the body is outstanding.</summary>
    public readonly bool IsComplete => _state == State.Complete;

    /// <summary>
    /// Body bytes that follow without framing between: the rest of a counted body or of the current chunk,
    /// <see cref="long.MaxValue"/> until close, 0 when framing comes next or the body is complete.
    /// </summary>
    public readonly long Contiguous => _state switch
    {
        State.Counted or State.Data => _remaining,
        State.UntilClose => long.MaxValue,
        _ => 0,
    };

    /// <summary>The trailers once complete; empty when there are none.</summary>
    public readonly HttpFields Trailers => _trailers;

    /// <summary>Begins a body.</summary>
    /// <param name="body">Where it ends.</param>
    /// <param name="trailers">Cleared, and filled by a chunked body; owned by the caller.</param>
    /// <param name="limits">What framing and trailers may cost.</param>
    public void Start(BodyLength body, HttpFields trailers, Http1Limits limits)
    {
        Debug.Assert(body.Kind != BodyKind.EndStream, "a body of HTTP/1 ends by count, chunks or close");
        _limits = limits;
        _trailers = trailers;
        if (trailers.BlockLength != 0)
        {
            trailers.Clear();
        }

        _trailerState = default;
        _extension = default;
        _digits = 0;
        _remaining = body.Kind == BodyKind.Counted ? body.Length : 0;
        _state = body.Kind switch
        {
            BodyKind.Counted when body.Length > 0 => State.Counted,
            BodyKind.Chunked => State.Size,
            BodyKind.UntilClose => State.UntilClose,
            _ => State.Complete,
        };
    }

    /// <summary>Begins a body whose framing is not HTTP/1.1's: every byte is body until the input ends.</summary>
    public void StartUntilEnd(Http1Limits limits)
    {
        _limits = limits;
        _remaining = 0;
        _state = State.UntilClose;
    }

    /// <summary>
    /// Records that body bytes were moved without <see cref="Decode"/>; at most <see cref="Contiguous"/>.
    /// </summary>
    public void Advance(long count)
    {
        Debug.Assert(count >= 0 && count <= Contiguous, "only contiguous data may be skipped");
        if (_state != State.UntilClose)
        {
            Took(count);
        }
    }

    /// <summary>Takes one step: framing up to and including the next run of data.</summary>
    /// <param name="input">The unread bytes of the connection.</param>
    /// <param name="consumed">Bytes used up, data included.</param>
    /// <param name="dataOffset">Where in the input the data begins; only for <see cref="BodyEvent.Data"/>.</param>
    /// <param name="dataLength">Bytes of data, at least one; only for <see cref="BodyEvent.Data"/>.</param>
    /// <param name="error">What the peer did wrong; only for <see cref="BodyEvent.Error"/>.</param>
    public BodyEvent Decode(ReadOnlySpan<byte> input, out int consumed, out int dataOffset, out int dataLength,
        out ProtocolError error)
    {
        consumed = 0;
        dataOffset = 0;
        dataLength = 0;
        error = default;
        while (true)
        {
            switch (_state)
            {
                case State.Complete:
                    return BodyEvent.End;
                case State.Failed:
                    error = ProtocolErrorCode.MalformedChunkSize;
                    return BodyEvent.Error;
                case State.Trailers:
                    return DecodeTrailers(input, ref consumed, out error);
                case State.Counted or State.Data or State.UntilClose:
                    if (consumed == input.Length)
                    {
                        return BodyEvent.NeedMore;
                    }

                    dataOffset = consumed;
                    dataLength = (int)Math.Min(input.Length - consumed, Contiguous);
                    consumed += dataLength;
                    Advance(dataLength);
                    return BodyEvent.Data;
                default:
                    if (consumed == input.Length)
                    {
                        return BodyEvent.NeedMore;
                    }

                    error = Framing(input[consumed++]);
                    if (error.IsError)
                    {
                        _state = State.Failed;
                        return BodyEvent.Error;
                    }

                    break;
            }
        }
    }

    /// <summary>The peer closed: the end of a body until close, and a cut for any other that is not complete.</summary>
    public BodyEvent InputEnded(out ProtocolError error)
    {
        error = default;
        if (_state is State.UntilClose or State.Complete)
        {
            _state = State.Complete;
            return BodyEvent.End;
        }

        _state = State.Failed;
        error = ProtocolErrorCode.Incomplete;
        return BodyEvent.Error;
    }

    private void Took(long count)
    {
        _remaining -= count;
        if (_remaining == 0)
        {
            _state = _state == State.Counted ? State.Complete : State.DataCr;
        }
    }

    // One byte of chunk framing (RFC 9112 §7.1). White space around the size is not in the grammar: it is refused.
    private ProtocolErrorCode Framing(byte value)
    {
        switch (_state)
        {
            case State.Size:
                return Size(value);
            case State.Extension:
                if (!_extension.Take(value, _limits.ExtensionBytesMax, out bool ended, out ProtocolErrorCode error))
                {
                    return error;
                }

                _state = ended ? State.SizeLf : State.Extension;
                return ProtocolErrorCode.None;
            case State.SizeLf:
                _state = _remaining == 0 ? State.Trailers : State.Data;
                return value == '\n' ? ProtocolErrorCode.None : ProtocolErrorCode.MalformedChunkSize;
            case State.DataCr:
                _state = State.DataLf;
                return value == '\r' ? ProtocolErrorCode.None : ProtocolErrorCode.MalformedChunkEnd;
            default:
                Debug.Assert(_state == State.DataLf, "the only framing state left");
                _state = State.Size;
                _digits = 0;
                return value == '\n' ? ProtocolErrorCode.None : ProtocolErrorCode.MalformedChunkEnd;
        }
    }

    private ProtocolErrorCode Size(byte value)
    {
        int digit = HexDigit(value);
        if (digit >= 0)
        {
            if (++_digits > SizeDigitsMax || _remaining > long.MaxValue >> 4)
            {
                return ProtocolErrorCode.MalformedChunkSize;
            }

            _remaining = (_remaining << 4) | (uint)digit;
            return ProtocolErrorCode.None;
        }

        if (_digits == 0 || value is not ((byte)'\r' or (byte)';'))
        {
            return ProtocolErrorCode.MalformedChunkSize;
        }

        _state = value == '\r' ? State.SizeLf : State.Extension;
        if (value == ';')
        {
            _extension.Begin();
        }

        return ProtocolErrorCode.None;
    }

    private BodyEvent DecodeTrailers(ReadOnlySpan<byte> input, ref int consumed, out ProtocolError error)
    {
        if (!_trailerState.HasStarted && input[consumed..].StartsWith("\r\n"u8))
        {
            // Nearly every body: no trailers, nothing to collect.
            consumed += 2;
            _state = State.Complete;
            error = default;
            return BodyEvent.End;
        }

        ParseStatus status = Http1HeadParser.ParseTrailers(input[consumed..], _trailers, _limits, ref _trailerState,
            out int used, out error);
        consumed += used;
        if (status == ParseStatus.NeedMore)
        {
            return BodyEvent.NeedMore;
        }

        _state = status == ParseStatus.Done ? State.Complete : State.Failed;
        return status == ParseStatus.Done ? BodyEvent.End : BodyEvent.Error;
    }

    private static int HexDigit(byte value)
    {
        uint number = (uint)value - '0';
        if (number <= 9)
        {
            return (int)number;
        }

        uint letter = ((uint)value | 0x20) - 'a';
        return letter <= 5 ? (int)letter + 10 : -1;
    }
}
