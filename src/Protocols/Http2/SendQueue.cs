using System;
using System.Diagnostics;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Who writes next: the streams that have data and window take turns, by bytes (deficit round robin). A stream at the
/// head is given a quantum and keeps its turn until that is used up, so neither many small frames nor few large ones
/// gain anything; a stream without data or window leaves the queue until it has both again.
/// </summary>
internal struct SendQueue
{
    /// <summary>What a turn is worth: one full frame of the usual size.</summary>
    public const int QuantumBytes = 16 << 10;

    private int _tail;

    /// <summary>Number of streams in the queue.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a stream at the end unless it is in the queue or cannot send.</summary>
    public void Enqueue(StreamTable streams, int index)
    {
        ref Http2Stream stream = ref streams[index];
        if (stream.Has(StreamFlags.Queued) || !IsReady(stream))
        {
            return;
        }

        stream.Flags |= StreamFlags.Queued;
        stream.Deficit = 0;
        if (Count++ == 0)
        {
            stream.QueueNext = index;
        }
        else
        {
            stream.QueueNext = streams[_tail].QueueNext;
            streams[_tail].QueueNext = index;
        }

        _tail = index;
    }

    /// <summary>The stream whose turn it is, or -1; those that cannot send leave the queue.</summary>
    public int Head(StreamTable streams)
    {
        while (Count > 0)
        {
            int index = streams[_tail].QueueNext;
            ref Http2Stream stream = ref streams[index];
            if (IsReady(stream))
            {
                if (stream.Deficit > 0)
                {
                    return index;
                }

                // A debt larger than one quantum is paid in several rounds, while the others have theirs.
                stream.Deficit += QuantumBytes;
                if (stream.Deficit > 0 || Count == 1)
                {
                    stream.Deficit = Math.Max(stream.Deficit, 1);
                    return index;
                }

                _tail = index;
                continue;
            }

            RemoveHead(streams);
        }

        return -1;
    }

    /// <summary>Charges what a stream has sent; its turn ends when the quantum is used up.</summary>
    public void Charge(StreamTable streams, int index, int bytes)
    {
        ref Http2Stream stream = ref streams[index];
        if (!stream.Has(StreamFlags.Queued))
        {
            return;
        }

        stream.Deficit -= bytes;
        if (stream.Deficit <= 0 && streams[_tail].QueueNext == index)
        {
            _tail = index;
        }
    }

    /// <summary>Takes a stream out that leaves the table.</summary>
    public void Remove(StreamTable streams, int index)
    {
        if (!streams[index].Has(StreamFlags.Queued))
        {
            return;
        }

        int before = _tail;
        while (streams[before].QueueNext != index)
        {
            before = streams[before].QueueNext;
        }

        Unlink(streams, before, index);
    }

    private static bool IsReady(in Http2Stream stream) =>
        stream.Has(StreamFlags.Pending) && stream.SendWindow.Bytes > 0 && StreamStates.CanSend(stream.State);

    private void RemoveHead(StreamTable streams) => Unlink(streams, _tail, streams[_tail].QueueNext);

    private void Unlink(StreamTable streams, int before, int index)
    {
        Debug.Assert(streams[index].Has(StreamFlags.Queued), "it is in the queue");
        streams[index].Flags &= ~StreamFlags.Queued;
        streams[before].QueueNext = streams[index].QueueNext;
        if (_tail == index)
        {
            _tail = before;
        }

        Count--;
    }
}
