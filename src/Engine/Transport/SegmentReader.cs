using System.IO.Pipelines;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Incoming bytes as owned blocks: of a connection, or of one stream among those that share it. Reactor thread only.
/// </summary>
internal abstract class SegmentReader : PipeReader
{
    /// <summary>True when nothing more will come because of an error.</summary>
    public abstract bool HasFailed { get; }

    /// <summary>True when the input ended as the peer meant it: neither by a failure nor by this side.</summary>
    public abstract bool EndedByPeer { get; }

    /// <summary>
    /// Moves up to <paramref name="maxBytes"/> buffered bytes to <paramref name="destination"/>: small pieces are
    /// copied, larger ones change owner, a large part of a block is lent. Stands for <see cref="PipeReader.AdvanceTo(System.SequencePosition)"/>;
    /// results of earlier reads are invalid afterwards. The caller flushes the destination.
    /// </summary>
    /// <returns>The bytes moved.</returns>
    public abstract long TransferTo(SegmentWriter destination, long maxBytes);
}
