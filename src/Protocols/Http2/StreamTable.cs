using System;
using System.Diagnostics;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Names a stream of a session: its place in the table, and its identifier, which is never used again. A key that
/// outlived its stream is simply not found.
/// </summary>
internal readonly record struct StreamKey(int Index, int Id)
{
    /// <summary>Names no stream.</summary>
    public static StreamKey None => new(-1, 0);
}

/// <summary>What is remembered about a stream.</summary>
[Flags]
internal enum StreamFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>This side sent RST_STREAM: what still arrives was on its way.</summary>
    ResetSent = 1,

    /// <summary>The peer sent RST_STREAM, or its GOAWAY left the stream out.</summary>
    ResetReceived = 2,

    /// <summary>The final head was sent: requests cannot be reset prematurely any more.</summary>
    HeadSent = 4,

    /// <summary>The final head was received: what follows is DATA or trailers.</summary>
    HeadReceived = 8,

    /// <summary>The response has no body whatever it declares: HEAD.</summary>
    NoBody = 16,

    /// <summary>The request is CONNECT: a 2xx response has no length.</summary>
    Connect = 32,

    /// <summary>There is data that waits to be sent.</summary>
    Pending = 64,

    /// <summary>It stands in the send queue.</summary>
    Queued = 128,
}

/// <summary>A stream of a session: 80 bytes in a slab.</summary>
internal struct Http2Stream
{
    /// <summary>Identifier; 0 for a free place.</summary>
    public int Id;

    /// <summary>The place behind this one in its bucket, or in the list of free places; -1 for none.</summary>
    public int Following;

    /// <summary>Where it stands.</summary>
    public StreamState State;

    /// <summary>What is remembered.</summary>
    public StreamFlags Flags;

    /// <summary>RFC 9218 §4.1: 0 is most urgent, 7 least.</summary>
    public byte Urgency;

    /// <summary>RFC 9218 §4.2.</summary>
    public bool IsIncremental;

    /// <summary>What may be sent.</summary>
    public FlowWindow SendWindow;

    /// <summary>What the peer may send.</summary>
    public FlowWindow ReceiveWindow;

    /// <summary>Bytes handed out and not consumed yet.</summary>
    public int Unconsumed;

    /// <summary>Consumed bytes that no WINDOW_UPDATE has returned yet.</summary>
    public int Unreturned;

    /// <summary>DATA bytes still to come by Content-Length; -1 when none was declared.</summary>
    public long ContentLeft;

    /// <summary>The place behind this one in the send queue.</summary>
    public int QueueNext;

    /// <summary>Bytes it may still send before the next stream's turn.</summary>
    public int Deficit;

    /// <summary>Whatever the session's user wants to find with the stream.</summary>
    public object? Owner;

    /// <summary>True when any of the flags is set.</summary>
    public readonly bool Has(StreamFlags flags) => (Flags & flags) != 0;
}

/// <summary>
/// The streams of a session in a slab, found by identifier. Places are reused, arrays grow by doubling and are let go
/// by <see cref="Trim"/> when empty. References into it are valid until the next <see cref="Add"/>.
/// </summary>
internal sealed class StreamTable
{
    private const int FirstPlaces = 4;

    private Http2Stream[] _streams = [];
    private int[] _buckets = [];
    private int _free = -1;

    /// <summary>Number of streams.</summary>
    public int Count { get; private set; }

    /// <summary>Places, used or not; for a walk over all streams.</summary>
    public int Places => _streams.Length;

    /// <summary>The stream at a place.</summary>
    public ref Http2Stream this[int index] => ref _streams[index];

    /// <summary>True when the key's stream is still in the table.</summary>
    public bool Contains(StreamKey key) =>
        (uint)key.Index < (uint)_streams.Length && _streams[key.Index].Id == key.Id && key.Id != 0;

    /// <summary>The place of a stream, or -1.</summary>
    public int Find(int id)
    {
        if (_buckets.Length == 0)
        {
            return -1;
        }

        // Identifiers of one side differ by two.
        int index = _buckets[(id >> 1) & (_buckets.Length - 1)] - 1;
        while (index >= 0 && _streams[index].Id != id)
        {
            index = _streams[index].Following;
        }

        return index;
    }

    /// <summary>Adds a stream that is not in the table; all but identifier and state are default.</summary>
    public StreamKey Add(int id, StreamState state)
    {
        Debug.Assert(id > 0 && Find(id) < 0, "an identifier is used once");
        if (_free < 0)
        {
            Grow();
        }

        int index = _free;
        ref Http2Stream stream = ref _streams[index];
        _free = stream.Following;
        stream = default;
        stream.Id = id;
        stream.State = state;
        stream.ContentLeft = -1;
        stream.Urgency = Http2Priority.DefaultUrgency;
        Link(index);
        Count++;
        return new StreamKey(index, id);
    }

    /// <summary>Frees a stream's place.</summary>
    public void Remove(int index)
    {
        ref Http2Stream stream = ref _streams[index];
        ref int bucket = ref _buckets[(stream.Id >> 1) & (_buckets.Length - 1)];
        if (bucket - 1 == index)
        {
            bucket = stream.Following + 1;
        }
        else
        {
            int before = bucket - 1;
            while (_streams[before].Following != index)
            {
                before = _streams[before].Following;
            }

            _streams[before].Following = stream.Following;
        }

        stream = default;
        stream.Following = _free;
        _free = index;
        Count--;
    }

    /// <summary>Gives the memory back when there is no stream.</summary>
    public void Trim()
    {
        if (Count == 0)
        {
            _streams = [];
            _buckets = [];
            _free = -1;
        }
    }

    private void Link(int index)
    {
        ref int bucket = ref _buckets[(_streams[index].Id >> 1) & (_buckets.Length - 1)];
        _streams[index].Following = bucket - 1;
        bucket = index + 1;
    }

    private void Grow()
    {
        int old = _streams.Length;
        Array.Resize(ref _streams, Math.Max(FirstPlaces, old * 2));
        _buckets = new int[_streams.Length];
        for (int index = 0; index < old; index++)
        {
            Link(index);
        }

        for (int index = _streams.Length - 1; index >= old; index--)
        {
            _streams[index].Following = _free;
            _free = index;
        }
    }
}
