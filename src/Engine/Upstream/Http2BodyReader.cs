using System;
using System.Diagnostics;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The receiving end of one HTTP/2 stream: its DATA, at most a stream's window of it, since credit goes back only for
/// what has been taken out. Bytes that somebody waits for are lent from the block they came in; others are copied, so
/// that a stalled stream holds no more than it was sent. Reactor thread only.
/// </summary>
internal sealed class Http2BodyReader : SegmentReader
{
    private Http2Link _link = null!;
    private StreamKey _key;
    private bool _failed;

    public override bool HasFailed => _failed;

    public override bool EndedByPeer => IsEnded && !_failed;

    /// <summary>Begins a stream.</summary>
    public void Begin(Http2Link link, StreamKey key)
    {
        Debug.Assert(BufferedBytes == 0 && !IsWaiting, "the stream before is over");
        Reset();
        _link = link;
        _key = key;
        _failed = false;
    }

    /// <summary>Bytes of a DATA frame, and where they stand in the block that is being read.</summary>
    public void OnData(ReadOnlySpan<byte> data, int offset)
    {
        if (IsWaiting && _link.TryLend(offset, data.Length) is { } view)
        {
            Push(view);
            return;
        }

        while (data.Length > 0)
        {
            if (Room == 0)
            {
                Push(_link.Connection.Reactor.Buffers.RentAtLeast(data.Length));
            }

            data = data[Append(data)..];
        }
    }

    /// <summary>The peer has ended its side.</summary>
    public void OnEnd() => IsEnded = true;

    /// <summary>The stream is dead. Wake who waits by <see cref="Announce"/>.</summary>
    public void Fail()
    {
        IsEnded = true;
        _failed = true;
    }

    /// <summary>Drops what nobody will read.</summary>
    public void Release()
    {
        long dropped = BufferedBytes;
        ReleaseAll();
        OnConsumed(dropped);
    }

    public override void Complete(Exception? exception = null) => Release();

    /// <summary>Wakes who waits for bytes or the end.</summary>
    public void Announce()
    {
        if (HasNews)
        {
            Resume();
        }
    }

    protected override void OnConsumed(long bytes)
    {
        if (bytes > 0)
        {
            _link.Session.ConsumeData(_key, (int)bytes);
            _link.Wake();
        }
    }
}
