using System;
using System.Buffers;
using System.Diagnostics;
using FastMesh.Protocols.Hpack;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Everything a session knows, and the steps that reading and writing share. <see cref="Http2Session"/> is the way in.
/// </summary>
internal sealed class Http2State
{
    /// <summary>Makes the state of a new connection.</summary>
    public Http2State(Http2Role role, Http2Limits limits, Http2Memory memory, IBufferWriter<byte> output)
    {
        Role = role;
        Limits = limits;
        Memory = memory;
        Writer = new FrameWriter(output);
        Budget = new AbuseBudget(limits);
        Local = Http2Settings.Initial;
        Announced = Http2Settings.Of(role, limits);
        Peer = Http2Settings.Initial;
        Decoder = new HpackDecoder(memory.Field, HpackEncoder.DefaultTableBytes);
        Encoder = new HpackEncoder(limits.EncoderTableBytes);
        SendWindow = new FlowWindow(Http2Settings.DefaultWindowBytes);
        ReceiveWindow = new FlowWindow(Http2Settings.DefaultWindowBytes);
        NextLocalId = role == Http2Role.Client ? 1 : 2;
        PrefaceLeft = role == Http2Role.Server ? FrameWriter.Preface.Length : 0;
    }

    public readonly Http2Role Role;
    public readonly Http2Limits Limits;
    public readonly Http2Memory Memory;
    public readonly FrameWriter Writer;
    public readonly HpackDecoder Decoder;
    public readonly HpackEncoder Encoder;
    public readonly StreamTable Streams = new();
    public SendQueue Queue;
    public AbuseBudget Budget;

    /// <summary>What this side announced and the peer acknowledged; its limits hold for what arrives.</summary>
    public Http2Settings Local;

    /// <summary>What this side announced last.</summary>
    public Http2Settings Announced;

    /// <summary>What the peer announced.</summary>
    public Http2Settings Peer;

    public FlowWindow SendWindow;
    public FlowWindow ReceiveWindow;

    /// <summary>Consumed bytes that no WINDOW_UPDATE of the connection has returned yet.</summary>
    public int Unreturned;

    /// <summary>The next stream that this side opens.</summary>
    public int NextLocalId;

    /// <summary>The highest stream that the peer opened.</summary>
    public int LastPeerId;

    /// <summary>
    /// The highest stream that this side reset: what still comes for it and below may have been on its way.
    /// </summary>
    public int LastResetId;

    /// <summary>The last stream that this side's GOAWAY named; streams above are ignored.</summary>
    public int GoAwaySentId = int.MaxValue;

    /// <summary>The last stream that the peer's GOAWAY named.</summary>
    public int GoAwayReceivedId = int.MaxValue;

    public bool GoAwaySent;
    public bool GoAwayReceived;
    public bool SettingsReceived;
    public bool SettingsPending;

    /// <summary>Requests over a limit that the peer had not acknowledged yet, refused without a charge.</summary>
    public int ForgivenRefusals;

    /// <summary>Streams of the peer's that hold a place.</summary>
    public int PeerStreams;

    /// <summary>Streams of this side's that are not closed.</summary>
    public int LocalStreams;

    /// <summary>What ended the connection.</summary>
    public Http2Fault Fault;

    /// <summary>The user wants no more events for now.</summary>
    public bool IsPaused;

    /// <summary>Bytes of the client's preface that have not come.</summary>
    public int PrefaceLeft;

    /// <summary>The payload of a DATA frame comes next.</summary>
    public bool IsInData;

    /// <summary>Frames in pieces.</summary>
    public FrameReader Reader;

    /// <summary>A field block in pieces.</summary>
    public FieldBlock Block;

    /// <summary>The DATA frame that is being read.</summary>
    public DataFrame Data;

    /// <summary>Ends the connection: GOAWAY with the fault's code (RFC 9113 §5.4.1).</summary>
    public void Fail(Http2Fault fault)
    {
        if (Fault != Http2Fault.None)
        {
            return;
        }

        Fault = fault;
        // An identifier once named is never raised (RFC 9113 §6.8).
        GoAwaySentId = Math.Min(GoAwaySentId, LastPeerId);
        Writer.GoAway(GoAwaySentId, Http2Error.Code(fault), default);
        GoAwaySent = true;
    }

    /// <summary>Ends the connection when a charge was refused; true when it was.</summary>
    public bool Failed(Http2Fault charge)
    {
        if (charge == Http2Fault.None)
        {
            return false;
        }

        Fail(charge);
        return true;
    }

