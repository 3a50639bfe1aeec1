using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// One attempt as a stream of an HTTP/2 connection. Reused over the streams of a pool: who resumes somebody looks
/// afterwards whether the object still serves the same attempt.
/// </summary>
internal sealed class Http2ClientStream : UpstreamStream, ICriticalNotifyCompletion
{
    private readonly Http2BodyReader _reader;
    private readonly Http2BodyWriter _writer;
    private Http2Client _client = null!;
    private ResponseHead? _head;
    private Action? _continuation;
    private ForwardError _error;
    private long _sentBeforeBytes;
    private int _generation;
    private bool _isWaitingForSettings;
    private bool _isHeadReady;
    private bool _isBegun;
    private bool _isWritten;
    private bool _hasEnded;
    private bool _isOver = true;

    public Http2ClientStream(Http1Limits limits)
        : this(new Http2BodyReader(), new Http2BodyWriter(), limits)
    {
    }

    private Http2ClientStream(Http2BodyReader reader, Http2BodyWriter writer, Http1Limits limits)
        : base(reader, writer, limits)
    {
        _reader = reader;
        _writer = writer;
    }

    public StreamKey Key { get; private set; }

    /// <summary>Its place in the list of its connection.</summary>
    public int Place { get; set; }

    /// <summary>Where the next head is decoded; null when nobody waits for one.</summary>
    public ResponseHead? ResponseTarget => _head;

    /// <inheritdoc/>
    public override TransportConnection Connection => _client.Connection;

    /// <inheritdoc/>
    public override bool IsReused => _client.IsClosed && _client.Requests > 1;

    /// <inheritdoc/>
    public override bool IsUsable => !_client.IsClosed || _client.Requests == 0;

    /// <summary>The next head is here, or none will come.</summary>
    public bool IsCompleted => _isHeadReady || _error != ForwardError.None;

    public void Begin(Http2Client client)
    {
        Debug.Assert(_isOver, "the attempt before is over");
        _client = client;
        client.Reserve();
        Key = StreamKey.None;
        ResponseTrailers = null;
        _head = null;
        _continuation = null;
        _error = ForwardError.None;
        _generation++;
        _isHeadReady = false;
        _isBegun = false;
        _isWritten = false;
        _hasEnded = false;
        _isOver = false;
    }

    public Http2ClientStream GetAwaiter() => this;

    public ForwardError GetResult()
    {
        _isHeadReady = false;
        return _error;
    }

    public void OnCompleted(Action continuation) => _continuation = continuation;

    public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

    /// <inheritdoc/>
    public override BodyLength Frame(BodyLength body) =>
        body.IsEmpty || body.Kind == BodyKind.EndStream ? body
            : body.HasLength ? BodyLength.EndStreamDeclaring(body.Length)
            : BodyLength.EndStream;

    /// <inheritdoc/>
    public override async ReactorTask<ForwardError> PrepareUpgradeAsync(RequestHead head)
    {
        if (head.Method == HttpMethod.Connect)
        {
            return ForwardError.None;
        }

        if (head.Method != HttpMethod.Get || !head.Body.IsEmpty)
        {
            // An extended CONNECT has no method of its own, and no content.
            return ForwardError.UpgradeRefused;
        }

        if (!_client.Link.Session.SettingsReceived)
        {
            _isWaitingForSettings = true;
            _client.AwaitSettings(this);
            ForwardError error = await this;
            if (error != ForwardError.None)
            {
                return error;
            }
        }

        // RFC 8441 §3: only a server that said so is sent one.
        return _client.Link.Session.PeerSettings.EnableConnectProtocol
            ? ForwardError.None
            : ForwardError.UpgradeRefused;
    }

    /// <summary>The server's first SETTINGS are here, or with an error will not come: nothing was sent.</summary>
    public void OnSettings(ForwardError error)
    {
        _isWaitingForSettings = false;
        _isHeadReady = true;
        _error = error;
        ResumeHead();
    }

