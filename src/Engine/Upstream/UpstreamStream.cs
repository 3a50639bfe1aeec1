using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Upstream;

/// <summary>The upstream's side of one attempt: request out, response in. Reactor thread only.</summary>
internal abstract class UpstreamStream : MessageStream
{
    protected UpstreamStream(SegmentReader reader, SegmentWriter writer, Http1Limits limits)
        : base(reader, writer) => Limits = limits;

    /// <summary>What framing and trailers of a response may cost.</summary>
    public Http1Limits Limits { get; }

    /// <summary>What carries it, perhaps beside others.</summary>
    public abstract TransportConnection Connection { get; }

    /// <summary>Where trailers of the response are decoded, by a protocol that has them apart from the body.</summary>
    public HttpFields? ResponseTrailers { get; set; }

    /// <summary>It still lives: between the moment it was given and the one it is used it may have ended.</summary>
    public abstract bool IsUsable { get; }

    /// <summary>True when the current exchange is not the first one here: the peer may have closed meanwhile.</summary>
    public abstract bool IsReused { get; }

    /// <summary>How this protocol frames a request's body.</summary>
    public abstract BodyLength Frame(BodyLength body);

    /// <summary>Whether the head of an upgrade can be written, which may take a word of the peer.</summary>
    /// <returns><see cref="ForwardError.None"/> when it can.</returns>
    public abstract ReactorTask<ForwardError> PrepareUpgradeAsync(RequestHead head);

    /// <summary>Writes the request's head from its parsed parts; it leaves with the turn's flush.</summary>
    /// <returns>False when the head cannot be sent without breaking the grammar.</returns>
    public abstract bool WriteHead(RequestHead head, bool isUpgrade);

    /// <summary>
    /// Waits for a response head. Interim responses are handed out as well; call again for the next.
    /// </summary>
    /// <returns><see cref="ForwardError.None"/>, or why no head will come.</returns>
    public abstract ReactorTask<ForwardError> ReadHeadAsync(HttpMethod method, ResponseHead head);

    /// <summary>Learns from the final head, before it is changed, what it says about the connection.</summary>
    public abstract void OnFinalHead(ResponseHead head);

    /// <summary>The exchange leaves HTTP: what carries it serves no other.</summary>
    public abstract void BeginTunnel();

    /// <summary>
    /// True when the peer, which has ended the connection in order, provably processed nothing of the request. After a
    /// reset this says nothing: the kernel counts no acknowledgement that comes with it.
    /// </summary>
    public abstract bool NothingWasAcknowledged();

    /// <summary>The exchange is over and whole: what carried it may serve another.</summary>
    public abstract void Release(long nowMs);

    /// <summary>The exchange is given up, after <see cref="MessageStream.Abort"/>.</summary>
    public abstract void Close();
}
