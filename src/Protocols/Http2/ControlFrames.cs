using System;
using System.Buffers.Binary;

namespace FastMesh.Protocols.Http2;

/// <summary>The frames that carry no message: RFC 9113 §6.3 to §6.9, RFC 9218 §7.1.</summary>
internal static class ControlFrames
{
    private const int PriorityBytes = 5;
    private const int GoAwayBytesMin = 8;

    /// <summary>SETTINGS (RFC 9113 §6.5).</summary>
    public static void OnSettings<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        bool isAck = header.Has(FrameFlags.Ack);
        Http2Fault fault = header.StreamId != 0 ? Http2Fault.FrameOnWrongStream
            : isAck && header.Length != 0 ? Http2Fault.FrameLength
            : header.Length % Http2Settings.EntryBytes != 0 ? Http2Fault.FrameLength
            : state.Budget.Settings();
        if (state.Failed(fault))
        {
            return;
        }

        if (isAck)
        {
            OnSettingsAck(state);
            return;
        }

        int oldWindow = state.Peer.StreamWindowBytes;
        for (; !payload.IsEmpty; payload = payload[Http2Settings.EntryBytes..])
        {
            int oldTable = state.Peer.HeaderTableBytes;
            if (state.Failed(state.Peer.Apply(payload, state.Role == Http2Role.Client, !state.SettingsReceived)))
            {
                return;
            }

            if (state.Peer.HeaderTableBytes != oldTable)
            {
                state.Encoder.SetPeerLimit(state.Peer.HeaderTableBytes);
            }
        }

        if (state.Peer.StreamWindowBytes != oldWindow && !TryShiftSendWindows(state, oldWindow))
        {
            state.Fail(Http2Fault.SettingWindowOverflow);
            return;
        }

