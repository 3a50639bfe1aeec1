using System;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The sending end of one HTTP/2 stream: blocks that wait for both windows and for their turn on the connection. A
/// flush waits from the high-water mark on, which is what stops the other side of the exchange. Reactor thread only.
/// </summary>
internal sealed class Http2BodyWriter : SegmentWriter, IValueTaskSource<FlushResult>
{
    /// <summary>What a stalled stream may hold before its source stops: one turn's worth.</summary>
    public const int HighWaterBytes = SendQueue.QuantumBytes;

    private Http2Link _link = null!;
    private StreamKey _key;
    private BufferSegment? _head;
    private BufferSegment? _tail;
    private HttpFields? _trailers;
    private Action<object?>? _continuation;
    private object? _state;
    private long _queuedBytes;
    private short _token;
    private bool _isEnding;
    private bool _waiting;
    private bool _canceled;
    private bool _failed;

    /// <summary>
    /// Called once when the last byte, or END_STREAM, stands in the connection's output, or on failure.
    /// </summary>
    public Action? Drained { get; set; }

    /// <summary>When bytes of this stream last left for the connection, in reactor milliseconds.</summary>
    public long LastSentMs { get; private set; }

    /// <summary>True when nothing waits any more.</summary>
    public bool IsDrained => _failed || _queuedBytes == 0;

    public override bool IsFull => _queuedBytes >= HighWaterBytes;

    public override bool IsWaiting => _waiting;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _queuedBytes;

    /// <summary>Begins a stream.</summary>
    public void Begin(Http2Link link, StreamKey key)
    {
        Debug.Assert(_head is null && !_waiting, "the stream before is over");
        _link = link;
        _key = key;
        _trailers = null;
        _isEnding = false;
        _canceled = false;
        _failed = false;
        LastSentMs = link.Connection.Reactor.NowMs;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint).FreeMemory;

    public override Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint).FreeSpan;

    public override void Advance(int bytes)
    {
        _tail!.End += bytes;
        _queuedBytes += bytes;
    }

    public override void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && !_failed)
        {
            BufferSegment tail = Room(0);
            int take = Math.Min(bytes.Length, tail.Free);
            tail.Append(bytes[..take]);
            _queuedBytes += take;
            bytes = bytes[take..];
        }
    }

    public override void Append(BufferSegment segment)
    {
        if (_failed)
        {
            segment.Pool.Return(segment);
            return;
        }

        _queuedBytes += segment.Length;
        Push(segment);
    }

    public override bool Accepts(BufferSegment segment) =>
        ReferenceEquals(segment.Pool, _link.Connection.Reactor.Buffers);

    public override void Flush()
    {
        if (_queuedBytes > 0 && !_failed)
        {
            _link.Session.SetPending(_key, isPending: true);
            _link.Wake();
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Flush();
        if (!IsFull || _failed || _canceled)
        {
            return new ValueTask<FlushResult>(TakeResult());
        }

        Debug.Assert(!_waiting, "one flush at a time");
        _waiting = true;
        return new ValueTask<FlushResult>(this, _token);
    }

    /// <summary>Ends the body behind what is queued; trailers must stay as they are until then.</summary>
    public void End(HttpFields? trailers)
    {
        if (_failed || _isEnding)
        {
            return;
        }

        _isEnding = true;
        _trailers = trailers is { Count: > 0 } ? trailers : null;
        if (_queuedBytes == 0)
        {
            SendEnd();
        }
        else
        {
            Flush();
        }
    }

    /// <summary>The stream takes nothing any more: what is queued is dropped and who waits resumes.</summary>
    public void Fail()
    {
        _failed = true;
        while (_head is { } head)
        {
            Unlink(head);
            head.Pool.Return(head);
        }

        _queuedBytes = 0;
        Resume();
        Drained?.Invoke();
    }

    /// <summary>It is this stream's turn: one DATA frame, its payload by hand-over where a block goes whole.</summary>
    public void SendFrame(TransportWriter output)
    {
        int count = _link.Session.BeginData(
            _key, (int)Math.Min(_queuedBytes, int.MaxValue), _isEnding && _trailers is null);
        if (count < 0)
        {
            Fail();
            return;
        }

        LastSentMs = _link.Connection.Reactor.NowMs;
        Move(output, count);
        if (_queuedBytes == 0 || count == 0)
        {
            _link.Session.SetPending(_key, isPending: false);
        }

        bool isDone = _queuedBytes == 0 && _isEnding;
        if (isDone && _trailers is not null)
        {
            SendEnd();
        }

        if (!IsFull)
        {
            Resume();
        }

        if (isDone)
        {
            Drained?.Invoke();
        }
    }

    public override void CancelPendingFlush()
    {
        _canceled = true;
        Resume();
    }

    public override void Complete(Exception? exception = null) => End(null);

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _token++;
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) =>
        _waiting ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (!_waiting)
        {
            continuation(state);
            return;
        }

        _continuation = continuation;
        _state = state;
    }

    private void SendEnd()
    {
        HttpFields? trailers = _trailers;
        if (trailers is null)
        {
            _link.Session.BeginData(_key, 0, endStream: true);
        }
        else if (_link.Session.SubmitTrailers(_key, trailers) == SubmitResult.Malformed)
        {
            _link.Session.Reset(_key, Http2ErrorCode.InternalError);
        }

        _trailers = null;
        _link.Wake();
    }

    private void Move(TransportWriter output, int count)
    {
        _queuedBytes -= Math.Max(0, count);
        while (count > 0)
        {
            BufferSegment head = _head!;
            int take = Math.Min(head.Length, count);
            if (take < TransportReader.HandOverBytesMin || !output.Accepts(head))
            {
                Copy(output, head, take);
            }
            else if (take == head.Length)
            {
                Unlink(head);
                output.Append(head);
            }
            else
            {
                output.Append(head.Pool.Share(head, take));
            }

            count -= take;
        }
    }

    private void Copy(TransportWriter output, BufferSegment head, int take)
    {
        output.Append(head.Valid[..take]);
        head.Start += take;
        if (head.Length == 0)
        {
            Unlink(head);
            head.Pool.Return(head);
        }
    }

    private BufferSegment Room(int sizeHint)
    {
        if (_tail is { } tail && tail.Free >= Math.Max(1, sizeHint))
        {
            return tail;
        }

        return Push(_link.Connection.Reactor.Buffers.RentAtLeast(Math.Max(sizeHint, BufferPool.SmallBytes)));
    }

    private BufferSegment Push(BufferSegment segment)
    {
        segment.Chain(_tail);
        _tail = segment;
        _head ??= segment;
        return segment;
    }

    private void Unlink(BufferSegment head)
    {
        _head = head.Following;
        if (_head is null)
        {
            _tail = null;
        }

        head.Unchain();
    }

    private FlushResult TakeResult()
    {
        bool canceled = _canceled;
        _canceled = false;
        return new FlushResult(canceled, _failed);
    }

    private void Resume()
    {
        if (!_waiting)
        {
            return;
        }

        _waiting = false;
        Action<object?>? continuation = _continuation;
        object? state = _state;
        _continuation = null;
        _state = null;
        continuation?.Invoke(state);
    }
}
