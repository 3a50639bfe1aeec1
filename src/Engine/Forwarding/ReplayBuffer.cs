using System;
using System.Buffers;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// The bytes of a request body that have gone upstream, kept so that the request can be sent again, up to a limit.
/// Beyond it nothing is kept and the request is sent once. Reactor thread only.
/// </summary>
internal sealed class ReplayBuffer(BufferPool pool)
{
    private SegmentChain _bytes;
    private long _limitBytes;

    /// <summary>Bytes kept.</summary>
    public long Length { get; private set; }

    /// <summary>All that was sent so far is here.</summary>
    public bool IsWhole { get; private set; }

    public void Begin(long limitBytes)
    {
        _limitBytes = limitBytes;
        IsWhole = true;
    }

    /// <summary>Keeps a copy of bytes that are about to go.</summary>
    public void Keep(in ReadOnlySequence<byte> bytes)
    {
        if (!IsWhole)
        {
            return;
        }

        if (Length + bytes.Length > _limitBytes)
        {
            GiveUp();
            return;
        }

        foreach (ReadOnlyMemory<byte> part in bytes)
        {
            Keep(part.Span);
        }
    }

    /// <summary>Writes copies of all that is kept.</summary>
    public void WriteTo(SegmentWriter writer)
    {
        for (BufferSegment? segment = _bytes.Head; segment is not null; segment = segment.Following)
        {
            writer.Append(segment.Valid);
        }
    }

    /// <summary>Nothing will be sent again: gives the memory back and keeps nothing more.</summary>
    public void GiveUp()
    {
        IsWhole = false;
        Length = 0;
        _bytes.Release();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_bytes.Tail is not { Free: > 0 } tail)
            {
                tail = _bytes.Push(
                    pool.Rent(Length <= BufferPool.SmallBytes ? BufferSize.Small : BufferSize.Medium));
            }

            int count = Math.Min(bytes.Length, tail.Free);
            tail.Append(bytes[..count]);
            bytes = bytes[count..];
        }
    }
}
