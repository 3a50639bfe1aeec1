using System;
using System.Collections.Generic;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The receives of a <see cref="UringPoller"/>, into provided blocks of two sizes. Most connections have one multishot
/// receive into medium blocks. Multishot knows no back-pressure: the kernel may bring 32 blocks in one turn before a
/// cancel above the mark of unread bytes has effect. A connection that fills its blocks therefore moves to large ones
/// that are asked for one by one: it holds little more than its mark, and what was received is sent on while it is
/// still in the processor's cache.
/// </summary>
internal sealed unsafe class UringReceives : IDisposable
{
    /// <summary>Receiving goes on below so many unread bytes.</summary>
    public const int UnreadLowBytes = 64 << 10;

    private const int UnreadHighBytes = 256 << 10;

    // A connection in bulk: the block that its reader works on, and one more.
    private const int BulkUnreadHighBytes = 64 << 10;
    private const int MediumBlocks = 512;
    private const int LargeBlocks = 64;
    private const int MediumBlocksAtFirst = 32;
    private const int LargeBlocksAtFirst = 8;
    private const int MediumHeadroom = 4;

    // A connection that filled this many blocks in a row is moved to large ones; and back.
    private const int FullReceivesForLarge = 4;
    private const int SmallReceivesForMedium = 8;

    private readonly Uring _ring;
    private readonly UringPoller _poller;
    private readonly ReceiveRing _medium;
    private readonly ReceiveRing _large;
    private readonly List<TransportConnection> _starved = [];

    public UringReceives(Uring ring, UringPoller poller)
    {
        _ring = ring;
        _poller = poller;
        BufferPool pool = poller.Reactor.Buffers;
        _medium = ReceiveRing.TryCreate(
            ring, pool, BufferSize.Medium, 0, MediumBlocks, MediumBlocksAtFirst, MediumHeadroom, out int errno)
            ?? throw new InvalidOperationException("io_uring buffer ring: " + new TransportError(errno).Text);
        _large = ReceiveRing.TryCreate(ring, pool, BufferSize.Large, 1, LargeBlocks, 0, 1, out errno)
            ?? throw new InvalidOperationException("io_uring buffer ring: " + new TransportError(errno).Text);
    }

    /// <summary>How often the kernel found no block to receive into.</summary>
    public long StarvedCount { get; private set; }

    /// <summary>End of a turn: replaces the blocks that were used and goes on where there was none.</summary>
    public void Refill()
    {
        _medium.Refill();
        _large.Refill();
        if (_starved.Count > 0)
        {
            FeedStarved();
        }
    }

    /// <summary>A receive brought bytes, an end, or an error.</summary>
    public void Complete(TransportConnection connection, int result, uint flags)
    {
        bool more = (flags & Uring.CompletionMore) != 0;
        if (!more)
        {
            connection.Poll &= ~(PollFlags.ReceiveArmed | PollFlags.Canceling);
        }

        BufferSegment? segment = (flags & Uring.CompletionBuffer) == 0
            ? null
            : RingOf(connection).Take((int)(flags >> 16));
        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            segment?.Pool.Return(segment);
            _poller.FinishRelease(connection);
            return;
        }

        if (result > 0)
        {
            OnBytes(connection, segment!, result);
        }
        else
        {
            segment?.Pool.Return(segment);
            OnReceiveEnded(connection, result);
        }

        if (!more && result != 0 && CanReceive(connection))
        {
            Arm(connection);
        }

        if (!more)
        {
            connection.Relay?.OnReady(connection, readable: true, writable: false);
        }
    }

    private void OnBytes(TransportConnection connection, BufferSegment segment, int length)
    {
        segment.End = length;
        bool large = segment.Size == BufferSize.Large;
        bool counts = large ? length < BufferPool.MediumBytes : length == segment.Capacity;
        connection.TurnReceives = counts ? connection.TurnReceives + 1 : 0;
        if (connection.TurnReceives >= (large ? SmallReceivesForMedium : FullReceivesForLarge))
        {
            connection.TurnReceives = 0;
            connection.Bulk = !large;
            Cancel(connection);
        }

        connection.Reader.OnReceived(segment);
        int high = large ? BulkUnreadHighBytes : UnreadHighBytes;
        if (connection.Reader.BufferedBytes > high && !connection.IsClosing)
        {
            connection.Poll |= PollFlags.Paused;
            Cancel(connection);
        }
    }

    private void OnReceiveEnded(TransportConnection connection, int result)
    {
        switch (-result)
        {
            case 0:
                connection.OnEndOfInput();
                break;
            case TransportError.NoBuffers:
                StarvedCount++;
                RingOf(connection).Grow(LargeBlocksAtFirst);
                connection.Poll |= PollFlags.Starved;
                _starved.Add(connection);
                break;
            case TransportError.Canceled or TransportError.Again or TransportError.Interrupted:
                break;
            default:
                connection.Fail(-result);
                break;
        }
    }

    private static bool CanReceive(TransportConnection connection) =>
        !connection.IsClosed && !connection.Reader.IsEnded && connection.Relay is null
        && !connection.PeerHalfClosed
        && (connection.Poll & (PollFlags.ReceiveArmed | PollFlags.Paused | PollFlags.Starved)) == 0;

    /// <summary>Starts receiving.</summary>
    public void Arm(TransportConnection connection)
    {
        if (connection.Bulk != ((connection.Poll & PollFlags.LargeGroup) != 0))
        {
            connection.Poll ^= PollFlags.LargeGroup;
        }

        ReceiveRing ring = RingOf(connection);
        if (ring.Available == 0)
        {
            ring.Grow(LargeBlocksAtFirst);
            ring.Refill();
        }

        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpReceive;
        entry->Fd = connection.Fd;
        entry->Flags = Uring.EntryBufferSelect;
        // Bulk tries at once: the next block is most likely there.
        entry->Priority = (ushort)(connection.Bulk ? 0 : Uring.ReceiveMultishot | Uring.ReceivePollFirst);
        entry->BufferGroup = ring.Group;
        entry->UserData = UringKind.UserData(connection, UringKind.Receive);
        connection.Poll |= PollFlags.ReceiveArmed;
    }

    /// <summary>Stops receiving; the completion that ends it may still bring bytes before.</summary>
    public void Cancel(TransportConnection connection)
    {
        if ((connection.Poll & (PollFlags.ReceiveArmed | PollFlags.Canceling)) != PollFlags.ReceiveArmed)
        {
            return;
        }

        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpCancel;
        entry->Address = UringKind.UserData(connection, UringKind.Receive);
        entry->UserData = UringKind.Cancel;
        connection.Poll |= PollFlags.Canceling;
    }

    /// <summary>Goes on after a pause.</summary>
    public void Resume(TransportConnection connection)
    {
        connection.Poll &= ~PollFlags.Paused;
        if (CanReceive(connection))
        {
            Arm(connection);
        }
    }

    private ReceiveRing RingOf(TransportConnection connection) =>
        (connection.Poll & PollFlags.LargeGroup) != 0 ? _large : _medium;

    private void FeedStarved()
    {
        int count = _starved.Count;
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            TransportConnection connection = _starved[i];
            if (RingOf(connection).Available == 0 && !connection.IsClosed)
            {
                _starved[kept++] = connection;
                continue;
            }

            connection.Poll &= ~PollFlags.Starved;
            if (CanReceive(connection))
            {
                Arm(connection);
            }
        }

        _starved.RemoveRange(kept, count - kept);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _medium.Dispose();
        _large.Dispose();
    }
}
