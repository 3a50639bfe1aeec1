using System;
using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The receiving end of one HTTP/2 stream: its DATA, at most a stream's window of it, since credit goes back only for
/// what has been taken out. Bytes that somebody waits for are lent from the block they came in; others are copied, so
/// that a stalled stream holds no more than it was sent. Reactor thread only.
/// </summary>
internal sealed class Http2BodyReader : SegmentReader, IValueTaskSource<ReadResult>
{
    private Http2Link _link = null!;
    private StreamKey _key;
    private BufferSegment? _head;
    private BufferSegment? _tail;
    private Action<object?>? _continuation;
    private object? _state;
    private short _token;
    private bool _unexamined;
    private bool _waiting;
    private bool _canceled;
    private bool _ended;
    private bool _failed;

    public override bool HasFailed => _failed;

    public override bool EndedByPeer => _ended && !_failed;

    /// <summary>Begins a stream.</summary>
    public void Begin(Http2Link link, StreamKey key)
    {
        Debug.Assert(_head is null && !_waiting, "the stream before is over");
        _link = link;
        _key = key;
        _unexamined = false;
        _canceled = false;
        _ended = false;
        _failed = false;
    }

    /// <summary>Bytes of a DATA frame, and where they stand in the block that is being read.</summary>
    public void OnData(ReadOnlySpan<byte> data, int offset)
    {
        if (_waiting && _link.TryLend(offset, data.Length) is { } view)
        {
            Push(view);
            _unexamined = true;
            return;
        }

        while (data.Length > 0)
        {
            if (_tail is null || _tail.Free == 0)
            {
                Push(_link.Connection.Reactor.Buffers.RentAtLeast(data.Length));
            }

            int take = Math.Min(data.Length, _tail!.Free);
            _tail.Append(data[..take]);
            _tail.Publish();
            data = data[take..];
        }

        _unexamined = _head is not null;
    }

    /// <summary>The peer has ended its side.</summary>
    public void OnEnd() => _ended = true;

    /// <summary>The stream is dead. Wake who waits by <see cref="Resume"/>.</summary>
    public void Fail()
    {
        _ended = true;
        _failed = true;
    }

    /// <summary>Drops what nobody will read.</summary>
    public void Release()
    {
        int dropped = 0;
        while (_head is { } head)
        {
            dropped += head.Length;
            Drop(head);
        }

        _unexamined = false;
        Consumed(dropped);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsReady)
        {
            return new ValueTask<ReadResult>(TakeResult());
        }

        Debug.Assert(!_waiting, "one read at a time");
        _waiting = true;
        return new ValueTask<ReadResult>(this, _token);
    }

    public override bool TryRead(out ReadResult result)
    {
        result = IsReady ? TakeResult() : default;
        return IsReady || result.IsCanceled;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_head is null || consumed.GetObject() is not BufferSegment end)
        {
            return;
        }

        int offset = consumed.GetInteger();
        _unexamined = !ReferenceEquals(examined.GetObject(), _tail) || examined.GetInteger() < _tail!.End;
        int taken = 0;
        while (!ReferenceEquals(_head, end))
        {
            taken += _head!.Length;
            Drop(_head);
        }

        taken += offset - end.Start;
        end.Start = offset;
        if (end.Length == 0)
        {
            Drop(end);
        }

        _unexamined &= _head is not null;
        Consumed(taken);
    }

    public override long TransferTo(SegmentWriter destination, long maxBytes)
    {
        int moved = 0;
        while (_head is { } head && moved < maxBytes)
        {
            int take = (int)Math.Min(head.Length, maxBytes - moved);
            if (take == head.Length && take >= TransportReader.HandOverBytesMin && destination.Accepts(head))
            {
                Unlink(head);
                destination.Append(head);
            }
            else
            {
                destination.Append(head.Valid[..take]);
                head.Start += take;
                if (head.Length == 0)
                {
                    Drop(head);
                }
            }

            moved += take;
        }

        _unexamined = _head is not null;
        Consumed(moved);
        return moved;
    }

    public override void CancelPendingRead()
    {
        _canceled = true;
        Resume();
    }

    public override void Complete(Exception? exception = null) => Release();

    /// <summary>Wakes who waits for bytes or the end.</summary>
    public void Resume()
    {
        if (!_waiting || !IsReady)
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

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _token++;
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) =>
        _waiting ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    void IValueTaskSource<ReadResult>.OnCompleted(
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

    private bool IsReady => _unexamined || _ended || _canceled;

    private ReadResult TakeResult()
    {
        bool canceled = _canceled;
        _canceled = false;
        ReadOnlySequence<byte> sequence = _head is null
            ? ReadOnlySequence<byte>.Empty
            : new ReadOnlySequence<byte>(_head, _head.Start, _tail!, _tail!.End);
        return new ReadResult(sequence, canceled, _ended);
    }

    private void Consumed(int bytes)
    {
        if (bytes > 0)
        {
            _link.Session.ConsumeData(_key, bytes);
            _link.Wake();
        }
    }

    private void Push(BufferSegment segment)
    {
        segment.Chain(_tail);
        _tail = segment;
        _head ??= segment;
    }

    private void Drop(BufferSegment head)
    {
        Unlink(head);
        head.Pool.Return(head);
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
}
