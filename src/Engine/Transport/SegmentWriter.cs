using System;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Outgoing bytes as owned blocks: to a connection, or to one stream among those that share it. Reactor thread only.
/// </summary>
internal abstract class SegmentWriter : PipeWriter
{
    /// <summary>True when so much is queued that a flush waits.</summary>
    public abstract bool IsFull { get; }

    /// <summary>True while somebody awaits a flush.</summary>
    public abstract bool IsWaiting { get; }

    /// <summary>Queues a copy of <paramref name="bytes"/>.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Queues a block, whose owner the writer becomes.</summary>
    public abstract void Append(BufferSegment segment);

    /// <summary>
    /// Whether to take <paramref name="segment"/> over rather than to copy from it. Blocks never change reactor.
    /// </summary>
    public abstract bool Accepts(BufferSegment segment);

    /// <summary>Marks what is written to be sent at the end of the turn, without asking for room.</summary>
    public abstract void Flush();
}