        state.SettingsReceived = true;
        state.Writer.SettingsAck();
        state.Budget.FrameOwed();
        handler.OnSettings();
    }

    /// <summary>PING (RFC 9113 §6.7).</summary>
    public static void OnPing<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        Http2Fault fault = header.StreamId != 0 ? Http2Fault.FrameOnWrongStream
            : header.Length != sizeof(ulong) ? Http2Fault.FrameLength
            : state.Budget.Ping();
        if (state.Failed(fault))
        {
            return;
        }

        ulong opaque = BinaryPrimitives.ReadUInt64BigEndian(payload);
        if (header.Has(FrameFlags.Ack))
        {
            handler.OnPingAck(opaque);
            return;
        }

        state.Writer.Ping(opaque, isAck: true);
        state.Budget.FrameOwed();
    }

    /// <summary>GOAWAY (RFC 9113 §6.8): streams above the last one were not processed and may be sent again.</summary>
    public static void OnGoAway<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        Http2Fault fault = header.StreamId != 0 ? Http2Fault.FrameOnWrongStream
            : header.Length < GoAwayBytesMin ? Http2Fault.FrameLength
            : state.Budget.Unknown();
        if (state.Failed(fault))
        {
            return;
        }

        int last = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue);
        Http2ErrorCode code = (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        if (last > state.GoAwayReceivedId)
        {
            state.Fail(Http2Fault.GoAwayIncreased);
            return;
        }

        state.GoAwayReceived = true;
        state.GoAwayReceivedId = last;
        for (int index = 0; index < state.Streams.Places; index++)
        {
            ref Http2Stream stream = ref state.Streams[index];
            if (stream.Id > last && !state.IsPeerId(stream.Id) && stream.State != StreamState.Closed)
            {
                stream.Flags |= StreamFlags.ResetReceived;
                state.Close(ref stream);
                handler.OnReset(new StreamKey(index, stream.Id), Http2ErrorCode.RefusedStream, Http2Fault.None);
            }
        }

        handler.OnGoAway(last, code);
    }

    /// <summary>WINDOW_UPDATE (RFC 9113 §6.9).</summary>
    public static void OnWindowUpdate<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        int id = header.StreamId;
        Http2Fault fault = header.Length != sizeof(uint) ? Http2Fault.FrameLength
            : id != 0 && state.IsIdle(id) ? Http2Fault.FrameOnIdleStream
            : state.Budget.WindowUpdate(state.Limits);
        if (state.Failed(fault))
        {
            return;
        }

        int increment = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue);
        if (id == 0)
        {
            state.Failed(increment == 0 ? Http2Fault.ConnectionWindowIncrementZero
                : !state.SendWindow.TryAdd(increment) ? Http2Fault.ConnectionWindowOverflow
                : Http2Fault.None);
            return;
        }

        int index = state.Streams.Find(id);
        if (index < 0 || state.Streams[index].State == StreamState.Closed)
        {
            state.Failed(state.Budget.Stray());
            return;
        }

        fault = increment == 0 ? Http2Fault.StreamWindowIncrementZero
            : !state.Streams[index].SendWindow.TryAdd(increment) ? Http2Fault.StreamWindowOverflow
            : Http2Fault.None;
        if (fault != Http2Fault.None)
        {
            StreamFaults.Raise(state, ref handler, index, fault);
        }
        else
        {
            state.Queue.Enqueue(state.Streams, index);
        }
    }

    /// <summary>RST_STREAM (RFC 9113 §6.4).</summary>
    public static void OnRstStream<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        int id = header.StreamId;
        Http2Fault fault = id == 0 ? Http2Fault.FrameOnWrongStream
            : header.Length != sizeof(uint) ? Http2Fault.FrameLength
            : state.IsIdle(id) ? Http2Fault.FrameOnIdleStream
            : Http2Fault.None;
        if (state.Failed(fault))
        {
            return;
        }

        int index = state.Streams.Find(id);
        if (index < 0 || state.Streams[index].State == StreamState.Closed)
        {
            state.Failed(state.Budget.Stray());
            return;
        }

        ref Http2Stream stream = ref state.Streams[index];
        bool isPremature = state.Role == Http2Role.Server && !stream.Has(StreamFlags.HeadSent);
        stream.Flags |= StreamFlags.ResetReceived;
        state.Close(ref stream);
        Http2ErrorCode code = (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload);
        handler.OnReset(new StreamKey(index, id), code, Http2Fault.None);
        if (isPremature)
        {
            state.Failed(state.Budget.PrematureReset());
        }
    }

    /// <summary>PRIORITY (RFC 9113 §6.3): checked, charged, and without effect.</summary>
    public static void OnPriority<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        Http2Fault fault = header.StreamId == 0 ? Http2Fault.FrameOnWrongStream : state.Budget.Priority(state.Limits);
        if (state.Failed(fault))
        {
            return;
        }

        fault = header.Length != PriorityBytes ? Http2Fault.PriorityLength
            : (BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue) == (uint)header.StreamId
                ? Http2Fault.StreamDependsOnItself
            : Http2Fault.None;
        if (fault == Http2Fault.None)
        {
            return;
        }

        int index = state.Streams.Find(header.StreamId);
        if (index >= 0 && state.Streams[index].State != StreamState.Closed)
        {
            StreamFaults.Raise(state, ref handler, index, fault);
        }
        else
        {
            // An idle or closed stream cannot be reset; a stream error may be taken for one of the connection (§5.4).
            state.Fail(fault);
        }
    }

    /// <summary>PRIORITY_UPDATE (RFC 9218 §7.1).</summary>
    public static void OnPriorityUpdate(Http2State state, FrameHeader header, ReadOnlySpan<byte> payload)
    {
        Http2Fault fault = header.StreamId != 0 ? Http2Fault.FrameOnWrongStream
            : state.Role == Http2Role.Client ? Http2Fault.MalformedPriorityUpdate
            : header.Length < sizeof(uint) ? Http2Fault.FrameLength
            : state.Budget.Priority(state.Limits);
        if (state.Failed(fault))
        {
            return;
        }

        int id = (int)(BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue);
        if (id == 0 || !state.IsPeerId(id))
        {
            state.Fail(Http2Fault.MalformedPriorityUpdate);
            return;
        }

        int index = state.Streams.Find(id);
        if (index >= 0)
        {
            Http2Priority priority = Http2Priority.Parse(payload[sizeof(uint)..]);
            state.Streams[index].Urgency = priority.Urgency;
            state.Streams[index].IsIncremental = priority.IsIncremental;
        }
    }

    // RFC 9113 §6.5.3: from here on the peer keeps to what was announced.
    private static void OnSettingsAck(Http2State state)
    {
        if (!state.SettingsPending)
        {
            return;
        }

        int oldWindow = state.Local.StreamWindowBytes;
        state.SettingsPending = false;
        state.Local = state.Announced;
        state.Decoder.SetSizeLimit(state.Local.HeaderTableBytes);
        for (int index = 0; index < state.Streams.Places; index++)
        {
            if (state.Streams[index].Id != 0)
            {
                state.Streams[index].ReceiveWindow.TryShift(oldWindow, state.Local.StreamWindowBytes);
            }
        }
    }

    private static bool TryShiftSendWindows(Http2State state, int oldWindow)
    {
        for (int index = 0; index < state.Streams.Places; index++)
        {
            ref Http2Stream stream = ref state.Streams[index];
            if (stream.Id == 0)
            {
                continue;
            }

            if (!stream.SendWindow.TryShift(oldWindow, state.Peer.StreamWindowBytes))
            {
                return false;
            }

            state.Queue.Enqueue(state.Streams, index);
        }

        return true;
    }
}
