using System;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Outgoing bytes as owned blocks: to a connection, or to one stream among those that share it. While nothing is queued
/// it holds no memory. One that has failed swallows what is written; the flush result says so
/// (<see cref="FlushResult.IsCompleted"/>). Reactor thread only.
/// </summary>
internal abstract class SegmentWriter : PipeWriter, IValueTaskSource<FlushResult>
{
    // GetSpan without a wish: a rest smaller than this is not worth offering.
    private const int RoomBytesMin = 256;

    private SegmentChain _queue;
    private Waiter _waiter;
    private bool _canceled;
    private bool _reserved;

    protected SegmentWriter(int highWaterBytes) => HighWaterBytes = highWaterBytes;

    /// <summary>Written bytes that were not taken yet.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>A flush waits from this many queued bytes on.</summary>
    public int HighWaterBytes { get; set; }

    /// <summary>True when so much is queued that a flush waits.</summary>
    public bool IsFull => QueuedBytes >= HighWaterBytes;

    /// <summary>True while somebody awaits a flush.</summary>
    public bool IsWaiting => _waiter.IsWaiting;

    /// <summary>True when nothing can be sent any more.</summary>
    public bool IsFailed { get; private set; }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => QueuedBytes;

    /// <summary>Where its blocks come from.</summary>
    protected abstract BufferPool Buffers { get; }

    /// <summary>The first block that waits, or null.</summary>
    protected BufferSegment? Head => _queue.Head;

    /// <summary>The blocks may go back to their pool: nobody else looks at them.</summary>
    protected virtual bool CanRelease => true;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => Reserve(sizeHint).FreeMemory;

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => Reserve(sizeHint).FreeSpan;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        BufferSegment? tail = _queue.Tail;
        Debug.Assert(tail is not null && bytes <= tail.Free, "no more than was offered");
        _reserved = false;
        if (!IsFailed)
        {
            tail.End += bytes;
            QueuedBytes += bytes;
        }
        else if (CanRelease)
        {
            ReleaseAll();
        }
    }

    /// <summary>Queues a copy of <paramref name="bytes"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (IsFailed)
        {
            return;
        }

        QueuedBytes += bytes.Length;
        while (bytes.Length > 0)
        {
            if (_queue.Tail is not { Free: > 0 } tail)
            {
                tail = _queue.Push(Buffers.RentAtLeast(Math.Min(bytes.Length, BufferPool.LargeBytes)));
            }

            int take = Math.Min(bytes.Length, tail.Free);
            tail.Append(bytes[..take]);
            bytes = bytes[take..];
        }
    }

    /// <summary>Queues a block, whose owner the writer becomes.</summary>
    public void Append(BufferSegment segment)
    {
        Debug.Assert(segment.Following is null, "the block is out of its chain");
        if (IsFailed)
        {
            segment.Pool.Return(segment);
            return;
        }

        QueuedBytes += segment.Length;
        _queue.Push(segment);
    }

    /// <summary>
    /// Whether to take <paramref name="segment"/> over rather than to copy from it. Blocks never change reactor.
    /// </summary>
    public virtual bool Accepts(BufferSegment segment) => ReferenceEquals(segment.Pool, Buffers);

    /// <summary>Marks what is written to be sent at the end of the turn, without asking for room.</summary>
    public abstract void Flush();

    /// <summary>
    /// Marks what is written to be sent at the end of the turn. Completes at once below the high-water mark.
    /// </summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Flush();
        if (!IsFull || IsFailed || _canceled)
        {
            return new ValueTask<FlushResult>(TakeResult());
        }

        _waiter.Begin();
        return new ValueTask<FlushResult>(this, token: 0);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        _canceled = true;
        Resume();
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => TakeResult();

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _waiter.Status;

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state);

    /// <summary>Takes the first block out of the queue; the caller owns it.</summary>
    protected BufferSegment Pop()
    {
        QueuedBytes -= _queue.Head!.Length;
        return _queue.Pop();
    }

    /// <summary>The first <paramref name="bytes"/> are on their way; blocks without a rest go back to the pool.</summary>
    protected void Skip(long bytes)
    {
        QueuedBytes -= bytes;
        while (_queue.Head is { } head)
        {
            int take = (int)Math.Min(bytes, head.Length);
            head.Start += take;
            bytes -= take;
            if (head.Length > 0 || (_reserved && ReferenceEquals(head, _queue.Tail)))
            {
                break;
            }

            _queue.Drop();
        }

        Debug.Assert(bytes == 0, "no more was taken than was there");
    }

    /// <summary>Lends the first <paramref name="bytes"/> of the first block, which keeps the rest.</summary>
    protected BufferSegment ShareHead(int bytes)
    {
        BufferSegment head = _queue.Head!;
        QueuedBytes -= bytes;
        return head.Pool.Share(head, bytes);
    }

    /// <summary>Wakes who waits for room.</summary>
    protected void Resume() => _waiter.Resume();

    /// <summary>Nothing can be sent any more. The blocks stay until <see cref="ReleaseAll"/>.</summary>
    protected void SetFailed() => IsFailed = true;

    /// <summary>Returns every block to its pool; only while <see cref="CanRelease"/>.</summary>
    protected void ReleaseAll()
    {
        _queue.Release();
        QueuedBytes = 0;
        _reserved = false;
    }

    /// <summary>Makes it as new.</summary>
    protected void Reset()
    {
        ReleaseAll();
        _canceled = false;
        IsFailed = false;
    }

    private BufferSegment Reserve(int sizeHint)
    {
        _reserved = true;
        if (_queue.Tail is { } tail && tail.Free >= (sizeHint <= 0 ? RoomBytesMin : sizeHint))
        {
            return tail;
        }

        bool bulk = QueuedBytes >= BufferPool.SmallBytes;
        int wish = Math.Max(sizeHint, bulk ? BufferPool.MediumBytes : BufferPool.SmallBytes);
        return _queue.Push(Buffers.RentAtLeast(wish));
    }

    private FlushResult TakeResult()
    {
        bool canceled = _canceled;
        _canceled = false;
        return new FlushResult(canceled, IsFailed);
    }
}
