using FastMesh.Engine.Transport;
using FastMesh.Protocols;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// One side of an exchange as the forwarder sees it, whatever protocol carries it: bytes of bodies in owned blocks, and
/// the framing around them. What has been received is read from <see cref="Reader"/>; a body is sent by
/// <see cref="BeginBody"/>, any number of <see cref="BeginData"/> with the bytes behind each, and
/// <see cref="EndBody"/>. Reactor thread only.
/// </summary>
internal abstract class MessageStream
{
    protected MessageStream(SegmentReader reader, SegmentWriter writer)
    {
        Reader = reader;
        Writer = writer;
    }

    public SegmentReader Reader { get; }

    public SegmentWriter Writer { get; }

    /// <summary>A body follows the head that was written, framed as that head announced.</summary>
    public abstract void BeginBody(BodyKind framing);

    /// <summary>The next <paramref name="count"/> bytes that the caller appends to the writer are body.</summary>
    public abstract void BeginData(long count);

    /// <summary>Ends the body; trailers, if any, go out where the framing can carry them.</summary>
    /// <returns>False when the trailers cannot be sent without breaking the grammar.</returns>
    public abstract bool EndBody(HttpFields? trailers);

    /// <summary>Ends the sending half of a tunnel; receiving goes on.</summary>
    public abstract void EndSending();

    /// <summary>Ends both halves at once, so that the peer cannot take it for a regular end.</summary>
    public abstract void Abort();
}
