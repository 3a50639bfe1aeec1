using System;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// One HTTP/2 stream of a client: its exchange and both bodies. Reused over the streams of a reactor.
/// </summary>
internal sealed class Http2ServerStream : DownstreamStream
{
    private readonly Http2BodyReader _reader;
    private readonly Http2BodyWriter _writer;
    private readonly Action _forwarded;
    private Http2Server _server = null!;
    private ReactorTask<bool>.Awaiter _forwarding;
    private bool _isForwarded;
    private bool _isOver;

    public Http2ServerStream()
        : this(new Http2BodyReader(), new Http2BodyWriter())
    {
    }

    private Http2ServerStream(Http2BodyReader reader, Http2BodyWriter writer)
        : base(reader, writer)
    {
        _reader = reader;
        _writer = writer;
        _forwarded = OnForwarded;
        writer.Drained = OnDrained;
    }

    public StreamKey Key { get; private set; }

    /// <summary>Its place in the list of its connection.</summary>
    public int Place { get; set; }

    public Exchange Exchange { get; private set; } = null!;

    /// <summary>When the client last took bytes of the response: it may keep the rest waiting only so long.</summary>
    public long LastSentMs => _writer.LastSentMs;

    /// <summary>Only the client's window stands between it and its end.</summary>
    public bool IsForwarded => _isForwarded;

    /// <inheritdoc/>
    public override bool IsClosing => _reader.HasFailed;

    public void Begin(Http2Server server, StreamKey key, Exchange exchange, bool endStream)
    {
        _server = server;
        Key = key;
        Exchange = exchange;
        _isForwarded = false;
        _isOver = false;
        _reader.Begin(server.Link, key);
        _writer.Begin(server.Link, key);
        if (endStream)
        {
            _reader.OnEnd();
        }
    }

    /// <summary>Starts the exchange; the stream is over when it is done and its response has left.</summary>
    public void Forward(Forwarder forwarder)
    {
        _forwarding = forwarder.ForwardAsync(Exchange).GetAwaiter();
        if (_forwarding.IsCompleted)
        {
            OnForwarded();
        }
        else
        {
            _forwarding.UnsafeOnCompleted(_forwarded);
        }
    }

    public void OnData(ReadOnlySpan<byte> data, int offset, bool endStream)
    {
        _reader.OnData(data, offset);
        if (endStream)
        {
            _reader.OnEnd();
        }

        _reader.Announce();
    }

    public void OnEnd()
    {
        _reader.OnEnd();
        _reader.Announce();
    }

    /// <summary>The stream, or its connection, is dead: what was begun upstream ends at once.</summary>
    public void OnReset(ForwardError reason)
    {
        _reader.Fail();
        if (!_isForwarded)
        {
            Exchange.Interrupt(reason);
        }

        // Who was interrupted may have ended everything by now, and this object serves the next then.
        if (!_isOver)
        {
            _reader.Announce();
        }

        if (!_isOver)
        {
            _writer.Fail();
        }
    }

    /// <inheritdoc/>
    public override BodyLength Frame(HttpVersion version, BodyLength body) =>
        body.HasLength ? BodyLength.EndStreamDeclaring(body.Length) : BodyLength.EndStream;

    /// <inheritdoc/>
    public override bool WriteHead(Exchange exchange)
    {
        ResponseHead head = exchange.Response;
        int status = head.StatusCode;
        if (status == 101)
        {
            // RFC 8441 §5: this is how HTTP/2 says it.
            head.StatusCode = 200;
        }

        // The head that accepts leaves the stream open; an error in its place ends it.
        bool opensTunnel = exchange.IsTunnel && status < 300;
        bool endStream = head.Body.IsEmpty && !opensTunnel;
        SubmitResult result = _server.Link.Session.SubmitResponse(Key, head, endStream);
        head.StatusCode = status;
        _server.Link.Wake();

        // A head for a stream that is gone goes nowhere, as bytes for a closed connection do.
        return result is SubmitResult.Sent or SubmitResult.StreamClosed;
    }

    /// <inheritdoc/>
    public override void WriteInterim(ResponseHead head)
    {
        _server.Link.Session.SubmitResponse(Key, head, endStream: false);
        _server.Link.Wake();
    }

    /// <inheritdoc/>
    public override void WriteContinue() => WriteInterim(_server.Continue);

    /// <inheritdoc/>
    public override void BeginBody(BodyKind framing)
    {
    }

    /// <inheritdoc/>
    public override void BeginData(long count)
    {
    }

    /// <inheritdoc/>
    public override bool EndBody(HttpFields? trailers)
    {
        _writer.End(trailers);
        return true;
    }

    /// <inheritdoc/>
    public override void EndSending() => _writer.End(null);

    /// <inheritdoc/>
    public override void Cut(BodyKind framing) => Reset(Http2ErrorCode.InternalError);

    /// <inheritdoc/>
    public override void Abort() => Reset(Http2ErrorCode.Cancel);

    /// <summary>Gives up what the client does not fetch.</summary>
    public void Reset(Http2ErrorCode code)
    {
        if (_server.Link.Session.Reset(Key, code))
        {
            _server.CountReset();
        }

        _reader.Fail();
        _writer.Fail();
        _server.Link.Wake();
    }

    private void OnForwarded()
    {
        _forwarding.GetResult();
        _forwarding = default;
        _isForwarded = true;
        if (_writer.IsDrained)
        {
            Finish();
        }
        else
        {
            _server.WatchStalled();
        }
    }

    private void OnDrained()
    {
        if (_isForwarded)
        {
            Finish();
        }
    }

    private void Finish()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _reader.Release();
        _server.OnStreamOver(this);
    }
}
