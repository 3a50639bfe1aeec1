using System;
using System.Buffers;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Forwarding;

/// <summary>How a body's journey ended.</summary>
internal enum PumpResult : byte
{
    /// <summary>Every byte, and the trailers, stand in the destination's send queue.</summary>
    Done,

    /// <summary>The source ended before the body did, or the wait was cancelled.</summary>
    SourceCut,

    /// <summary>The source broke the chunked coding.</summary>
    SourceInvalid,

    /// <summary>The destination takes nothing any more.</summary>
    DestinationGone,
}

/// <summary>
/// Moves one body from one HTTP/1.1 connection to another. Large pieces change owner without a copy; the destination's
/// high-water mark stops the reading. The framing out may differ from the framing in and is always written anew.
/// </summary>
internal sealed class BodyPump
{
    /// <summary>Chunk data from here on moves by hand-over; below, a copy is cheaper than its own send slot.</summary>
    private const int HandOverBytesMin = 4096;

    private readonly Exchange _exchange;
    private readonly HttpFields _trailers;
    private TransportReader _reader = null!;
    private TransportWriter _writer = null!;
    private Http1BodyDecoder _decoder;
    private BodyKind _in;
    private BodyKind _out;
    private long _remainingBytes;
    private bool _drops;

    public BodyPump(Exchange exchange, HttpFields trailers)
    {
        _exchange = exchange;
        _trailers = trailers;
    }

    /// <summary>Body bytes moved so far, without any framing.</summary>
    public long MovedBytes { get; private set; }

    /// <summary>True once the end of the body was read.</summary>
    public bool IsDone { get; private set; }

    public void Begin(TransportReader reader, BodyLength input, TransportWriter writer, BodyKind output)
    {
        _reader = reader;
        _writer = writer;
        _in = input.Kind;
        _out = output;
        _remainingBytes = input.Kind == BodyKind.Counted ? input.Length : long.MaxValue;
        _drops = false;
        MovedBytes = 0;
        IsDone = input.IsEmpty;
        if (_in == BodyKind.Chunked)
        {
            _decoder = Http1BodyDecoder.ForChunked(_trailers, _exchange.Manager.Limits);
        }
    }

    public void Clear()
    {
        _reader = null!;
        _writer = null!;
        _decoder = default;
        MovedBytes = 0;
        IsDone = false;
    }

    /// <summary>Runs until the end of the body, waiting for bytes of the source and room in the destination.</summary>
    public async ReactorTask<PumpResult> RunAsync()
    {
        while (true)
        {
            if (!_reader.TryRead(out ReadResult read))
            {
                read = await _reader.ReadAsync();
            }

            if (read.IsCanceled)
            {
                _reader.AdvanceTo(read.Buffer.Start);
                return PumpResult.SourceCut;
            }

            PumpResult? end = read.Buffer.IsEmpty && read.IsCompleted ? OnSourceEnd(read) : MoveBuffered(read);
            if (end is not null and not PumpResult.Done)
            {
                return end.Value;
            }

            _exchange.LastActivityMs = _exchange.Reactor.NowMs;
            FlushResult flush = await _writer.FlushAsync();
            if (flush.IsCompleted)
            {
                return PumpResult.DestinationGone;
            }

            if (end is not null)
            {
                return end.Value;
            }
        }
    }

    /// <summary>The part of the body that is buffered already, without waiting; null when more is to come.</summary>
    public PumpResult? MoveBuffered()
    {
        if (!_reader.TryRead(out ReadResult read))
        {
            return null;
        }

        if (read.Buffer.IsEmpty && read.IsCompleted)
        {
            return OnSourceEnd(read);
        }

        return MoveBuffered(read);
    }

    private PumpResult? MoveBuffered(in ReadResult read) =>
        _in == BodyKind.Chunked ? MoveChunked(read.Buffer) : MoveRaw(read.Buffer);

    private PumpResult? OnSourceEnd(in ReadResult read)
    {
        _reader.AdvanceTo(read.Buffer.End);
        if (_in != BodyKind.UntilClose)
        {
            return PumpResult.SourceCut;
        }

        // An error instead of an orderly end must not look like a whole body.
        if (!_reader.EndedCleanly)
        {
            return PumpResult.SourceCut;
        }

        return Finish();
    }

    private PumpResult? MoveRaw(in ReadOnlySequence<byte> buffer)
    {
        long count = Math.Min(buffer.Length, _remainingBytes);
        _reader.AdvanceTo(buffer.Start);
        Put(count);
        if (_in == BodyKind.Counted)
        {
            _remainingBytes -= count;
            if (_remainingBytes == 0)
            {
                return Finish();
            }
        }

        return null;
    }

    private PumpResult? MoveChunked(ReadOnlySequence<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            BodyEvent happened = _decoder.Decode(
                buffer.FirstSpan, out int consumed, out int dataOffset, out int dataLength, out _);
            if (happened == BodyEvent.Error)
            {
                _reader.AdvanceTo(buffer.End);
                return PumpResult.SourceInvalid;
            }

            if (dataLength > 0)
            {
                _reader.AdvanceTo(buffer.GetPosition(dataOffset));
                Put(dataLength);
                if (!_reader.TryRead(out ReadResult rest))
                {
                    return null;
                }

                buffer = rest.Buffer.Slice(consumed - dataOffset - dataLength);
            }
            else
            {
                buffer = buffer.Slice(consumed);
            }

            if (happened == BodyEvent.End)
            {
                _reader.AdvanceTo(buffer.Start);
                return Finish();
            }
        }

        _reader.AdvanceTo(buffer.Start);
        return null;
    }

    /// <summary>Moves bytes that are buffered, in the framing of the destination.</summary>
    private void Put(long count)
    {
        MovedBytes += count;
        if (count == 0)
        {
            return;
        }

        if (_out != BodyKind.Chunked)
        {
            _reader.TransferTo(_writer, count);
            return;
        }

        Span<byte> head = _writer.GetSpan(Http1Writer.ChunkHeadLengthMax);
        _writer.Advance(Http1Writer.WriteChunkHead(head, count));
        _reader.TransferTo(_writer, count);
        "\r\n"u8.CopyTo(_writer.GetSpan(2));
        _writer.Advance(2);
    }

    private PumpResult Finish()
    {
        IsDone = true;
        if (_out == BodyKind.Chunked)
        {
            Span<byte> span = _writer.GetSpan(Http1Writer.MeasureLastChunk(_trailers));
            _writer.Advance(Http1Writer.WriteLastChunk(span, _trailers));
        }

        return PumpResult.Done;
    }
}
