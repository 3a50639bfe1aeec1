using System;
using System.Buffers.Text;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Protocols.Tcp;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The client side of one HTTP/1.1 connection. It carries one exchange at a time: head out, body by the pump, response
/// head in, body by the pump; between exchanges it rests in its <see cref="ConnectionPool"/>. Reactor thread only.
/// </summary>
internal sealed class Http1Client : UpstreamStream
{
    private static readonly Action<TransportConnection> s_idleActivity = OnIdleActivity;

    private readonly Http1Pool _pool;
    private readonly bool _properCase;
    private Http1ParseState _parse;
    private Http1BodyFraming _framing;
    private long _sentBeforeBytes;
    private long _announcedIdleMs;
    private bool _hasRested;
    private bool _closed;

    public Http1Client(TransportConnection connection, Http1Pool pool, Http1Limits limits)
        : base(connection.Reader, connection.Writer, limits)
    {
        Connection = connection;
        _pool = pool;
        _properCase = pool.Cluster.Model.ProperCaseWords;
        connection.Owner = this;
        pool.OnConnected();
    }

    /// <inheritdoc/>
    public override TransportConnection Connection { get; }

    /// <summary>Requests begun on this connection.</summary>
    public long Requests { get; private set; }

    /// <inheritdoc/>
    public override bool IsReused => Requests > 1 || _hasRested;

    /// <inheritdoc/>
    public override bool IsUsable => Requests == 0 || Connection.IsReusable;

    /// <summary>The connection may not serve another exchange.</summary>
    public bool IsSpent { get; private set; }

    /// <summary>When the pool closes it; learnt from <c>Keep-Alive: timeout</c> where the upstream says so.</summary>
    public long IdleUntilMs { get; private set; }

    internal bool IsPooled { get; set; }

    internal Http1Client? Older { get; set; }

    internal Http1Client? Newer { get; set; }

    /// <summary>Takes the connection out of its rest; false when it ended or said something unasked.</summary>
    public bool TryWake()
    {
        Connection.IdleActivity = null;
        return Connection.IsReusable;
    }

    public void Rest(long nowMs)
    {
        long idleMs = _pool.Cluster.IdleTimeoutMs;
        if (_announcedIdleMs > 0)
        {
            idleMs = Math.Min(idleMs, _announcedIdleMs);
        }

        _hasRested = true;
        IdleUntilMs = nowMs + idleMs;
        Connection.IdleActivity = s_idleActivity;
    }

    /// <inheritdoc/>
    public override BodyLength Frame(BodyLength body) =>
        body.Kind != BodyKind.EndStream ? body : body.HasLength ? BodyLength.Counted(body.Length) : BodyLength.Chunked;

    /// <inheritdoc/>
    public override ReactorTask<ForwardError> PrepareUpgradeAsync(RequestHead head) => new(ForwardError.None);

    /// <inheritdoc/>
    public override bool WriteHead(RequestHead head, bool isUpgrade)
    {
        Requests++;
        _parse = default;
        _sentBeforeBytes = Connection.BytesSent;
        TransportWriter writer = Connection.Writer;
        Span<byte> span = writer.GetSpan(Http1Writer.MeasureRequest(head));
        int written = Http1Writer.WriteRequest(
            head, Frame(head.Body), isUpgrade ? ConnectionOption.Upgrade : ConnectionOption.None, span);
        if (written < 0)
        {
            IsSpent = true;
            return false;
        }

        if (_properCase)
        {
            Http1NameCase.CapitalizeHead(span[..written]);
        }

        writer.Advance(written);
        return true;
    }

