using System;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The sending end of a <see cref="TransportConnection"/>: a queue of blocks that goes out in one send at the end of
/// the turn. While nothing is queued it holds no memory. A failed connection swallows what is written; the flush
/// result says so (<see cref="FlushResult.IsCompleted"/>).
/// </summary>
internal sealed unsafe class TransportWriter : SegmentWriter, IValueTaskSource<FlushResult>
{
    /// <summary>A flush waits from this many unsent bytes on…</summary>
    public const int DefaultHighWaterBytes = 256 << 10;

    // GetSpan without a wish: a rest smaller than this is not worth offering.
    private const int DefaultRoomBytesMin = 256;

    // A block is taken over while less than this part of it would be wasted on few bytes.
    private const int WasteFactorMax = 32;

    private readonly TransportConnection _connection;
    private BufferSegment? _head;
    private BufferSegment? _tail;
    private Action<object?>? _continuation;
    private object? _state;
    private short _token;
    private bool _waiting;
    private bool _canceled;
    private bool _reserved;
    private bool _failed;

    public TransportWriter(TransportConnection connection)
    {
        _connection = connection;
    }

    /// <summary>Written bytes that the kernel has not taken yet.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>A flush waits from this many unsent bytes on, until a quarter is left.</summary>
    public int HighWaterBytes { get; set; } = DefaultHighWaterBytes;

    /// <summary>True when nothing can be sent any more.</summary>
    public bool IsFailed => _failed;

    /// <inheritdoc/>
    public override bool IsFull => QueuedBytes >= HighWaterBytes;

    /// <inheritdoc/>
    public override bool IsWaiting => _waiting;

    /// <summary>True once the sending side was ended by <see cref="ShutdownWrite"/>.</summary>
    public bool IsShutdown { get; private set; }

    /// <summary>The FIN is still to be sent, behind the queue.</summary>
    internal bool ShutdownPending { get; set; }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => QueuedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint).FreeMemory;

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint).FreeSpan;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        Debug.Assert(_tail is not null && bytes <= _tail.Free, "no more than was offered");
        _reserved = false;
        if (_failed)
        {
            if (!_connection.SendInFlight)
            {
                ReleaseAll();
            }

            return;
        }

        _tail!.End += bytes;
        QueuedBytes += bytes;
    }

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<byte> bytes)
    {
        if (_failed)
        {
            return;
        }

        while (bytes.Length > 0)
        {
            BufferSegment? tail = _tail;
            if (tail is null || tail.Free == 0)
            {
                int wish = Math.Min(bytes.Length, BufferPool.LargeBytes);
                tail = Push(_connection.Reactor.Buffers.RentAtLeast(wish));
            }

            int take = Math.Min(bytes.Length, tail.Free);
            tail.Append(bytes[..take]);
            QueuedBytes += take;
            bytes = bytes[take..];
        }
    }

    /// <inheritdoc/>
    public override void Append(BufferSegment segment)
    {
        Debug.Assert(segment.Following is null, "the block is out of its chain");
        if (_failed)
        {
            segment.Pool.Return(segment);
            return;
        }

        QueuedBytes += segment.Length;
        Push(segment);
    }

    /// <inheritdoc/>
    public override bool Accepts(BufferSegment segment) =>
        ReferenceEquals(segment.Pool, _connection.Reactor.Buffers)
        && segment.Length * WasteFactorMax >= segment.Capacity;

    /// <summary>
    /// Marks what is written to be sent at the end of the turn. Completes at once below the high-water mark.
    /// </summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (QueuedBytes > 0)
        {
            _connection.MarkDirty();
            if (QueuedBytes >= HighWaterBytes && !_failed && !_canceled)
            {
                Debug.Assert(!_waiting, "one flush at a time");
                _waiting = true;
                return new ValueTask<FlushResult>(this, _token);
            }
        }

        return new ValueTask<FlushResult>(TakeResult());
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        if (QueuedBytes > 0)
        {
            _connection.MarkDirty();
        }
    }

    /// <summary>Ends the sending side behind what is queued (FIN); receiving goes on.</summary>
    public void ShutdownWrite()
    {
        if (IsShutdown || _failed)
        {
            return;
        }

        IsShutdown = true;
        ShutdownPending = true;
        _connection.MarkDirty();
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        _canceled = true;
        Resume();
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _connection.OnWriterCompleted();

    /// <summary>Describes the queue to the kernel, from its head.</summary>
    /// <returns>The number of pieces.</returns>
    internal int Gather(IoVec* pieces, int piecesMax, out long bytes)
    {
        int count = 0;
        bytes = 0;
        for (BufferSegment? segment = _head; segment is not null && count < piecesMax; segment = segment.Following)
        {
            int length = segment.Length;
            if (length > 0)
            {
                pieces[count].Base = segment.Block + segment.Start;
                pieces[count++].Length = (nuint)length;
                bytes += length;
            }
        }

        return count;
    }

    /// <summary>The kernel has taken <paramref name="bytes"/> from the head of the queue.</summary>
    internal void OnSent(long bytes)
    {
        QueuedBytes -= bytes;
        _connection.BytesSent += bytes;
        _connection.LastActivityMs = _connection.Reactor.NowMs;
        while (_head is { } head)
        {
            int take = (int)Math.Min(bytes, head.Length);
            head.Start += take;
            bytes -= take;
            if (head.Length > 0 || (_reserved && ReferenceEquals(head, _tail)))
            {
                break;
            }

            PopHead();
        }

        Debug.Assert(bytes == 0, "the kernel took no more than it was given");

        if (_waiting && QueuedBytes <= HighWaterBytes / 4)
        {
            Resume();
        }
    }

    /// <summary>Nothing can be sent any more. The blocks stay until <see cref="ReleaseAll"/>.</summary>
    internal void OnFailed()
    {
        _failed = true;
        ShutdownPending = false;
        Resume();
    }

    /// <summary>Returns every block to the pool; only while no send is in flight.</summary>
    internal void ReleaseAll()
    {
        while (_head is not null)
        {
            PopHead();
        }

        QueuedBytes = 0;
        _reserved = false;
    }

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

    private BufferSegment Room(int sizeHint)
    {
        _reserved = true;
        if (_tail is { } tail && tail.Free >= (sizeHint <= 0 ? DefaultRoomBytesMin : sizeHint))
        {
            return tail;
        }

        BufferPool pool = _connection.Reactor.Buffers;
        bool bulk = QueuedBytes >= BufferPool.SmallBytes;
        return Push(pool.RentAtLeast(Math.Max(sizeHint, bulk ? BufferPool.MediumBytes : BufferPool.SmallBytes)));
    }

    private BufferSegment Push(BufferSegment segment)
    {
        if (_tail is null)
        {
            _head = segment;
        }
        else
        {
            _tail.Following = segment;
        }

        _tail = segment;
        return segment;
    }

    private void PopHead()
    {
        BufferSegment head = _head!;
        _head = head.Following;
        if (_head is null)
        {
            _tail = null;
        }

        head.Pool.Return(head);
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
        if (continuation is not null)
        {
            object? state = _state;
            _continuation = null;
            _state = null;
            continuation(state);
        }
    }
}
