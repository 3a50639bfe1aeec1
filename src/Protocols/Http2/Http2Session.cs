using System;
using System.Buffers;
using System.Diagnostics;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// One HTTP/2 connection without I/O (RFC 9113), either role: bytes in give events to a struct handler, calls give
/// bytes to the output.
/// </summary>
/// <remarks>
/// <code>
/// Receive(bytes) ──► FrameReader ──► FieldBlocks │ DataFrames │ ControlFrames ──► IHttp2Handler
///                                          │ HPACK          │ windows, budgets
/// Submit…, BeginData, ConsumeData, Reset, GoAway ──► FrameWriter ──► output
/// </code>
/// <para>
/// Neutral messages: a request's Host is its authority; a cookie's crumbs are one field; <see cref="RequestHead.Body"/>
/// is none, or ends with END_STREAM with the length it declares. Extended CONNECT (RFC 8441) is a request whose method
/// is CONNECT and whose <see cref="RequestHead.Upgrade"/> is :protocol. A request or response that ends is complete: no
/// rule of §8 is broken and Content-Length is the sum of DATA.
/// </para>
/// <para>
/// A stream's place: from <see cref="IHttp2Handler.OnRequest"/> or <see cref="TrySubmitRequest"/> until
/// <see cref="Release"/>, whoever ended or reset it. The peer's places are what SETTINGS_MAX_CONCURRENT_STREAMS counts,
/// so work that a reset stream left behind still counts. Keys of released streams are ignored everywhere.
/// </para>
/// <para>
/// Sending DATA: <see cref="SetPending"/> when there is some, then as long as <see cref="TryNextToSend"/> names a
/// stream, one <see cref="BeginData"/> and the payload behind it. That is fair by bytes among the streams and stops by
/// itself when a window is used up; WINDOW_UPDATE makes it go on.
/// </para>
/// Not thread-safe. The peer's faults end in RST_STREAM or GOAWAY and are told as <see cref="Http2Fault"/>; nothing
/// here throws for what a peer sends.
/// </remarks>
internal sealed class Http2Session
{
    private readonly Http2State _state;

    /// <summary>Makes a session; <see cref="Start"/> comes next.</summary>
    /// <param name="role">Which end this is.</param>
    /// <param name="limits">What the connection may cost; shared.</param>
    /// <param name="memory">Shared by the sessions of a reactor.</param>
    /// <param name="output">Takes all frames in order, and between them the payloads that the caller appends.</param>
    public Http2Session(Http2Role role, Http2Limits limits, Http2Memory memory, IBufferWriter<byte> output)
    {
        _state = new Http2State(role, limits, memory, output);
    }

    /// <summary>Which end this is.</summary>
    public Http2Role Role => _state.Role;

    /// <summary>What ended the connection; none while it lives. The output then ends with GOAWAY.</summary>
    public Http2Fault Fault => _state.Fault;

    /// <summary>True when the connection has failed and only the output is to be sent.</summary>
    public bool IsFailed => _state.Fault != Http2Fault.None;

    /// <summary>Streams that hold a place.</summary>
    public int StreamCount => _state.Streams.Count;

    /// <summary>The highest stream that the peer opened; what GOAWAY names.</summary>
    public int LastPeerStreamId => _state.LastPeerId;

    /// <summary>True once the peer has acknowledged this side's SETTINGS.</summary>
    public bool SettingsAcknowledged => !_state.SettingsPending;

    /// <summary>True once the peer's SETTINGS have come.</summary>
    public bool SettingsReceived => _state.SettingsReceived;

    /// <summary>What the peer announced.</summary>
    public ref readonly Http2Settings PeerSettings => ref _state.Peer;

    /// <summary>True when the peer's GOAWAY has come.</summary>
    public bool GoAwayReceived => _state.GoAwayReceived;

    /// <summary>True when this side's GOAWAY was sent, the announcement included.</summary>
    public bool GoAwaySent => _state.GoAwaySent;

    /// <summary>Bytes of DATA that the connection may send.</summary>
    public int SendWindowBytes => _state.SendWindow.Bytes;

