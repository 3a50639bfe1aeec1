using System;

namespace FastMesh.Protocols.Http2;

/// <summary>What became of a head that was to be sent.</summary>
internal enum SubmitResult : byte
{
    /// <summary>It stands in the output.</summary>
    Sent,

    /// <summary>The stream is closed, or this side has ended it.</summary>
    StreamClosed,

    /// <summary>The peer allows no further stream now.</summary>
    NoStreamFree,

    /// <summary>The connection takes no further stream: GOAWAY, failed, or out of identifiers.</summary>
    GoingAway,

    /// <summary>The peer did not enable extended CONNECT (RFC 8441 §3).</summary>
    ConnectProtocolNotEnabled,

    /// <summary>The head is over the peer's SETTINGS_MAX_HEADER_LIST_SIZE.</summary>
    TooLarge,

    /// <summary>The head cannot be sent without breaking the grammar.</summary>
    Malformed,
}

/// <summary>The way out for heads and trailers.</summary>
internal static class HeadSubmission
{
    // An encoded head up to this bound is written in place; a larger one is encoded first, then copied.
    private const int DirectBlockBytesMax = 8 << 10;

    /// <summary>Opens a stream; one is free.</summary>
    public static SubmitResult Request(
        Http2State state, RequestHead head, bool endStream, object? owner, out StreamKey stream)
    {
        stream = StreamKey.None;
        bool isConnect = head.Method == HttpMethod.Connect;
        if (isConnect && head.HasUpgrade && !state.Peer.EnableConnectProtocol)
        {
            return SubmitResult.ConnectProtocolNotEnabled;
        }

        int bound = HeadWriter.Measure(head);
        if (HeadWriter.ListBytes(bound, head.Fields) > state.Peer.HeaderListBytesMax)
        {
            return SubmitResult.TooLarge;
        }

        int id = state.NextLocalId;
        Span<byte> block = Reserve(state, bound, out Span<byte> frame);
        int length = HeadWriter.Write(state.Encoder, head, state.Memory.Field, block);
        if (!TryCommit(state, frame, block, id, length, endStream))
        {
            return SubmitResult.Malformed;
        }

        state.NextLocalId += 2;
        stream = state.Streams.Add(id, endStream ? StreamState.HalfClosedLocal : StreamState.Open);
        ref Http2Stream added = ref state.Streams[stream.Index];
        added.Flags = StreamFlags.HeadSent | (isConnect ? StreamFlags.Connect : StreamFlags.None)
            | (head.Method == HttpMethod.Head ? StreamFlags.NoBody : StreamFlags.None);
        added.SendWindow = new FlowWindow(state.Peer.StreamWindowBytes);
        added.ReceiveWindow = new FlowWindow(state.Local.StreamWindowBytes);
        added.Owner = owner;
        state.LocalStreams++;
        state.Budget.StreamOpened();
        return SubmitResult.Sent;
    }

    /// <summary>Answers on a stream that may send.</summary>
    public static SubmitResult Response(Http2State state, StreamKey stream, ResponseHead head, bool endStream)
    {
        bool isInterim = head.StatusCode < 200;
        if (head.StatusCode is < 100 or > 999 or 101 || (isInterim && endStream))
        {
            return SubmitResult.Malformed;
        }

        int bound = HeadWriter.Measure(head);
        if (HeadWriter.ListBytes(bound, head.Fields) > state.Peer.HeaderListBytesMax)
        {
            return SubmitResult.TooLarge;
        }

        Span<byte> block = Reserve(state, bound, out Span<byte> frame);
        int length = HeadWriter.Write(state.Encoder, head, state.Memory.Field, block);
        if (!TryCommit(state, frame, block, stream.Id, length, endStream))
        {
            return SubmitResult.Malformed;
        }

        ref Http2Stream answered = ref state.Streams[stream.Index];
        if (!isInterim && !answered.Has(StreamFlags.HeadSent))
        {
            answered.Flags |= StreamFlags.HeadSent;
            state.Budget.StreamServed(state.Limits);
        }

        if (endStream)
        {
            state.SentEnd(ref answered);
        }

        return SubmitResult.Sent;
    }

    /// <summary>Ends a stream that may send.</summary>
    public static SubmitResult Trailers(Http2State state, StreamKey stream, HttpFields trailers)
    {
        Span<byte> block = Reserve(state, HeadWriter.Measure(trailers), out Span<byte> frame);
        int length = HeadWriter.Write(state.Encoder, trailers, state.Memory.Field, block);
        if (!TryCommit(state, frame, block, stream.Id, length, endStream: true))
        {
            return SubmitResult.Malformed;
        }

        state.SentEnd(ref state.Streams[stream.Index]);
        return SubmitResult.Sent;
    }

    private static Span<byte> Reserve(Http2State state, int bound, out Span<byte> frame)
    {
        if (bound <= DirectBlockBytesMax)
        {
            frame = state.Writer.ReserveHeaders(bound);
            return frame[FrameHeader.Bytes..];
        }

        frame = default;
        return state.Memory.Head.Take(bound);
    }

    private static bool TryCommit(
        Http2State state, Span<byte> frame, Span<byte> block, int id, int length, bool endStream)
    {
        if (length < 0)
        {
            return false;
        }

        if (frame.IsEmpty)
        {
            state.Writer.Block(id, block[..length], endStream, state.Peer.FrameBytesMax);
        }
        else
        {
            state.Writer.CommitHeaders(frame, id, length, endStream);
        }

        return true;
    }
}
