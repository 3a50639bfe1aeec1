using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastMesh.Engine.Reactors;

/// <summary>Size classes of <see cref="BufferPool"/>.</summary>
internal enum BufferSize
{
    /// <summary>4 KiB: heads, short answers, left-overs of slow peers.</summary>
    Small,

    /// <summary>20 KiB: ordinary receives; holds a 16 KiB body with its head, or a TLS record.</summary>
    Medium,

    /// <summary>64 KiB: receives of connections that move bulk.</summary>
    Large,

    /// <summary>Made for one request that is larger than all classes; never kept.</summary>
    Oversize,

    /// <summary>Has no memory of its own: shows bytes of another block.</summary>
    View,
}

/// <summary>
/// Bytes that all reactors of an engine may hold in buffers. Counted by slab, so it is touched rarely.
/// </summary>
internal sealed class BufferBudget(long limitBytes)
{
    /// <summary>The default: 1 GiB.</summary>
    public const long DefaultBytes = 1L << 30;

    private long _usedBytes;

    /// <summary>What may be held.</summary>
    public long LimitBytes { get; } = limitBytes;

    /// <summary>What is held by slabs now.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Reserves; false (and nothing reserved) when that would exceed the limit and not forced.</summary>
    public bool TryReserve(long bytes, bool force)
    {
        if (Interlocked.Add(ref _usedBytes, bytes) <= LimitBytes || force)
        {
            return true;
        }

        Interlocked.Add(ref _usedBytes, -bytes);
        return false;
    }

    /// <summary>Gives back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _usedBytes, -bytes);
}

/// <summary>
/// The buffers of one reactor: slabs of pinned memory cut into blocks of three sizes, grown on demand up to the
/// engine's <see cref="BufferBudget"/>. The block returned last is rented first, so that a busy reactor works on
/// memory that is in the cache. Slabs are not cleared: pages that were never used cost nothing.
/// </summary>
internal sealed unsafe class BufferPool
{
    /// <summary>Views kept for reuse; more are out only while many slow peers hold bulk, and 80 bytes each.</summary>
    private const int ViewsKeptMax = 4096;

    public const int SmallBytes = 4 << 10;
    public const int MediumBytes = 20 << 10;
    public const int LargeBytes = 64 << 10;

    private readonly BufferBudget _budget;
    private readonly Stack<BufferSegment> _views = new();
    private readonly Shelf[] _shelves =
    [
        new(SmallBytes, 32),
        new(MediumBytes, 16),
        new(LargeBytes, 8),
    ];

    public BufferPool(BufferBudget budget)
    {
        _budget = budget;
    }

    /// <summary>Bytes in blocks that are out of the pool.</summary>
    public long RentedBytes { get; private set; }

    /// <summary>Bytes in slabs.</summary>
    public long SlabBytes { get; private set; }

    /// <summary>Called when a slab was added: somebody should call <see cref="Trim"/> from time to time.</summary>
    public Action? Grew { get; set; }

    /// <summary>A block, even beyond the budget: for what must be said (heads, answers).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BufferSegment Rent(BufferSize size) => TryRent(size, force: true)!;

    /// <summary>A block, or null when the budget is used up: for receiving, which can wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BufferSegment? TryRent(BufferSize size) => TryRent(size, force: false);

    /// <summary>A block of at least <paramref name="bytes"/>; larger than all classes is allocated for once.</summary>
    public BufferSegment RentAtLeast(int bytes)
    {
        if (bytes <= MediumBytes)
        {
            return Rent(bytes <= SmallBytes ? BufferSize.Small : BufferSize.Medium);
        }

        if (bytes <= LargeBytes)
        {
            return Rent(BufferSize.Large);
        }

        byte[] array = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        RentedBytes += bytes;
        _budget.TryReserve(bytes, force: true);
        return new BufferSegment(this, array, 0, bytes, BufferSize.Oversize, (byte*)Unsafe.AsPointer(ref array[0]));
    }

