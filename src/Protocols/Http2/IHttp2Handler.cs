using System;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// What a session tells its user while it reads: implemented by a struct, so that no call is virtual. Every call may
/// call the session back (answer, reset, release, consume). Spans and heads are valid as said.
/// </summary>
/// <remarks>
/// The order on a stream: a head, any number of data, at most one of trailers; the last of these says that the peer has
/// ended, and it never does so when the message is malformed. A reset may come after any of them and is the last.
/// </remarks>
internal interface IHttp2Handler
{
    /// <summary>
    /// Server: the head into which the next request is decoded; the session clears it. The same may be given again
    /// until <see cref="OnRequest"/> takes it.
    /// </summary>
    RequestHead RequestTarget();

    /// <summary>Server: a request whose head is valid. The stream holds its place until it is released.</summary>
    /// <param name="stream">The new stream; set its owner here.</param>
    /// <param name="head">The head given by <see cref="RequestTarget"/>; it is the user's from now on.</param>
    /// <param name="endStream">True when neither data nor trailers follow.</param>
    void OnRequest(StreamKey stream, RequestHead head, bool endStream);

    /// <summary>
    /// Server: a request that was answered here with 431 or RST_STREAM, and of which nothing else is heard.
    /// </summary>
    void OnRequestRefused(int streamId, Http2Fault fault);

    /// <summary>Client: the head into which a response of this stream is decoded; the session clears it.</summary>
    ResponseHead ResponseTarget(StreamKey stream);

    /// <summary>
    /// Client: a response head. When <see cref="ResponseHead.IsInformational"/>, another follows.
    /// </summary>
    void OnResponse(StreamKey stream, ResponseHead head, bool endStream);

    /// <summary>Bytes of the body. They count against both windows until they are consumed.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="data">Slice of the input, valid during the call; may be empty when the stream ends.</param>
    /// <param name="offset">Where in the input of Receive they begin, for a hand-over instead of a copy.</param>
    /// <param name="endStream">True for the last bytes, when no trailers follow.</param>
    void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream);

    /// <summary>The list into which the trailers of this stream are decoded; the session clears it.</summary>
    HttpFields TrailersTarget(StreamKey stream);

    /// <summary>Trailers; the peer has ended.</summary>
    void OnTrailers(StreamKey stream, HttpFields trailers);

    /// <summary>
    /// The stream is dead: reset by the peer, left out by its GOAWAY (REFUSED_STREAM), or reset here for a fault. It
    /// still has to be released.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="code">The code received or sent.</param>
    /// <param name="fault">What the peer did wrong; none when the peer reset it.</param>
    void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault);

    /// <summary>The peer's SETTINGS were applied: limits and windows may have changed.</summary>
    void OnSettings();

    /// <summary>The peer answered a PING.</summary>
    void OnPingAck(ulong opaque);

    /// <summary>The peer opens or takes no more streams; those above the last were reset before this.</summary>
    void OnGoAway(int lastStreamId, Http2ErrorCode code);
}
