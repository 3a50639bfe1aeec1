using System;
using System.Buffers;
using System.Diagnostics;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// One block of pinned memory with exactly one owner: a reader, a send queue, the kernel, or the pool. A part of its
/// valid bytes can be lent to a second owner as a view (<see cref="BufferPool.Share"/>): those bytes are not written
/// any more, and the block goes back to the pool with the last of them.
/// <code>
/// |0 ........ consumed ........ |Start ....... valid ....... |End ...... free ...... |Capacity
/// </code>
/// As a sequence segment its memory is [0, End), so that positions stay valid while bytes are appended.
/// </summary>
internal sealed unsafe class BufferSegment : ReadOnlySequenceSegment<byte>
{
    private byte[] _array;
    private int _offset;

    internal BufferSegment(BufferPool pool, byte[] array, int offset, int capacity, BufferSize size, byte* block)
    {
        Pool = pool;
        _array = array;
        _offset = offset;
        Capacity = capacity;
        Size = size;
        Block = block;
    }

    /// <summary>The pool it goes back to.</summary>
    public BufferPool Pool { get; }

    /// <summary>The first byte of the block; pinned for life.</summary>
    public byte* Block { get; private set; }

    /// <summary>Bytes in the block.</summary>
    public int Capacity { get; private set; }

    /// <summary>Its size class.</summary>
    public BufferSize Size { get; }

    /// <summary>Offset of the first valid byte.</summary>
    public int Start { get; set; }

    /// <summary>Offset behind the last valid byte.</summary>
    public int End { get; set; }

    /// <summary>The next block in the owner's list.</summary>
    public BufferSegment? Following { get; set; }

    /// <summary>For a view: the block whose bytes it shows.</summary>
    internal BufferSegment? Lender { get; private set; }

    /// <summary>Views of this block that are still out.</summary>
    internal int Views { get; set; }

    /// <summary>Its owner has given it back; only views hold it.</summary>
    internal bool IsReturned { get; set; }

    /// <summary>Valid bytes.</summary>
    public int Length => End - Start;

    /// <summary>Bytes that can still be appended.</summary>
    public int Free => Capacity - End;

    /// <summary>The whole block as memory.</summary>
    public Memory<byte> Whole => new(_array, _offset, Capacity);

    /// <summary>The valid bytes.</summary>
    public ReadOnlySpan<byte> Valid => new(Block + Start, End - Start);

    /// <summary>The free bytes at the end.</summary>
    public Span<byte> FreeSpan => new(Block + End, Capacity - End);

    /// <summary>The free bytes at the end.</summary>
    public Memory<byte> FreeMemory => new(_array, _offset + End, Capacity - End);

    /// <summary>Appends a copy; the caller has checked <see cref="Free"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(bytes.Length <= Free, "the bytes fit");
        bytes.CopyTo(FreeSpan);
        End += bytes.Length;
    }

    /// <summary>Makes the valid bytes visible to sequences: after <see cref="End"/> changed.</summary>
    internal void Publish() => Memory = new ReadOnlyMemory<byte>(_array, _offset, End);

    /// <summary>Starts a chain at running index 0, or continues one behind <paramref name="previous"/>.</summary>
    internal void Chain(BufferSegment? previous)
    {
        Publish();
        Next = null;
        Following = null;
        if (previous is null)
        {
            RunningIndex = 0;
            return;
        }

        RunningIndex = previous.RunningIndex + previous.End;
        previous.Next = this;
        previous.Following = this;
    }

    /// <summary>Cuts the block out of any chain and empties it.</summary>
    internal void Reset()
    {
        Start = 0;
        End = 0;
        Following = null;
        Next = null;
    }

    /// <summary>
    /// Makes this a view of the first <paramref name="length"/> valid bytes of a block or view, or of nothing.
    /// </summary>
    internal void Show(BufferSegment? source, BufferSegment? lender, int length)
    {
        Lender = lender;
        Capacity = length;
        End = length;
        _array = source?._array ?? [];
        _offset = source is null ? 0 : source._offset + source.Start;
        Block = source is null ? null : source.Block + source.Start;
    }

    /// <summary>Cuts the link to the next block, keeping the bytes.</summary>
    internal void Unchain()
    {
        Following = null;
        Next = null;
    }
}
