using System;
using System.Buffers.Binary;
using FastMesh.Protocols.Hpack;

namespace FastMesh.Protocols.Http2;

/// <summary>A field block whose END_HEADERS has not come yet (RFC 9113 §4.3).</summary>
internal struct FieldBlock
{
    /// <summary>The stream whose block is open; 0 for none.</summary>
    public int StreamId;

    /// <summary>CONTINUATION frames so far.</summary>
    public int Frames;

    /// <summary>HEADERS had END_STREAM.</summary>
    public bool EndStream;

    /// <summary>HEADERS named its own stream as the one it depends on.</summary>
    public bool DependsOnItself;

    /// <summary>The fragments.</summary>
    public Http2Collector Fragments;
}

/// <summary>HEADERS and CONTINUATION (RFC 9113 §6.2, §6.10), and what their blocks mean (§8.1).</summary>
internal static class FieldBlocks
{
    private const int PriorityBytes = 5;

    // Requests that may be on their way when a limit is announced: several windows of a usual client.
    private const int ForgivenRefusalsMax = 1000;

    // A block that only says ":status 431".
    private const int TooLargeBlockBytes = HpackEncoder.UpdateBytesMax + HpackEncoder.FieldOverheadMax + 8;

    /// <summary>A HEADERS frame.</summary>
    public static void OnHeaders<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        if (header.StreamId == 0)
        {
            state.Fail(Http2Fault.FrameOnWrongStream);
            return;
        }

        Http2Fault fault = TryStrip(header, payload, out ReadOnlySpan<byte> fragment, out bool dependsOnItself);
        bool endStream = header.Has(FrameFlags.EndStream);
        fault = fault != Http2Fault.None
            ? fault
            : state.Budget.Content(state.Limits, isEmpty: fragment.IsEmpty && !endStream);
        if (state.Failed(fault))
        {
            return;
        }

        if (header.Has(FrameFlags.EndHeaders))
        {
            OnBlock(state, ref handler, header.StreamId, endStream, dependsOnItself, fragment);
            return;
        }

