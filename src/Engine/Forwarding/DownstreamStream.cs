using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>The client's side of one exchange: request in, response out. Reactor thread only.</summary>
internal abstract class DownstreamStream : MessageStream
{
    protected DownstreamStream(SegmentReader reader, SegmentWriter writer)
        : base(reader, writer)
    {
    }

    /// <summary>Nothing may be written any more: it is ending.</summary>
    public abstract bool IsClosing { get; }

    /// <summary>How a body that is not counted by its own framing goes to a client of this version.</summary>
    public abstract BodyLength Frame(HttpVersion version, BodyLength body);

    /// <summary>Writes the exchange's final head; it leaves with the turn's flush.</summary>
    /// <returns>False when the head cannot be sent without breaking the grammar; nothing is written then.</returns>
    public abstract bool WriteHead(Exchange exchange);

    /// <summary>Writes and flushes a 1xx head; one that breaks the grammar is left out.</summary>
    public abstract void WriteInterim(ResponseHead head);

    /// <summary>Tells the client to send its body (RFC 9110 §10.1.1).</summary>
    public abstract void WriteContinue();

    /// <summary>Ends a response that has begun and cannot be finished, so that no client takes it for whole.</summary>
    public abstract void Cut(BodyKind framing);
}
