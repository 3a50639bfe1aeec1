using System;

namespace FastMesh.Protocols.Http2;

/// <summary>A DATA frame that is being read: its bytes are given out as they come.</summary>
internal struct DataFrame
{
    /// <summary>The stream.</summary>
    public StreamKey Stream;

    /// <summary>Bytes of the frame after its header that have not come, padding and its length included.</summary>
    public int Left;

    /// <summary>Bytes of padding at the end.</summary>
    public int Padding;

    /// <summary>The length of the padding comes next.</summary>
    public bool PaddingUnknown;

    /// <summary>The frame has END_STREAM, which is still to be told.</summary>
    public bool EndStream;

    /// <summary>Nobody wants the bytes; their credit goes straight back.</summary>
    public bool IsDiscarded;
}

/// <summary>DATA (RFC 9113 §6.1, §6.9, §8.1.1).</summary>
internal static class DataFrames
{
    /// <summary>The header of a DATA frame: everything is checked that does not need its first byte.</summary>
    public static void OnHeader<THandler>(Http2State state, ref THandler handler, FrameHeader header)
        where THandler : struct, IHttp2Handler
    {
        int id = header.StreamId;
        Http2Fault fault = id == 0 ? Http2Fault.FrameOnWrongStream
            : state.IsIdle(id) ? Http2Fault.FrameOnIdleStream
            : header.Has(FrameFlags.Padded) && header.Length == 0 ? Http2Fault.FrameLength
            : !state.ReceiveWindow.TryTake(header.Length) ? Http2Fault.ConnectionWindowExceeded
            : Http2Fault.None;
        if (state.Failed(fault))
        {
            return;
        }

        int index = state.Streams.Find(id);
        ref DataFrame data = ref state.Data;
        data.Stream = new StreamKey(index, id);
        data.Left = header.Length;
        data.Padding = 0;
        data.PaddingUnknown = header.Has(FrameFlags.Padded);
        data.EndStream = header.Has(FrameFlags.EndStream);
        data.IsDiscarded = false;
        if (index < 0 || state.Streams[index].State == StreamState.Closed)
        {
            data.IsDiscarded = true;
            OnClosedStream(state, id);
            return;
        }

        ref Http2Stream stream = ref state.Streams[index];
        fault = !StreamStates.CanReceive(stream.State) ? Http2Fault.FrameOnHalfClosedStream
            : !stream.Has(StreamFlags.HeadReceived) ? Http2Fault.DataBeforeHead
            : !stream.ReceiveWindow.TryTake(header.Length) ? Http2Fault.StreamWindowExceeded
            : Http2Fault.None;
        if (fault != Http2Fault.None)
        {
            data.IsDiscarded = true;
            StreamFaults.Raise(state, ref handler, index, fault);
        }
        else if (!data.PaddingUnknown)
        {
            OnLength(state, ref handler);
        }
    }

    /// <summary>Takes what has come of the payload; true when the frame is complete.</summary>
    public static bool OnPayload<THandler>(
        Http2State state, ref THandler handler, ReadOnlySpan<byte> input, ref int at)
        where THandler : struct, IHttp2Handler
    {
        ref DataFrame data = ref state.Data;
        if (data.PaddingUnknown)
        {
            if (at == input.Length)
            {
                return false;
            }

            data.PaddingUnknown = false;
            data.Padding = input[at++];
            data.Left--;
            if (data.Padding > data.Left)
            {
                state.Fail(Http2Fault.PaddingTooLong);
                return true;
            }

            OnPadding(state, ref handler);
        }

        int contentLeft = data.Left - data.Padding;
        if (contentLeft > 0 || data.EndStream)
        {
            int count = Math.Min(contentLeft, input.Length - at);
            int offset = at;
            at += count;
            data.Left -= count;
            if (count > 0 || contentLeft == 0)
            {
                Deliver(state, ref handler, input.Slice(offset, count), offset, isLast: count == contentLeft);
            }

            if (count < contentLeft)
            {
                return false;
            }
        }

        int padding = Math.Min(data.Left, input.Length - at);
        at += padding;
        data.Left -= padding;
        data.Padding -= padding;
        return data.Left == 0;
    }

    // The credit of padding, its length included, goes back at once (RFC 9113 §6.1).
    private static void OnPadding<THandler>(Http2State state, ref THandler handler)
        where THandler : struct, IHttp2Handler
    {
        ref DataFrame data = ref state.Data;
        state.ReturnConnection(data.Padding + 1);
        if (!data.IsDiscarded && state.Streams.Contains(data.Stream))
        {
            state.ReturnStream(ref state.Streams[data.Stream.Index], data.Padding + 1);
            OnLength(state, ref handler);
        }
    }

    // The number of bytes that are content is known: they must not contradict Content-Length, and nothing of a frame
    // that does is given out.
    private static void OnLength<THandler>(Http2State state, ref THandler handler)
        where THandler : struct, IHttp2Handler
    {
        ref DataFrame data = ref state.Data;
        int length = data.Left - data.Padding;
        if (state.Failed(state.Budget.Content(state.Limits, isEmpty: length == 0 && !data.EndStream)))
        {
            return;
        }

        ref Http2Stream stream = ref state.Streams[data.Stream.Index];
        if (stream.ContentLeft < 0 || !StreamStates.CanReceive(stream.State))
        {
            return;
        }

        stream.ContentLeft -= length;
        if (stream.ContentLeft < 0 || (data.EndStream && stream.ContentLeft > 0))
        {
            data.IsDiscarded = true;
            StreamFaults.Raise(state, ref handler, data.Stream.Index, Http2Fault.ContentLengthMismatch);
        }
    }

    private static void Deliver<THandler>(
        Http2State state, ref THandler handler, ReadOnlySpan<byte> bytes, int offset, bool isLast)
        where THandler : struct, IHttp2Handler
    {
        ref DataFrame data = ref state.Data;
        bool endStream = isLast && data.EndStream;
        if (endStream)
        {
            data.EndStream = false;
        }

        // The user may have reset or released the stream between two pieces.
        if (data.IsDiscarded || !state.Streams.Contains(data.Stream)
            || !StreamStates.CanReceive(state.Streams[data.Stream.Index].State))
        {
            data.IsDiscarded = true;
            state.ReturnConnection(bytes.Length);
            return;
        }

        ref Http2Stream stream = ref state.Streams[data.Stream.Index];
        stream.Unconsumed += bytes.Length;
        if (endStream)
        {
            state.ReceivedEnd(ref stream);
        }

        handler.OnData(data.Stream, bytes, offset, endStream);
    }

    // RFC 9113 §5.1, "closed": ignored when it may have been on its way, else an error of the stream, which is charged.
    private static void OnClosedStream(Http2State state, int id)
    {
        if (state.MayHaveReset(id))
        {
            state.Failed(state.Budget.Stray());
            return;
        }

        state.RstStream(id, Http2ErrorCode.StreamClosed);
        state.Budget.FrameOwed();
        state.Failed(state.Budget.ProvokedReset());
    }
}