        state.Block.StreamId = header.StreamId;
        state.Block.EndStream = endStream;
        state.Block.DependsOnItself = dependsOnItself;
        state.Block.Frames = 0;
        state.Block.Fragments.Append(state.Memory, fragment);
    }

    /// <summary>A CONTINUATION frame.</summary>
    public static void OnContinuation<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        ref FieldBlock block = ref state.Block;
        if (block.StreamId == 0 || block.StreamId != header.StreamId)
        {
            state.Fail(Http2Fault.BrokenFieldBlock);
            return;
        }

        bool isLast = header.Has(FrameFlags.EndHeaders);
        Http2Fault flood = state.Budget.Content(state.Limits, isEmpty: payload.IsEmpty && !isLast);
        if (++block.Frames > state.Limits.ContinuationFramesMax
            || block.Fragments.Length + payload.Length > state.Limits.HeaderBlockBytesMax)
        {
            flood = Http2Fault.ContinuationFlood;
        }

        if (state.Failed(flood))
        {
            return;
        }

        block.Fragments.Append(state.Memory, payload);
        if (isLast)
        {
            int streamId = block.StreamId;
            block.StreamId = 0;
            OnBlock(state, ref handler, streamId, block.EndStream, block.DependsOnItself, block.Fragments.Bytes);
            block.Fragments.Clear(state.Memory);
        }
    }

    // Without padding and priority (RFC 9113 §6.2).
    private static Http2Fault TryStrip(
        FrameHeader header, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> fragment, out bool dependsOnItself)
    {
        fragment = default;
        dependsOnItself = false;
        int padding = 0;
        if (header.Has(FrameFlags.Padded))
        {
            if (payload.IsEmpty)
            {
                return Http2Fault.FrameLength;
            }

            padding = payload[0];
            payload = payload[1..];
        }

        if (header.Has(FrameFlags.Priority))
        {
            if (payload.Length < PriorityBytes)
            {
                return Http2Fault.FrameLength;
            }

            uint dependency = BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue;
            dependsOnItself = dependency == (uint)header.StreamId;
            payload = payload[PriorityBytes..];
        }

        if (padding > payload.Length)
        {
            return Http2Fault.PaddingTooLong;
        }

        fragment = payload[..^padding];
        return Http2Fault.None;
    }

    private static void OnBlock<THandler>(Http2State state, ref THandler handler, int id, bool endStream,
        bool dependsOnItself, ReadOnlySpan<byte> block)
        where THandler : struct, IHttp2Handler
    {
        bool isServer = state.Role == Http2Role.Server;
        if (state.IsPeerId(id) != isServer)
        {
            // A client's streams are odd, and a server opens none, since push is disabled (RFC 9113 §5.1.1, §8.4).
            state.Fail(Http2Fault.MalformedStreamId);
            return;
        }

        int index = state.Streams.Find(id);
        if (index >= 0)
        {
            OnKnownStream(state, ref handler, index, endStream, dependsOnItself, block);
        }
        else if (!state.IsIdle(id))
        {
            OnClosedStream(state, id, block);
        }
        else if (isServer)
        {
            OnRequest(state, ref handler, id, endStream, dependsOnItself, block);
        }
        else
        {
            state.Fail(Http2Fault.FrameOnIdleStream);
        }
    }

    private static void OnRequest<THandler>(Http2State state, ref THandler handler, int id, bool endStream,
        bool dependsOnItself, ReadOnlySpan<byte> block)
        where THandler : struct, IHttp2Handler
    {
        if (id > state.GoAwaySentId)
        {
            // RFC 9113 §6.8: ignored, but the compression state stays right.
            state.LastResetId = Math.Max(state.LastResetId, id);
            state.LastPeerId = id;
            Discard(state, block);
            state.Failed(state.Budget.Stray());
            return;
        }

        state.LastPeerId = id;
        state.Budget.StreamOpened();
        if (state.PeerStreams >= state.Announced.StreamsMax)
        {
            if (Discard(state, block))
            {
                // Before it has seen the limit, a peer may go over it in good faith, but not for ever.
                bool forgiven = state.SettingsPending && state.ForgivenRefusals++ < ForgivenRefusalsMax;
                Refuse(state, ref handler, id, endStream, Http2Fault.TooManyStreams, charged: !forgiven);
            }

            return;
        }

        RequestHead head = handler.RequestTarget();
        HeadSink sink = HeadSink.Into(head, state.Limits);
        if (state.Failed(state.Decoder.Decode(block, ref sink)))
        {
            return;
        }

        Http2Fault fault = sink.CompleteRequest(endStream, state.Announced.EnableConnectProtocol);
        fault = fault == Http2Fault.None && dependsOnItself ? Http2Fault.StreamDependsOnItself : fault;
        if (fault != Http2Fault.None)
        {
            Refuse(state, ref handler, id, endStream, fault, charged: true);
            return;
        }

        StreamKey key = state.Streams.Add(id, endStream ? StreamState.HalfClosedRemote : StreamState.Open);
        ref Http2Stream stream = ref state.Streams[key.Index];
        stream.Flags = StreamFlags.HeadReceived;
        stream.SendWindow = new FlowWindow(state.Peer.StreamWindowBytes);
        stream.ReceiveWindow = new FlowWindow(state.Local.StreamWindowBytes);
        stream.ContentLeft = sink.ContentLength;
        stream.Urgency = sink.Priority.Urgency;
        stream.IsIncremental = sink.Priority.IsIncremental;
        state.PeerStreams++;
        handler.OnRequest(key, head, endStream);
    }

    // The engine never sees it, so it holds no place; the budget is what bounds such requests.
    private static void Refuse<THandler>(
        Http2State state, ref THandler handler, int id, bool endStream, Http2Fault fault, bool charged)
        where THandler : struct, IHttp2Handler
    {
        if (fault is Http2Fault.HeaderListTooLarge or Http2Fault.TooManyFields)
        {
            // RFC 9113 §10.5.1: 431, and what the client still sends is not wanted (§8.1).
            Span<byte> frame = state.Writer.ReserveHeaders(TooLargeBlockBytes);
            Span<byte> block = frame[FrameHeader.Bytes..];
            int length = HeadWriter.Status(state.Encoder, 431, block, state.Encoder.Begin(block, 0));
            state.Writer.CommitHeaders(frame, id, length, endStream: true);
            if (!endStream)
            {
                state.RstStream(id, Http2ErrorCode.NoError);
            }
        }
        else
        {
            state.RstStream(id, Http2Error.Code(fault));
        }

        state.Budget.FrameOwed();
        if (charged)
        {
            state.Failed(state.Budget.ProvokedReset());
        }

        handler.OnRequestRefused(id, fault);
    }

    private static void OnKnownStream<THandler>(Http2State state, ref THandler handler, int index, bool endStream,
        bool dependsOnItself, ReadOnlySpan<byte> block)
        where THandler : struct, IHttp2Handler
    {
        ref Http2Stream stream = ref state.Streams[index];
        if (stream.State == StreamState.Closed)
        {
            OnClosedStream(state, stream.Id, block);
            return;
        }

        bool isHead = !stream.Has(StreamFlags.HeadReceived);
        Http2Fault fault = !StreamStates.CanReceive(stream.State) ? Http2Fault.FrameOnHalfClosedStream
            : !isHead && !endStream ? Http2Fault.TrailersWithoutEnd
            : dependsOnItself ? Http2Fault.StreamDependsOnItself
            : Http2Fault.None;
        if (fault != Http2Fault.None)
        {
            if (Discard(state, block))
            {
                StreamFaults.Raise(state, ref handler, index, fault);
            }
        }
        else if (isHead)
        {
            OnResponse(state, ref handler, new StreamKey(index, stream.Id), endStream, block);
        }
        else
        {
            OnTrailers(state, ref handler, new StreamKey(index, stream.Id), block);
        }
    }

    private static void OnResponse<THandler>(
        Http2State state, ref THandler handler, StreamKey key, bool endStream, ReadOnlySpan<byte> block)
        where THandler : struct, IHttp2Handler
    {
        ResponseHead head = handler.ResponseTarget(key);
        HeadSink sink = HeadSink.Into(head, state.Limits);
        if (state.Failed(state.Decoder.Decode(block, ref sink)))
        {
            return;
        }

        ref Http2Stream stream = ref state.Streams[key.Index];
        Http2Fault fault = sink.CompleteResponse(endStream, stream.Flags);
        if (fault != Http2Fault.None)
        {
            StreamFaults.Raise(state, ref handler, key.Index, fault);
            return;
        }

        if (head.StatusCode < 200)
        {
            // Nothing else bounds how many of these a server sends.
            if (!state.Failed(state.Budget.Stray()))
            {
                handler.OnResponse(key, head, endStream: false);
            }

            return;
        }

        stream.Flags |= StreamFlags.HeadReceived;
        stream.ContentLeft = sink.ContentLength;
        if (endStream)
        {
            state.ReceivedEnd(ref stream);
        }

        handler.OnResponse(key, head, endStream);
    }

    private static void OnTrailers<THandler>(
        Http2State state, ref THandler handler, StreamKey key, ReadOnlySpan<byte> block)
        where THandler : struct, IHttp2Handler
    {
        HttpFields trailers = handler.TrailersTarget(key);
        HeadSink sink = HeadSink.Into(trailers, state.Limits);
        if (state.Failed(state.Decoder.Decode(block, ref sink)))
        {
            return;
        }

        ref Http2Stream stream = ref state.Streams[key.Index];
        Http2Fault fault = sink.Fault;
        fault = fault == Http2Fault.None && stream.ContentLeft > 0 ? Http2Fault.ContentLengthMismatch : fault;
        if (fault != Http2Fault.None)
        {
            StreamFaults.Raise(state, ref handler, key.Index, fault);
            return;
        }

        state.ReceivedEnd(ref stream);
        handler.OnTrailers(key, trailers);
    }

    // RFC 9113 §5.1, "closed": what may have been on its way is ignored, anything else is an error of the connection.
    private static void OnClosedStream(Http2State state, int id, ReadOnlySpan<byte> block)
    {
        if (!state.MayHaveReset(id))
        {
            state.Fail(Http2Fault.HeadersOnClosedStream);
        }
        else if (Discard(state, block))
        {
            state.Failed(state.Budget.Stray());
        }
    }

    private static bool Discard(Http2State state, ReadOnlySpan<byte> block)
    {
        HeadSink sink = HeadSink.Discard(state.Limits);
        return !state.Failed(state.Decoder.Decode(block, ref sink));
    }
}

/// <summary>Errors of a stream (RFC 9113 §5.4.2).</summary>
internal static class StreamFaults
{
    /// <summary>Resets the stream, charges the peer, and tells the user unless that ended the connection.</summary>
    public static void Raise<THandler>(Http2State state, ref THandler handler, int index, Http2Fault fault)
        where THandler : struct, IHttp2Handler
    {
        StreamKey key = new(index, state.Streams[index].Id);
        state.Reset(index, Http2Error.Code(fault));
        state.Budget.FrameOwed();
        if (!state.Failed(state.Budget.ProvokedReset()))
        {
            handler.OnReset(key, Http2Error.Code(fault), fault);
        }
    }
}