    /// <summary>Client: streams that may be opened now.</summary>
    public int StreamsFree =>
        IsEnding ? 0 : Math.Max(0, StreamsAllowed - _state.LocalStreams);

    private bool IsEnding => IsFailed || _state.GoAwayReceived || _state.GoAwaySent || _state.NextLocalId < 0;

    private int StreamsAllowed =>
        _state.SettingsReceived ? _state.Peer.StreamsMax : _state.Limits.StreamsBeforeSettings;

    /// <summary>Writes what this side begins with: preface of a client, SETTINGS, the connection's window.</summary>
    public void Start()
    {
        if (_state.Role == Http2Role.Client)
        {
            _state.Writer.ClientPreface();
        }

        _state.Announce(_state.Announced);
        int increment = _state.Limits.ConnectionWindowBytes - Http2Settings.DefaultWindowBytes;
        if (increment > 0)
        {
            _state.ReceiveWindow.TryAdd(increment);
            _state.Writer.WindowUpdate(0, increment);
        }
    }

    /// <summary>
    /// Reads bytes and tells what they mean. They may be cut anywhere and are all used, unless a handler paused.
    /// </summary>
    /// <param name="input">What came, in order.</param>
    /// <param name="handler">Gets the events.</param>
    /// <returns>Bytes used; fewer than given only after <see cref="Pause"/>.</returns>
    public int Receive<THandler>(ReadOnlySpan<byte> input, ref THandler handler)
        where THandler : struct, IHttp2Handler => Http2Input.Receive(_state, input, ref handler);

    /// <summary>From a handler: no further frame is read in this call of Receive, which says how far it came.</summary>
    public void Pause() => _state.IsPaused = true;

    /// <summary>Refills the budgets against floods; once per turn, with the reactor's time.</summary>
    public void Tick(long nowMs) => _state.Budget.Tick(_state.Limits, nowMs);

    /// <summary>Frames in the output that the peer provoked, as far as <see cref="OwedSent"/> was not told.</summary>
    public int OwedFrames => _state.Budget.OwedFrames;

    /// <summary>Says that the transport has sent the oldest of <see cref="OwedFrames"/>: they are no burden.</summary>
    public void OwedSent(int count) => _state.Budget.OwedSent(count);

    /// <summary>
    /// The stream whose field block has begun and not ended, else 0: the user limits how long that may take.
    /// </summary>
    public int HeadBeingRead => _state.Block.StreamId != 0 ? _state.Block.StreamId : _state.Reader.HeadOf;

    /// <summary>True while the key's stream holds a place.</summary>
    public bool Contains(StreamKey stream) => _state.Streams.Contains(stream);

    /// <summary>The key of a stream by its identifier; false when it holds no place.</summary>
    public bool TryFind(int id, out StreamKey stream)
    {
        int index = _state.Streams.Find(id);
        stream = index < 0 ? StreamKey.None : new StreamKey(index, id);
        return index >= 0;
    }

    /// <summary>What is known of a stream; the key must be valid.</summary>
    public ref readonly Http2Stream this[StreamKey stream] => ref At(stream);

    /// <summary>Keeps an object with a stream.</summary>
    public void SetOwner(StreamKey stream, object? owner) => At(stream).Owner = owner;

    /// <summary>The object kept with a stream; null when there is none or no such stream.</summary>
    public object? OwnerOf(StreamKey stream) => Contains(stream) ? At(stream).Owner : null;

    /// <summary>Client: opens a stream with a request head.</summary>
    /// <param name="head">Left as it is.</param>
    /// <param name="endStream">True when neither DATA nor trailers follow.</param>
    /// <param name="owner">Kept with the stream.</param>
    /// <param name="stream">The new stream when the result is <see cref="SubmitResult.Sent"/>.</param>
    public SubmitResult TrySubmitRequest(RequestHead head, bool endStream, object? owner, out StreamKey stream)
    {
        Debug.Assert(_state.Role == Http2Role.Client, "a client sends requests");
        stream = StreamKey.None;
        return StreamsFree > 0 ? HeadSubmission.Request(_state, head, endStream, owner, out stream)
            : IsEnding ? SubmitResult.GoingAway
            : SubmitResult.NoStreamFree;
    }