    /// <summary>
    /// Writes the PROXY header of a new connection, which then speaks for one client and is not shared.
    /// </summary>
    public void WriteProxyHeader(int version, ExchangeRecord record)
    {
        IsSpent = true;
        TransportWriter writer = Connection.Writer;
        int bytesMax = version == 1 ? ProxyProtocol.Version1BytesMax : ProxyProtocol.MeasureVersion2(0);
        Span<byte> span = writer.GetSpan(bytesMax);
        NetAddress client = record.DownstreamRemote;
        writer.Advance(version == 1
            ? ProxyProtocol.WriteVersion1(span, client, record.DownstreamLocal)
            : ProxyProtocol.WriteVersion2(span, client, record.DownstreamLocal, [], checksum: false));
    }

    /// <inheritdoc/>
    public override void BeginBody(BodyKind framing) => _framing.Begin(framing, _properCase);

    /// <inheritdoc/>
    public override void BeginData(long count) => _framing.BeginData(Writer, count);

    /// <inheritdoc/>
    public override bool EndBody(HttpFields? trailers) => _framing.End(Writer, trailers);

    /// <inheritdoc/>
    public override void BeginTunnel() => IsSpent = true;

    /// <inheritdoc/>
    public override void EndSending() => Connection.Writer.ShutdownWrite();

    /// <inheritdoc/>
    public override async ReactorTask<ForwardError> ReadHeadAsync(HttpMethod method, ResponseHead head)
    {
        TransportReader reader = Connection.Reader;
        head.Clear();
        _parse = default;
        while (true)
        {
            if (!reader.TryRead(out ReadResult result))
            {
                result = await reader.ReadAsync();
            }

            long consumed = 0;
            ParseStatus status = result.Buffer.IsEmpty
                ? ParseStatus.NeedMore
                : Http1HeadParser.ParseResponse(
                    result.Buffer, head, method, Limits, ref _parse, out consumed, out _);
            reader.AdvanceTo(result.Buffer.GetPosition(consumed));
            if (status != ParseStatus.NeedMore)
            {
                return status == ParseStatus.Done ? ForwardError.None : ForwardError.UpstreamProtocolError;
            }

            if (result.IsCompleted)
            {
                return _parse.HasStarted ? ForwardError.UpstreamProtocolError : EndedBeforeResponse();
            }
        }
    }

    /// <inheritdoc/>
    public override void OnFinalHead(ResponseHead head)
    {
        IsSpent |= !head.KeepAlive || head.Body.Kind == BodyKind.UntilClose;
        if (!head.Fields.TryGet(KnownField.KeepAlive, out ReadOnlySpan<byte> value))
        {
            return;
        }

        // "Keep-Alive: timeout=5", less one second, so that this side closes first.
        int at = value.IndexOf("timeout="u8);
        if (at >= 0 && Utf8Parser.TryParse(value[(at + 8)..], out int seconds, out _) && seconds > 0)
        {
            _announcedIdleMs = Math.Max(500, (seconds - 1) * 1000L);
        }
    }

    /// <summary>True when the kernel says that no byte of the current request was acknowledged.</summary>
    public override bool NothingWasAcknowledged() =>
        TcpInfo.TryGetBytesAcknowledged(Connection, out long acknowledged) && acknowledged <= _sentBeforeBytes;

    /// <summary>Gives the connection back to its pool, or closes it when it is spent or not clean.</summary>
    public override void Release(long nowMs)
    {
        long requestsMax = _pool.Cluster.MaxRequestsPerConnection;
        if (IsSpent || !Connection.IsReusable || _pool.IsRetired
            || (requestsMax > 0 && Requests >= requestsMax))
        {
            Close();
            return;
        }

        _pool.Return(this, nowMs);
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        IsSpent = true;
        Connection.Abort(reset: true);
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        Connection.IdleActivity = null;
        Connection.Close();
        _pool.OnClosed();
    }

    private static void OnIdleActivity(TransportConnection connection)
    {
        var client = (Http1Client)connection.Owner!;
        client._pool.Unlink(client);
        client.Close();
    }

    private ForwardError EndedBeforeResponse() =>
        Connection.Error.IsNone ? ForwardError.UpstreamClosed : ForwardError.UpstreamReset;
}