    /// <summary>
    /// Lends the first <paramref name="length"/> valid bytes of <paramref name="segment"/>, which keeps the rest and
    /// may be a view itself. The view is returned like any block.
    /// </summary>
    public BufferSegment Share(BufferSegment segment, int length)
    {
        Debug.Assert(length > 0 && length <= segment.Length, "valid bytes");
        BufferSegment lender = segment.Lender ?? segment;
        if (!_views.TryPop(out BufferSegment? view))
        {
            view = new BufferSegment(this, [], 0, 0, BufferSize.View, null);
        }

        view.Show(segment, lender, length);
        lender.Views++;
        segment.Start += length;
        return view;
    }

    /// <summary>Takes a block back. Its owner must not touch it any more.</summary>
    public void Return(BufferSegment segment)
    {
        Debug.Assert(segment.Pool == this, "a block returns to the reactor it came from");
        if (segment.Views > 0)
        {
            segment.IsReturned = true;
            return;
        }

        if (segment.Lender is { } lender)
        {
            segment.Reset();
            segment.Show(null, null, 0);
            if (_views.Count < ViewsKeptMax)
            {
                _views.Push(segment);
            }

            if (--lender.Views == 0 && lender.IsReturned)
            {
                lender.IsReturned = false;
                Return(lender);
            }

            return;
        }

        segment.Reset();
        RentedBytes -= segment.Capacity;
        if (segment.Size == BufferSize.Oversize)
        {
            _budget.Release(segment.Capacity);
            return;
        }

        _shelves[(int)segment.Size].Push(segment);
    }

    /// <summary>
    /// Gives the pages of blocks that nobody wanted since the last call back to the system; the blocks stay usable.
    /// </summary>
    public void Trim()
    {
        foreach (Shelf shelf in _shelves)
        {
            shelf.Trim();
        }
    }

    private BufferSegment? TryRent(BufferSize size, bool force)
    {
        Shelf shelf = _shelves[(int)size];
        BufferSegment? segment = shelf.Pop();
        if (segment is null)
        {
            if (!Grow(shelf, size, force))
            {
                return null;
            }

            segment = shelf.Pop()!;
        }

        RentedBytes += segment.Capacity;
        return segment;
    }

    private bool Grow(Shelf shelf, BufferSize size, bool force)
    {
        int bytes = shelf.BlockBytes * shelf.BlocksPerSlab;
        bool isFirst = shelf.SlabCount == 0;
        if (!_budget.TryReserve(bytes, force || isFirst))
        {
            return false;
        }

        shelf.SlabCount++;

        byte[] slab = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        byte* first = (byte*)Unsafe.AsPointer(ref slab[0]);
        for (int i = shelf.BlocksPerSlab - 1; i >= 0; i--)
        {
            int offset = i * shelf.BlockBytes;
            shelf.Push(new BufferSegment(this, slab, offset, shelf.BlockBytes, size, first + offset));
        }

        SlabBytes += bytes;
        Grew?.Invoke();
        return true;
    }

    private sealed class Shelf(int blockBytes, int blocksPerSlab)
    {
        private BufferSegment?[] _free = new BufferSegment?[blocksPerSlab];
        private int _count;

        // Blocks below were not touched since the last trim; blocks below _trimmed hold no pages.
        private int _untouched;
        private int _trimmed;

        public int BlockBytes { get; } = blockBytes;

        public int BlocksPerSlab { get; } = blocksPerSlab;

        /// <summary>The first slab is granted in any case: every reactor can always make progress.</summary>
        public int SlabCount { get; set; }

        public void Push(BufferSegment segment)
        {
            if (_count == _free.Length)
            {
                Array.Resize(ref _free, _count * 2);
            }

            _free[_count++] = segment;
        }

        public BufferSegment? Pop()
        {
            if (_count == 0)
            {
                return null;
            }

            BufferSegment segment = _free[--_count]!;
            _untouched = Math.Min(_untouched, _count);
            return segment;
        }

        public void Trim()
        {
            _trimmed = Math.Min(_trimmed, _untouched);
            for (; _trimmed < _untouched; _trimmed++)
            {
                MemoryAdvice.Discard(_free[_trimmed]!.Block, BlockBytes);
            }

            _untouched = _count;
        }
    }
}
