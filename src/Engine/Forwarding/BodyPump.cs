using System;
using System.Buffers;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
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
/// Moves one body from one side of an exchange to the other. Large pieces change owner without a copy; the
/// destination's high-water mark stops the reading. The framing out may differ from the framing in and is always
/// written anew.
/// </summary>
internal sealed class BodyPump
{
    /// <summary>Between two looks at how full the destination is.</summary>
    private const int PieceBytesMax = 64 << 10;

    private readonly Exchange _exchange;
    private readonly HttpFields _trailers;
    private SegmentReader _reader = null!;
    private SegmentWriter _writer = null!;
    private MessageStream _destination = null!;
    private Http1BodyDecoder _decoder;
    private long _waitedMs;
    private long _waitsSinceMs;
    private ReplayBuffer? _kept;
    private bool _passesTrailers;

    public BodyPump(Exchange exchange, HttpFields trailers)
    {
        _exchange = exchange;
        _trailers = trailers;
    }

    /// <summary>Body bytes moved so far, without any framing.</summary>
    public long MovedBytes { get; private set; }

    /// <summary>How long the destination has made the body wait so far.</summary>
    public long WaitedForRoomMs(long nowMs) => _waitedMs + (_waitsSinceMs > 0 ? nowMs - _waitsSinceMs : 0);

    /// <summary>It was told to wait for no more.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>A journey was set up; it may be over.</summary>
    public bool HasBegun => _reader is not null;

    /// <summary>Sets the journey up.</summary>
    /// <param name="source">Where the body comes from; its head is consumed.</param>
    /// <param name="input">How its end is known there.</param>
    /// <param name="destination">Where it goes; its head is written.</param>
    /// <param name="output">The framing that head announced.</param>
    /// <param name="limits">What framing and trailers may cost.</param>
    /// <param name="kept">Takes a copy of what passes, for <see cref="Restart"/>; null for none.</param>
    public void Begin(
        MessageStream source,
        BodyLength input,
        MessageStream destination,
        BodyKind output,
        Http1Limits limits,
        ReplayBuffer? kept = null)
    {
        _kept = kept;
        IsStopped = false;
        _reader = source.Reader;
        _writer = destination.Writer;
        _destination = destination;
        destination.BeginBody(output);
        _passesTrailers = _exchange.Manager.EnableTrailers
            || (input.Kind == BodyKind.EndStream && output == BodyKind.EndStream);
        MovedBytes = 0;
        _waitedMs = 0;
        _waitsSinceMs = 0;
        if (input.Kind == BodyKind.EndStream)
        {
            // Its trailers may stand here already, and its end is the reader's.
            _decoder.StartUntilEnd(limits);
        }
        else
        {
            _decoder.Start(input, _trailers, limits);
        }
    }

    /// <summary>Ends a wait for the source; the journey goes no further until <see cref="Restart"/>.</summary>
    public void Stop()
    {
        IsStopped = true;
        _reader.CancelPendingRead();
    }

    /// <summary>Begins anew towards another destination with what was kept.</summary>
    /// <returns>True when that was not all of the body: <see cref="RunAsync"/> takes it from there.</returns>
    public bool Restart(MessageStream destination, BodyKind output)
    {
        ReplayBuffer kept = _kept!;
        IsStopped = false;
        _writer = destination.Writer;
        _destination = destination;
        MovedBytes = 0;
        destination.BeginBody(output);
        if (kept.Length > 0)
        {
            destination.BeginData(kept.Length);
            kept.WriteTo(_writer);
        }

        if (!_decoder.IsComplete)
        {
            return true;
        }

        Finish();
        return false;
    }

    public void Clear()
    {
        _kept = null;
        _reader = null!;
        _writer = null!;
        _destination = null!;
        _decoder = default;
        MovedBytes = 0;
    }

    /// <summary>Runs until the end of the body, waiting for bytes of the source and room in the destination.</summary>
    public async ReactorTask<PumpResult> RunAsync()
    {
        while (true)
        {
            if (!_reader.TryRead(out ReadResult read))
            {
                // The head in front of a body may not wait for its first byte.
                _writer.Flush();
                read = await _reader.ReadAsync();
            }

            PumpResult? end = Step(read);
            if (end is not null and not PumpResult.Done)
            {
                return end.Value;
            }

            long nowMs = _exchange.Reactor.NowMs;
            _exchange.LastActivityMs = nowMs;
            _waitsSinceMs = nowMs;
            FlushResult flush = await _writer.FlushAsync();
            _waitedMs += _exchange.Reactor.NowMs - nowMs;
            _waitsSinceMs = 0;
            if (flush.IsCompleted)
            {
                return PumpResult.DestinationGone;
            }

            if (end is not null)
            {
                return PumpResult.Done;
            }
        }
    }

    private PumpResult? Step(in ReadResult read)
    {
        ReadOnlySequence<byte> buffer = read.Buffer;
        if (read.IsCanceled && IsStopped)
        {
            _reader.AdvanceTo(buffer.Start);
            return PumpResult.SourceCut;
        }

        if (!buffer.IsEmpty)
        {
            return MoveBuffered(buffer);
        }

        _reader.AdvanceTo(buffer.End);
        if (!read.IsCompleted)
        {
            return null;
        }

        // Neither an error nor an end that we made ourselves may look like a whole body.
        return _reader.EndedByPeer && _decoder.InputEnded(out _) == BodyEvent.End ? Finish() : PumpResult.SourceCut;
    }

    private PumpResult? MoveBuffered(ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            long contiguous = _decoder.Contiguous;
            if (contiguous > 0)
            {
                long count = Math.Min(Math.Min(contiguous, buffer.Length), PieceBytesMax);
                _kept?.Keep(buffer.Slice(0, count));
                _reader.AdvanceTo(buffer.Start);
                Put(count);
                _decoder.Advance(count);
            }
            else
            {
                BodyEvent happened = _decoder.Decode(
                    buffer.FirstSpan, out int consumed, out int dataOffset, out int dataLength, out _);
                if (happened == BodyEvent.Data)
                {
                    _kept?.Keep(buffer.Slice(dataOffset, dataLength));
                }

                _reader.AdvanceTo(buffer.GetPosition(happened == BodyEvent.Data ? dataOffset : consumed));
                if (happened == BodyEvent.Error)
                {
                    return PumpResult.SourceInvalid;
                }

                if (happened == BodyEvent.Data)
                {
                    Put(dataLength);
                }
            }

            if (_decoder.IsComplete)
            {
                return Finish();
            }

            if (_writer.IsFull || !_reader.TryRead(out ReadResult rest))
            {
                return null;
            }

            buffer = rest.Buffer;
            if (buffer.IsEmpty)
            {
                _reader.AdvanceTo(buffer.Start);
                return null;
            }
        }
    }

    /// <summary>Moves bytes that are buffered, in the framing of the destination.</summary>
    private void Put(long count)
    {
        MovedBytes += count;
        _destination.BeginData(count);
        _reader.TransferTo(_writer, count);
    }

    private PumpResult Finish() =>
        _destination.EndBody(_passesTrailers ? _trailers : null) ? PumpResult.Done : PumpResult.SourceInvalid;
}
