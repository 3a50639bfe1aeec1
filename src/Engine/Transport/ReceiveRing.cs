using System;
using System.Threading;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// A group of provided buffers: the kernel takes a block only when bytes have come. What it took belongs to the
/// reader and is replaced from the pool at the end of the turn, so a slow reader never holds the ring, only memory
/// that counts against the budget. The ring is filled by demand: it grows when a turn used more than half.
/// </summary>
internal sealed unsafe class ReceiveRing : IDisposable
{
    private const uint RegisterRing = 22;
    private const int EntryBytes = 16;
    private const int TailOffset = 14;

    // So many turns without need let the ring become smaller again.
    private const int TurnsPerReview = 1024;

    private readonly BufferPool _pool;
    private readonly BufferSize _size;
    private readonly byte* _entries;
    private readonly nuint _entriesBytes;
    private readonly int _capacity;
    private readonly BufferSegment?[] _segments;
    private readonly ushort[] _freeIds;
    private int _freeCount;
    private ushort _tail;
    private readonly int _targetMin;
    private readonly int _headroom;
    private int _target;
    private int _taken;
    private int _takenMost;
    private int _turns;

    private ReceiveRing(
        BufferPool pool, BufferSize size, ushort group, int capacity, int target, int headroom, byte* at)
    {
        _pool = pool;
        _size = size;
        Group = group;
        _capacity = capacity;
        _target = target;
        _targetMin = target;
        _headroom = headroom;
        _entries = at;
        _entriesBytes = (nuint)(capacity * EntryBytes);
        _segments = new BufferSegment?[capacity];
        _freeIds = new ushort[capacity];
        for (int i = 0; i < capacity; i++)
        {
            _freeIds[_freeCount++] = (ushort)(capacity - 1 - i);
        }
    }

    /// <summary>Its number in the kernel.</summary>
    public ushort Group { get; }

    /// <summary>Blocks the kernel can take.</summary>
    public int Available { get; private set; }

    /// <summary>
    /// Registers a group of at most <paramref name="capacity"/> blocks (a power of two), <paramref name="target"/> of
    /// them to begin with; 0 waits for the first demand. <paramref name="headroom"/> times what a turn takes stands in
    /// the ring: the kernel takes the block that lies there longest, so that a reserve of large blocks would be cold.
    /// Null and the error number where the kernel refuses.
    /// </summary>
    public static ReceiveRing? TryCreate(
        Uring ring, BufferPool pool, BufferSize size, ushort group, int capacity, int target, int headroom,
        out int errno)
    {
        byte* at = LibC.MapMemory(null, (nuint)(capacity * EntryBytes), 3, 0x22, -1, 0);
        ulong* registration = stackalloc ulong[5];
        registration[0] = (ulong)at;
        registration[1] = (uint)capacity | ((ulong)group << 32);
        registration[2] = 0;
        registration[3] = 0;
        registration[4] = 0;
        errno = -ring.Register(RegisterRing, registration, 1);
        if (errno > 0)
        {
            _ = LibC.UnmapMemory(at, (nuint)(capacity * EntryBytes));
            return null;
        }

        return new ReceiveRing(pool, size, group, capacity, target, headroom, at);
    }

    /// <summary>The block that the kernel took; the caller owns it.</summary>
    public BufferSegment Take(int id)
    {
        BufferSegment segment = _segments[id]!;
        _segments[id] = null;
        _freeIds[_freeCount++] = (ushort)id;
        Available--;
        _taken++;
        return segment;
    }

    /// <summary>The kernel found no block: there should be more.</summary>
    public void Grow(int atLeast) => _target = Math.Min(_capacity, Math.Max(_target * 2, atLeast));

    /// <summary>End of a turn: replaces what was taken, as far as the budget allows.</summary>
    public void Refill()
    {
        _target = Math.Max(_target, Math.Min(_capacity, _taken * _headroom));
        _takenMost = Math.Max(_takenMost, _taken);
        _taken = 0;
        if (++_turns == TurnsPerReview)
        {
            // What the kernel already has stays with it until it is used; it is only not replaced.
            _target = Math.Max(_targetMin, Math.Min(_target, _takenMost * _headroom));
            _takenMost = 0;
            _turns = 0;
        }

        if (Available >= _target)
        {
            return;
        }

        while (Available < _target && _freeCount > 0 && _pool.TryRent(_size) is { } segment)
        {
            Add(segment);
        }

        Volatile.Write(ref *(ushort*)(_entries + TailOffset), _tail);
    }

    /// <summary>Gives the blocks back: the <see cref="Uring"/> is closed already and took the group with it.</summary>
    public void Dispose()
    {
        _ = LibC.UnmapMemory(_entries, _entriesBytes);
        for (int i = 0; i < _capacity; i++)
        {
            if (_segments[i] is { } segment)
            {
                _segments[i] = null;
                _pool.Return(segment);
            }
        }
    }

    private void Add(BufferSegment segment)
    {
        ushort id = _freeIds[--_freeCount];
        _segments[id] = segment;
        byte* entry = _entries + ((_tail++ & (_capacity - 1)) * EntryBytes);
        *(ulong*)entry = (ulong)segment.Block;
        *(uint*)(entry + 8) = (uint)segment.Capacity;
        *(ushort*)(entry + 12) = id;
        Available++;
    }
}
