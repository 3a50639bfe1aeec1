using System;
using System.Buffers;
using System.Diagnostics;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// A session and the connection under it. What comes in is read block by block, so that bodies can be lent from the
/// block; what the streams wrote leaves here, in turns that the session deals out, once per turn of the reactor. It
/// stops at the connection's high-water mark and goes on when there is room. Reactor thread only.
/// </summary>
internal sealed class Http2Link
{
    // A view keeps its whole block from the pool: it must be worth at least this part of it.
    private const int WasteFactorMax = 8;

    private static readonly Action<object?> s_pump = static state => ((Http2Link)state!).Pump();

    private readonly Action _resume;
    private ReactorTask<bool>.Awaiter _room;
    private BufferSegment? _input;
    private long _owedUpToBytes;
    private int _owedFrames;
    private bool _isScheduled;
    private bool _isWoken;
    private bool _waitsForRoom;

    public Http2Link(TransportConnection connection, Http2Role role, Http2Limits limits, Http2Memory memory)
    {
        Connection = connection;
        Session = new Http2Session(role, limits, memory, connection.Writer);
        _resume = Resume;
    }

    public TransportConnection Connection { get; }

    public Http2Session Session { get; }

    /// <summary>Called after each round of sending.</summary>
    public Action? Pumped { get; set; }

    /// <summary>Gives what was read to the session; all of it is used.</summary>
    public void Receive<THandler>(in ReadOnlySequence<byte> buffer, ref THandler handler)
        where THandler : struct, IHttp2Handler
    {
        Session.Tick(Connection.Reactor.NowMs);
        ForgiveOwed();
        // An empty sequence has no block.
        var block = buffer.Start.GetObject() as BufferSegment;
        while (block is not null)
        {
            BufferSegment? following = block.Following;
            _input = block;
            Session.Receive(block.Valid, ref handler);
            block = following;
        }

        _input = null;
        Connection.Reader.AdvanceTo(buffer.End);
        Wake();
    }

    /// <summary>
    /// From a handler: bytes of the block that is being read, as a block of their own; null when a copy is cheaper.
    /// </summary>
    /// <param name="offset">Where they begin, as the handler was told.</param>
    /// <param name="length">How many.</param>
    public BufferSegment? TryLend(int offset, int length)
    {
        BufferSegment block = _input!;
        if (length < SegmentReader.HandOverBytesMin || length * WasteFactorMax < block.Capacity)
        {
            return null;
        }

        Debug.Assert(offset + length <= block.Length, "bytes of this block");
        int start = block.Start;
        block.Start = start + offset;
        BufferSegment view = block.Pool.Share(block, length);

        // The connection's reader still counts all of them.
        block.Start = start;
        return view;
    }

    /// <summary>There is something to send: it leaves with this turn.</summary>
    public void Wake()
    {
        _isWoken = true;
        if (!_isScheduled)
        {
            _isScheduled = true;
            Connection.Reactor.Defer(s_pump, this);
        }
    }

    private void Pump()
    {
        // What ends while it sends wakes it again: it goes on at once, not in a turn of its own.
        TransportWriter output = Connection.Writer;
        while (_isWoken)
        {
            _isWoken = false;
            while (!output.IsFull && Session.TryNextToSend(out StreamKey key))
            {
                ((Http2BodyWriter)((MessageStream)Session.OwnerOf(key)!).Writer).SendFrame(output);
            }
        }

        _isScheduled = false;
        if (output.IsFull && !_waitsForRoom && !output.IsFailed)
        {
            WaitForRoom(output);
        }

        output.Flush();
        ForgiveOwed();
        Pumped?.Invoke();
    }

    /// <summary>
    /// Frames that the peer provoked are a burden until the kernel has them. They are told in two generations: what is
    /// owed now is sent when all bytes queued now are.
    /// </summary>
    private void ForgiveOwed()
    {
        if (_owedFrames > 0 && Connection.BytesSent >= _owedUpToBytes)
        {
            Session.OwedSent(_owedFrames);
            _owedFrames = 0;
        }

        if (_owedFrames == 0 && Session.OwedFrames > 0)
        {
            _owedFrames = Session.OwedFrames;
            _owedUpToBytes = Connection.BytesSent + Connection.Writer.QueuedBytes;
        }
    }

    private void WaitForRoom(TransportWriter output)
    {
        _waitsForRoom = true;
        _room = RoomAsync(output).GetAwaiter();
        if (_room.IsCompleted)
        {
            Resume();
        }
        else
        {
            _room.UnsafeOnCompleted(_resume);
        }
    }

    private static async ReactorTask<bool> RoomAsync(TransportWriter output)
    {
        await output.FlushAsync();
        return true;
    }

    private void Resume()
    {
        _waitsForRoom = false;
        _room.GetResult();
        Wake();
    }
}