    /// <inheritdoc/>
    public override bool WriteHead(RequestHead head, bool isUpgrade)
    {
        _sentBeforeBytes = _client.Connection.BytesSent + _client.Connection.Writer.QueuedBytes;
        _isWritten = true;
        BodyLength body = head.Body;
        head.Body = Frame(body);
        bool isExtendedConnect = isUpgrade && head.HasUpgrade;
        if (isExtendedConnect)
        {
            head.SetMethod("CONNECT"u8);
        }

        SubmitResult result = _client.Submit(this, head, endStream: body.IsEmpty && !isUpgrade, out StreamKey key);
        head.Body = body;
        if (isExtendedConnect)
        {
            head.SetMethod("GET"u8);
        }

        Key = key;
        _isBegun = result == SubmitResult.Sent;
        _reader.Begin(_client.Link, key);
        _writer.Begin(_client.Link, key);
        if (_isBegun)
        {
            return true;
        }

        // The connection stopped taking streams between the two: nothing was sent.
        _error = ForwardError.UpstreamRefused;
        _reader.Fail();
        _writer.Fail();
        return result is SubmitResult.NoStreamFree or SubmitResult.GoingAway;
    }

    /// <inheritdoc/>
    public override async ReactorTask<ForwardError> ReadHeadAsync(HttpMethod method, ResponseHead head)
    {
        _head = head;
        head.Clear();
        ForwardError error = await this;
        _head = null;
        return error;
    }

    /// <summary>A head stands in <see cref="ResponseTarget"/>.</summary>
    public void OnHead(bool endStream)
    {
        _isHeadReady = _head is not null;
        if (endStream)
        {
            _hasEnded = true;
            _reader.OnEnd();
        }

        ResumeHead();
    }

    public void OnData(ReadOnlySpan<byte> data, int offset, bool endStream)
    {
        _reader.OnData(data, offset);
        if (endStream)
        {
            _hasEnded = true;
            _reader.OnEnd();
        }

        _reader.Announce();
    }

    public void OnEnd()
    {
        _hasEnded = true;
        _reader.OnEnd();
        _reader.Announce();
    }

    /// <summary>The stream, or its connection, is dead. A response that is whole already stays so.</summary>
    public void OnLost(ForwardError reason)
    {
        int generation = _generation;
        if (!_hasEnded)
        {
            _error = _error == ForwardError.None ? reason : _error;
            _reader.Fail();
            ResumeHead();
            if (generation == _generation && !_isOver)
            {
                _reader.Announce();
            }
        }

        if (generation == _generation && !_isOver)
        {
            _writer.Fail();
        }
    }

    /// <inheritdoc/>
    public override void OnFinalHead(ResponseHead head)
    {
    }

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
    public override void BeginTunnel()
    {
    }

    /// <summary>Only of a lost connection, where all bytes behind the last acknowledged one are lost.</summary>
    public override bool NothingWasAcknowledged() =>
        TcpInfo.TryGetBytesAcknowledged(_client.Connection, out long acknowledged) && acknowledged <= _sentBeforeBytes;

    /// <inheritdoc/>
    public override void Abort()
    {
        if (_isWaitingForSettings)
        {
            _client.ForgetWaiting(this);
            OnSettings(ForwardError.UpstreamRefused);
            return;
        }

        if (_isOver || !_isBegun)
        {
            return;
        }

        if (_client.Link.Session.Reset(Key, Http2ErrorCode.Cancel))
        {
            _client.CountReset();
            _client.Link.Wake();
        }

        _hasEnded = false;
        OnLost(ForwardError.UpstreamReset);
    }

    /// <inheritdoc/>
    public override void Release(long nowMs) => Close();

    /// <inheritdoc/>
    public override void Close()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _generation++;
        if (Key == StreamKey.None)
        {
            if (_isWritten)
            {
                _client.Recycle(this);
            }
            else
            {
                Http2Client client = _client;
                client.Recycle(this);
                client.Unreserve();
            }

            return;
        }

        _reader.Release();
        _writer.Fail();
        _client.OnStreamOver(this);
    }

    private void ResumeHead()
    {
        Action? continuation = _continuation;
        _continuation = null;
        continuation?.Invoke();
    }
}
