using System;
using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Incoming bytes as owned blocks: of a connection, or of one stream among those that share it. The reader is its own
/// awaitable and resumes inline on the reactor. The end of input and failures show as
/// <see cref="ReadResult.IsCompleted"/>; nothing throws for what a peer does. Reactor thread only.
/// </summary>
internal abstract class SegmentReader : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>From this on a block changes owner instead of being copied: copying 2 KiB costs about 50 ns.</summary>
    public const int HandOverBytesMin = 2048;

    private SegmentChain _input;
    private Waiter _waiter;
    private bool _unexamined;
    private bool _canceled;

    /// <summary>Received bytes that were not consumed yet.</summary>
    public long BufferedBytes { get; private set; }

    /// <summary>True when nothing more will come: end of input, failure, or closed.</summary>
    public bool IsEnded { get; protected set; }

    /// <summary>True when nothing more will come because of an error.</summary>
    public abstract bool HasFailed { get; }

    /// <summary>True when the input ended as the peer meant it: neither by a failure nor by this side.</summary>
    public abstract bool EndedByPeer { get; }

    /// <summary>True while somebody awaits <see cref="ReadAsync"/>, or a call back.</summary>
    public bool IsWaiting => _waiter.IsWaiting;

    /// <summary>A read has something to say.</summary>
    protected bool HasNews => _unexamined || IsEnded || _canceled;

    /// <summary>All bytes were looked at, and the message they begin waits for its rest.</summary>
    protected bool IsExamined => !_unexamined;

    /// <summary>Bytes that <see cref="Append"/> can take without another block.</summary>
    protected int Room => _input.Tail?.Free ?? 0;

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryFill())
        {
            return new ValueTask<ReadResult>(TakeResult());
        }

        _waiter.Begin();
        OnWait();
        return new ValueTask<ReadResult>(this, token: 0);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        bool hasNews = TryFill();
        result = hasNews ? TakeResult() : default;
        return hasNews;
    }

    /// <summary>
    /// Calls back once, in a later turn of events, when <see cref="TryRead"/>, which just had nothing, has something to
    /// say. Unlike an await of <see cref="ReadAsync"/> it keeps no method's state alive: an idle connection has none.
    /// </summary>
    public void WhenReadable(Action<object?> readable, object state)
    {
        Debug.Assert(!HasNews, "only without input");
        _waiter.Begin(readable, state);
        OnWait();
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_input.Tail is not { } tail || consumed.GetObject() is not BufferSegment end)
        {
            return;
        }

        _unexamined = !ReferenceEquals(examined.GetObject(), tail) || examined.GetInteger() < tail.End;
        long before = BufferedBytes;
        while (!ReferenceEquals(_input.Head, end))
        {
            Drop();
        }

        Skip(end, consumed.GetInteger() - end.Start);
        _unexamined &= _input.Head is not null;
        OnConsumed(before - BufferedBytes);
    }

    /// <summary>
    /// Moves up to <paramref name="maxBytes"/> buffered bytes to <paramref name="destination"/>: small pieces are
    /// copied, larger ones change owner, a large part of a block is lent. Stands for
    /// <see cref="PipeReader.AdvanceTo(SequencePosition)"/>; results of earlier reads are invalid afterwards. The caller
    /// flushes the destination.
    /// </summary>
    /// <returns>The bytes moved.</returns>
    public long TransferTo(SegmentWriter destination, long maxBytes)
    {
        long moved = 0;
        while (_input.Head is { } head && moved < maxBytes)
        {
            int take = (int)Math.Min(head.Length, maxBytes - moved);
            moved += take;
            if (take < HandOverBytesMin || !destination.Accepts(head))
            {
                destination.Append(head.Valid[..take]);
                Skip(head, take);
                continue;
            }

            BufferedBytes -= take;
            destination.Append(take == head.Length ? _input.Pop() : head.Pool.Share(head, take));
        }

        _unexamined = _input.Head is not null;
        OnConsumed(moved);
        return moved;
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        _canceled = true;
        Resume();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => TakeResult();

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _waiter.Status;

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state);

    /// <summary>Whether there is something to say, be it by asking where the bytes come from.</summary>
    protected virtual bool TryFill() => HasNews;

    /// <summary>Nothing is here and somebody waits.</summary>
    protected virtual void OnWait()
    {
    }

    /// <summary>Bytes were taken out.</summary>
    protected abstract void OnConsumed(long bytes);

    /// <summary>Takes ownership of a block of new bytes.</summary>
    protected void Push(BufferSegment segment)
    {
        _input.Push(segment);
        OnArrived(segment.Length);
    }

    /// <summary>Copies new bytes behind those of the last block.</summary>
    /// <returns>How many found <see cref="Room"/>.</returns>
    protected int Append(ReadOnlySpan<byte> bytes)
    {
        int take = Math.Min(bytes.Length, Room);
        if (take > 0)
        {
            _input.Tail!.Append(bytes[..take]);
            _input.Tail!.Publish();
            OnArrived(take);
        }

        return take;
    }

    /// <summary>Wakes who waits.</summary>
    /// <returns>False when nobody did.</returns>
    protected bool Resume() => _waiter.Resume();

    /// <summary>Returns every block to its pool.</summary>
    protected void ReleaseAll()
    {
        _input.Release();
        BufferedBytes = 0;
        _unexamined = false;
    }

    /// <summary>Makes it as new.</summary>
    protected void Reset()
    {
        ReleaseAll();
        _canceled = false;
        IsEnded = false;
    }

    /// <summary>
    /// A started message that waits for its rest keeps a small block, not the receive block it came in.
    /// </summary>
    /// <param name="bytesMax">What is worth a copy.</param>
    protected void Compact(int bytesMax)
    {
        if (_input.Head is not { } head
            || !ReferenceEquals(head, _input.Tail) || head.Size == BufferSize.Small || head.Length > bytesMax)
        {
            return;
        }

        BufferSegment small = head.Pool.Rent(BufferSize.Small);
        small.Append(head.Valid);
        _input.Drop();
        _input.Push(small);
    }

    /// <summary>Takes the first block out, unread; null when there is none. The caller owns it.</summary>
    protected BufferSegment? TakeHead()
    {
        if (_input.Head is not { } head)
        {
            return null;
        }

        BufferedBytes -= head.Length;
        _unexamined = false;
        return _input.Pop();
    }

    private void OnArrived(int bytes)
    {
        BufferedBytes += bytes;
        _unexamined = true;
    }

    private ReadResult TakeResult()
    {
        bool canceled = _canceled;
        _canceled = false;
        ReadOnlySequence<byte> sequence = _input.Head is not { } head
            ? ReadOnlySequence<byte>.Empty
            : new ReadOnlySequence<byte>(head, head.Start, _input.Tail!, _input.Tail!.End);
        return new ReadResult(sequence, canceled, IsEnded);
    }

    private void Skip(BufferSegment head, int bytes)
    {
        head.Start += bytes;
        BufferedBytes -= bytes;
        if (head.Length == 0)
        {
            Drop();
        }
    }

    private void Drop()
    {
        BufferedBytes -= _input.Head!.Length;
        _input.Drop();
    }
}