    /// <summary>Server: answers a request; any number of 1xx heads (but 101) before the final one.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="head">Left as it is.</param>
    /// <param name="endStream">True when neither DATA nor trailers follow.</param>
    public SubmitResult SubmitResponse(StreamKey stream, ResponseHead head, bool endStream)
    {
        Debug.Assert(_state.Role == Http2Role.Server, "a server sends responses");
        return CanSend(stream)
            ? HeadSubmission.Response(_state, stream, head, endStream)
            : SubmitResult.StreamClosed;
    }

    /// <summary>Ends this side of a stream with trailers; with none, by an empty DATA frame.</summary>
    public SubmitResult SubmitTrailers(StreamKey stream, HttpFields trailers)
    {
        if (!CanSend(stream))
        {
            return SubmitResult.StreamClosed;
        }

        if (trailers.Count == 0)
        {
            BeginData(stream, 0, endStream: true);
            return SubmitResult.Sent;
        }

        return HeadSubmission.Trailers(_state, stream, trailers);
    }

    /// <summary>Bytes of DATA that may go on a stream now: both windows and the peer's frame size.</summary>
    public int SendableBytes(StreamKey stream)
    {
        if (!CanSend(stream))
        {
            return 0;
        }

        int window = Math.Min(At(stream).SendWindow.Bytes, _state.SendWindow.Bytes);
        return Math.Max(0, Math.Min(window, _state.Peer.FrameBytesMax));
    }

    /// <summary>Says whether a stream has bytes that wait to be sent; see <see cref="TryNextToSend"/>.</summary>
    public void SetPending(StreamKey stream, bool isPending)
    {
        if (!CanSend(stream))
        {
            return;
        }

        ref Http2Stream waiting = ref At(stream);
        waiting.Flags = isPending ? waiting.Flags | StreamFlags.Pending : waiting.Flags & ~StreamFlags.Pending;
        if (isPending)
        {
            _state.Queue.Enqueue(_state.Streams, stream.Index);
        }
    }

    /// <summary>
    /// The stream whose turn it is among those that have bytes and window. It keeps its turn for
    /// <see cref="SendQueue.QuantumBytes"/>.
    /// </summary>
    public bool TryNextToSend(out StreamKey stream)
    {
        int index = _state.SendWindow.Bytes > 0 && !IsFailed ? _state.Queue.Head(_state.Streams) : -1;
        stream = index < 0 ? StreamKey.None : new StreamKey(index, _state.Streams[index].Id);
        return index >= 0;
    }

    /// <summary>
    /// Writes the header of a DATA frame, whose payload the caller appends to the output before anything else.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="availableBytes">What the caller has; 0 only to end the stream.</param>
    /// <param name="endStream">True when these are the last bytes: then END_STREAM is set if all of them go.</param>
    /// <returns>
    /// Bytes to append, at most <see cref="SendableBytes"/>; 0 when nothing may go now or the frame is empty, -1 when
    /// the stream takes nothing any more.
    /// </returns>
    public int BeginData(StreamKey stream, int availableBytes, bool endStream)
    {
        if (!CanSend(stream))
        {
            return -1;
        }

        int count = Math.Min(availableBytes, SendableBytes(stream));
        bool ends = endStream && count == availableBytes;
        if (count == 0 && !ends)
        {
            return 0;
        }

        ref Http2Stream sender = ref At(stream);
        bool taken = sender.SendWindow.TryTake(Math.Max(0, count));
        taken &= _state.SendWindow.TryTake(Math.Max(0, count));
        Debug.Assert(taken || count == 0, "what may go is within both windows");
        _state.Writer.Header(new FrameHeader(
            count, FrameType.Data, ends ? FrameFlags.EndStream : FrameFlags.None, stream.Id));
        _state.Budget.DataSent();
        _state.Queue.Charge(_state.Streams, stream.Index, count);
        if (ends)
        {
            _state.SentEnd(ref sender);
        }

        return count;
    }