    /// <summary>True when the peer opens streams with this identifier.</summary>
    public bool IsPeerId(int id) => (id & 1) == (Role == Http2Role.Server ? 1 : 0);

    /// <summary>True for a stream that nobody has opened.</summary>
    public bool IsIdle(int id) =>
        IsPeerId(id) ? id > LastPeerId : (uint)id >= (uint)NextLocalId; // behind the last identifier it is 2^31 + 1

    /// <summary>True for a closed stream that this side may have reset (RFC 9113 §5.1, "closed").</summary>
    public bool MayHaveReset(int id) => id <= LastResetId;

    /// <summary>Writes RST_STREAM and closes the stream; its place stays until it is released.</summary>
    public void Reset(int index, Http2ErrorCode code)
    {
        ref Http2Stream stream = ref Streams[index];
        Debug.Assert(stream.State != StreamState.Closed, "a closed stream is not reset");
        RstStream(stream.Id, code);
        stream.Flags |= StreamFlags.ResetSent;
        Close(ref stream);
    }

    /// <summary>Writes RST_STREAM for a stream that may have no place.</summary>
    public void RstStream(int id, Http2ErrorCode code)
    {
        Writer.RstStream(id, code);
        LastResetId = Math.Max(LastResetId, id);
    }

    /// <summary>Marks a stream closed.</summary>
    public void Close(ref Http2Stream stream)
    {
        if (stream.State != StreamState.Closed)
        {
            stream.State = StreamState.Closed;
            LocalStreams -= IsPeerId(stream.Id) ? 0 : 1;
        }

        stream.Flags &= ~StreamFlags.Pending;
    }

    /// <summary>After a frame with END_STREAM was written.</summary>
    public void SentEnd(ref Http2Stream stream)
    {
        StreamState next = StreamStates.AfterSentEnd(stream.State);
        if (next == StreamState.Closed)
        {
            Close(ref stream);
        }

        stream.State = next;
        stream.Flags &= ~StreamFlags.Pending;
    }

    /// <summary>After a frame with END_STREAM was read.</summary>
    public void ReceivedEnd(ref Http2Stream stream)
    {
        StreamState next = StreamStates.AfterReceivedEnd(stream.State);
        if (next == StreamState.Closed)
        {
            Close(ref stream);
        }

        stream.State = next;
    }

    /// <summary>Returns credit of the connection; half a window at a time.</summary>
    public void ReturnConnection(int bytes)
    {
        Unreturned += bytes;
        if (Unreturned >= Math.Max(Limits.ConnectionWindowBytes, Http2Settings.DefaultWindowBytes) >> 1)
        {
            ReceiveWindow.TryAdd(Unreturned);
            Writer.WindowUpdate(0, Unreturned);
            Unreturned = 0;
        }
    }

    /// <summary>Returns credit of a stream that may still receive; half a window at a time.</summary>
    public void ReturnStream(ref Http2Stream stream, int bytes)
    {
        if (!StreamStates.CanReceive(stream.State))
        {
            return;
        }

        stream.Unreturned += bytes;
        if (stream.Unreturned >= Math.Max(1, Local.StreamWindowBytes >> 1))
        {
            stream.ReceiveWindow.TryAdd(stream.Unreturned);
            Writer.WindowUpdate(stream.Id, stream.Unreturned);
            stream.Unreturned = 0;
        }
    }

    /// <summary>Frees the place of a closed stream; what it had not consumed goes back to the connection.</summary>
    public void Remove(int index)
    {
        ref Http2Stream stream = ref Streams[index];
        Debug.Assert(stream.State == StreamState.Closed, "only a closed stream leaves");
        PeerStreams -= IsPeerId(stream.Id) ? 1 : 0;
        int unconsumed = stream.Unconsumed;
        Queue.Remove(Streams, index);
        Streams.Remove(index);
        if (unconsumed > 0 && Fault == Http2Fault.None)
        {
            ReturnConnection(unconsumed);
        }
    }

    /// <summary>Announces SETTINGS; they hold once the peer has acknowledged them.</summary>
    public void Announce(in Http2Settings settings)
    {
        Writer.Settings(settings, Local);
        Announced = settings;
        SettingsPending = true;
    }

    /// <summary>Gives back what is shared by the sessions of a reactor.</summary>
    public void ReleaseMemory()
    {
        Reader.Clear(Memory);
        Block.Fragments.Clear(Memory);
    }
}
