using System;
using System.Diagnostics;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The sending end of one HTTP/2 stream: blocks that wait for both windows and for their turn on the connection. A
/// flush waits from the high-water mark on, which is what stops the other side of the exchange. Reactor thread only.
/// </summary>
internal sealed class Http2BodyWriter : SegmentWriter
{
    private Http2Link _link = null!;
    private StreamKey _key;
    private HttpFields? _trailers;
    private bool _isEnding;

    /// <summary>A stalled stream may hold one turn's worth before its source stops.</summary>
    public Http2BodyWriter()
        : base(SendQueue.QuantumBytes)
    {
    }

    /// <summary>
    /// Called once when the last byte, or END_STREAM, stands in the connection's output, or on failure.
    /// </summary>
    public Action? Drained { get; set; }

    /// <summary>When bytes of this stream last left for the connection, in reactor milliseconds.</summary>
    public long LastSentMs { get; private set; }

    /// <summary>True when nothing waits any more.</summary>
    public bool IsDrained => IsFailed || QueuedBytes == 0;

    /// <inheritdoc/>
    protected override BufferPool Buffers => _link.Connection.Reactor.Buffers;

    /// <summary>Begins a stream.</summary>
    public void Begin(Http2Link link, StreamKey key)
    {
        Debug.Assert(QueuedBytes == 0 && !IsWaiting, "the stream before is over");
        Reset();
        _link = link;
        _key = key;
        _trailers = null;
        _isEnding = false;
        LastSentMs = link.Connection.Reactor.NowMs;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        if (QueuedBytes > 0 && !IsFailed)
        {
            _link.Session.SetPending(_key, isPending: true);
            _link.Wake();
        }
    }

    /// <summary>Ends the body behind what is queued; trailers must stay as they are until then.</summary>
    public void End(HttpFields? trailers)
    {
        if (IsFailed || _isEnding)
        {
            return;
        }

        _isEnding = true;
        _trailers = trailers is { Count: > 0 } ? trailers : null;
        if (QueuedBytes == 0)
        {
            SendEnd();
        }
        else
        {
            Flush();
        }
    }

    /// <summary>The stream takes nothing any more: what is queued is dropped and who waits resumes.</summary>
    public void Fail()
    {
        SetFailed();
        ReleaseAll();
        Resume();
        Drained?.Invoke();
    }

    /// <summary>It is this stream's turn: one DATA frame, its payload by hand-over where a block goes whole.</summary>
    public void SendFrame(TransportWriter output)
    {
        int count = _link.Session.BeginData(
            _key, (int)Math.Min(QueuedBytes, int.MaxValue), _isEnding && _trailers is null);
        if (count < 0)
        {
            Fail();
            return;
        }

        LastSentMs = _link.Connection.Reactor.NowMs;
        Move(output, count);
        if (QueuedBytes == 0 || count == 0)
        {
            _link.Session.SetPending(_key, isPending: false);
        }

        bool isDone = QueuedBytes == 0 && _isEnding;
        if (isDone && _trailers is not null)
        {
            SendEnd();
        }

        if (!IsFull)
        {
            Resume();
        }

        if (isDone)
        {
            Drained?.Invoke();
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => End(null);

    private void SendEnd()
    {
        HttpFields? trailers = _trailers;
        if (trailers is null)
        {
            _link.Session.BeginData(_key, 0, endStream: true);
        }
        else if (_link.Session.SubmitTrailers(_key, trailers) == SubmitResult.Malformed)
        {
            _link.Session.Reset(_key, Http2ErrorCode.InternalError);
        }

        _trailers = null;
        _link.Wake();
    }

    private void Move(TransportWriter output, int count)
    {
        while (count > 0)
        {
            BufferSegment head = Head!;
            int take = Math.Min(head.Length, count);
            if (take < SegmentReader.HandOverBytesMin || !output.Accepts(head))
            {
                output.Append(head.Valid[..take]);
                Skip(take);
            }
            else
            {
                output.Append(take == head.Length ? Pop() : ShareHead(take));
            }

            count -= take;
        }
    }
}
