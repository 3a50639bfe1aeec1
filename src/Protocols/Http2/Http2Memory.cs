using System;
using System.Diagnostics;
using System.Numerics;
using FastMesh.Protocols.Hpack;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// What the sessions of one reactor share: scratch for one field and one head, and blocks for frames that arrive in
/// pieces. Not thread-safe.
/// </summary>
internal sealed class Http2Memory
{
    // 256 bytes to 128 KiB: a whole field block, or a frame of usual size.
    private const int SmallestBits = 8;
    private const int Classes = 10;

    // Blocks of a class that are kept; more are left to the garbage collector.
    private const int KeptPerClass = 16;

    private readonly byte[][] _kept = new byte[Classes * KeptPerClass][];
    private readonly int[] _counts = new int[Classes];

    /// <summary>Memory for one field.</summary>
    public HpackScratch Field { get; } = new();

    /// <summary>Memory for one encoded head.</summary>
    public HpackScratch Head { get; } = new();

    /// <summary>A block of at least this many bytes.</summary>
    public byte[] Rent(int bytes)
    {
        int sizeClass = ClassOf(bytes);
        if (sizeClass >= Classes)
        {
            return new byte[bytes];
        }

        ref int count = ref _counts[sizeClass];
        return count > 0 ? _kept[(sizeClass * KeptPerClass) + --count] : new byte[1 << (sizeClass + SmallestBits)];
    }

    /// <summary>Gives a block back.</summary>
    public void Return(byte[] block)
    {
        int sizeClass = ClassOf(block.Length);
        if (sizeClass >= Classes)
        {
            return;
        }

        Debug.Assert(block.Length == 1 << (sizeClass + SmallestBits), "the block is from here");
        ref int count = ref _counts[sizeClass];
        if (count < KeptPerClass)
        {
            _kept[(sizeClass * KeptPerClass) + count++] = block;
        }
    }

    private static int ClassOf(int bytes) =>
        Math.Max(0, 32 - BitOperations.LeadingZeroCount((uint)(bytes - 1)) - SmallestBits);
}

/// <summary>Bytes that are collected until they are whole; holds no memory while empty.</summary>
internal struct Http2Collector
{
    private byte[]? _block;

    /// <summary>Bytes collected.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes collected.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _block.AsSpan(0, Length);

    /// <summary>Adds bytes; the block grows by doubling.</summary>
    public void Append(Http2Memory memory, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        int needed = Length + bytes.Length;
        if (_block is null)
        {
            _block = memory.Rent(needed);
        }
        else if (_block.Length < needed)
        {
            byte[] grown = memory.Rent(Math.Max(needed, _block.Length * 2));
            Bytes.CopyTo(grown);
            memory.Return(_block);
            _block = grown;
        }

        bytes.CopyTo(_block.AsSpan(Length));
        Length = needed;
    }

    /// <summary>Forgets the bytes and gives the block back.</summary>
    public void Clear(Http2Memory memory)
    {
        if (_block is not null)
        {
            memory.Return(_block);
        }

        _block = null;
        Length = 0;
    }
}