    /// <summary>Says that bytes of OnData are done with: their credit goes back, half a window at a time.</summary>
    public void ConsumeData(StreamKey stream, int bytes)
    {
        if (!Contains(stream) || IsFailed)
        {
            return;
        }

        ref Http2Stream reader = ref At(stream);
        bytes = Math.Min(bytes, reader.Unconsumed);
        reader.Unconsumed -= bytes;
        _state.ReturnConnection(bytes);
        _state.ReturnStream(ref reader, bytes);
    }

    /// <summary>Ends a stream at once unless it is closed; it still has to be released.</summary>
    /// <returns>True when it was not closed.</returns>
    public bool Reset(StreamKey stream, Http2ErrorCode code)
    {
        if (!Contains(stream) || At(stream).State == StreamState.Closed || IsFailed)
        {
            return false;
        }

        _state.Reset(stream.Index, code);
        return true;
    }

    /// <summary>
    /// Says that nothing of this stream is left: its place is free. One that is not closed is reset: a server that has
    /// answered whole does not want the rest of the request (RFC 9113 §8.1), anything else is cancelled.
    /// </summary>
    public void Release(StreamKey stream)
    {
        if (!Contains(stream))
        {
            return;
        }

        ref Http2Stream left = ref At(stream);
        if (left.State != StreamState.Closed)
        {
            bool answered = _state.Role == Http2Role.Server && left.State == StreamState.HalfClosedLocal;
            if (IsFailed)
            {
                _state.Close(ref left);
            }
            else
            {
                _state.Reset(stream.Index, answered ? Http2ErrorCode.NoError : Http2ErrorCode.Cancel);
            }
        }

        _state.Remove(stream.Index);
    }

    /// <summary>
    /// First phase of a drain (RFC 9113 §6.8): GOAWAY that still takes every stream, so that none on its way is lost.
    /// Send a PING as well and call <see cref="GoAway"/> when it is answered.
    /// </summary>
    public void AnnounceGoAway()
    {
        if (!_state.GoAwaySent && !IsFailed)
        {
            _state.GoAwaySent = true;
            _state.Writer.GoAway(int.MaxValue, Http2ErrorCode.NoError, default);
        }
    }

    /// <summary>
    /// Second phase of a drain, or an end for a reason: streams above the last one opened are ignored from here on.
    /// </summary>
    /// <param name="code">Why.</param>
    /// <param name="debug">Text for the peer's log; short.</param>
    public void GoAway(Http2ErrorCode code, ReadOnlySpan<byte> debug = default)
    {
        if (!IsFailed)
        {
            _state.GoAwaySent = true;
            _state.GoAwaySentId = Math.Min(_state.GoAwaySentId, _state.LastPeerId);
            _state.Writer.GoAway(_state.GoAwaySentId, code, debug);
        }
    }

    /// <summary>Sends a PING; its answer comes as OnPingAck.</summary>
    public void SendPing(ulong opaque)
    {
        if (!IsFailed)
        {
            _state.Writer.Ping(opaque, isAck: false);
        }
    }

    /// <summary>
    /// Changes what this side announces for new frames and streams: window of streams and, for a server, their number.
    /// False while an earlier change is not acknowledged.
    /// </summary>
    public bool TryChangeSettings(int streamWindowBytes, int streamsMax)
    {
        if (_state.SettingsPending || IsFailed)
        {
            return false;
        }

        Http2Settings changed = _state.Local;
        changed.StreamWindowBytes = streamWindowBytes;
        changed.StreamsMax = Role == Http2Role.Server ? streamsMax : changed.StreamsMax;
        _state.Announce(changed);
        return true;
    }

    /// <summary>Gives back memory that an idle connection does not need.</summary>
    public void Trim()
    {
        _state.Streams.Trim();
        _state.Encoder.Trim();
    }

    /// <summary>Gives back what is shared: when the connection is closed.</summary>
    public void ReleaseMemory() => _state.ReleaseMemory();

    private bool CanSend(StreamKey stream) =>
        !IsFailed && Contains(stream) && StreamStates.CanSend(At(stream).State);

    private ref Http2Stream At(StreamKey stream)
    {
        Debug.Assert(Contains(stream), "the stream holds a place");
        return ref _state.Streams[stream.Index];
    }
}
