using System;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;
using FastMesh.Tls;

namespace FastMesh.Engine.Transport;

/// <summary>
/// One connection of one reactor, and its own duplex pipe: reader and writer stand on the kernel's buffers with no
/// pipe between. Born by accept or connect, closed when both sides are done. Reactor thread only.
/// <code>
/// connecting → open → (closing: the queue is being sent) → (lingering: FIN sent, input discarded) → closed
/// </code>
/// </summary>
internal sealed class TransportConnection : ReactorConnection, IValueTaskSource<ConnectResult>
{
    /// <summary>How long the queue of a closing connection may take to be sent.</summary>
    public const int DrainTimeoutMs = 30_000;

    private readonly SocketPoller _poller;
    private Waiter _connect;
    private ReactorTimer? _timer;
    private ConnectionAddresses? _addresses;
    private bool _readerCompleted;
    private bool _writerCompleted;
    private bool _lingering;
    private bool _closed;
    private int _lingerMs;

    internal TransportConnection(SocketPoller poller, int fd, ulong id)
    {
        _poller = poller;
        Fd = fd;
        Id = id;
        Reader = new TransportReader(this);
        Writer = new TransportWriter(this);
        LastActivityMs = poller.Reactor.NowMs;
    }

    /// <inheritdoc/>
    public override Reactor Reactor => _poller.Reactor;

    /// <summary>What comes in.</summary>
    public TransportReader Reader { get; }

    /// <summary>What goes out.</summary>
    public TransportWriter Writer { get; }

    /// <summary>TLS between the pipe ends and the socket; null for plaintext.</summary>
    public TlsLayer? Tls { get; private set; }

    /// <inheritdoc/>
    public override ulong Id { get; }

    /// <inheritdoc/>
    public override PipeReader Input => Reader;

    /// <inheritdoc/>
    public override PipeWriter Output => Writer;

    /// <summary>Why it failed; none for an orderly end.</summary>
    public TransportError Error { get; private set; }

    /// <summary>Bytes taken from the kernel.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Bytes given to the kernel.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>When bytes last moved, in the reactor's milliseconds.</summary>
    public long LastActivityMs { get; internal set; }

    /// <summary>Called on data, end of input or failure while nobody reads: for pooled connections.</summary>
    public Action<TransportConnection>? IdleActivity { get; set; }

    /// <summary>Called once when the connection is over.</summary>
    public Action<TransportConnection>? Closed { get; set; }

    /// <summary>A slot for the owner (pool entry, table entry); the transport does not touch it.</summary>
    public object? Owner { get; set; }

    /// <inheritdoc/>
    public override bool IsClosed => _closed;

    /// <summary>True when closing has begun.</summary>
    public bool IsClosing { get; private set; }

    /// <summary>What the poller sends from: the writer, or what TLS made of it.</summary>
    internal TransportWriter Sends => Tls?.Output ?? Writer;

    /// <summary>Somebody waits for bytes of the socket.</summary>
    internal bool WantsInput => Reader.IsWaiting || Tls is { IsHandshaking: true };

    /// <summary>Something happens when the queue is empty.</summary>
    internal bool AwaitsSent => IsClosing || Writer.ShutdownPending || Writer.IsWaiting || Relay is not null
        || (Tls is not null && Writer.QueuedBytes > 0);

    /// <summary>Nobody reads any more: what comes is dropped.</summary>
    internal bool IsInputDropped => IsClosing || _readerCompleted;

    /// <summary>True when the peer has ended its sending side, or all, as far as is known.</summary>
    public bool IsPeerDone => PeerHalfClosed || Reader.IsEnded;

    /// <summary>
    /// Whether a next exchange may use it: alive, nothing unread, no end of input, nothing unsent.
    /// </summary>
    public bool IsReusable
    {
        get
        {
            if (IsClosing || IsPeerDone || !Error.IsNone || HasUnsent || Writer.IsShutdown)
            {
                return false;
            }

            if (Readable)
            {
                _poller.TryReceive(this);
            }

            return Reader.BufferedBytes == 0 && !IsPeerDone && !IsClosing;
        }
    }

    /// <summary>The peer's address, kept from the first time it is asked for.</summary>
    public override NetAddress RemoteAddress
    {
        get => _addresses is { Remote.HasValue: true } || Fd < 0
            ? _addresses?.Remote ?? default
            : Known.Remote = _poller.ReadAddress(this, peer: true);
        internal set => Known.Remote = value;
    }

    /// <summary>Our address, kept likewise; with TPROXY the one the peer meant.</summary>
    public override NetAddress LocalAddress
    {
        get => _addresses is { Local.HasValue: true } || Fd < 0
            ? _addresses?.Local ?? default
            : Known.Local = _poller.ReadAddress(this, peer: false);
        internal set => Known.Local = value;
    }

    /// <summary>The socket; -1 after it was closed.</summary>
    internal int Fd { get; set; }

    /// <summary>Its place in the poller's table.</summary>
    internal int Slot { get; set; } = -1;

    internal bool Connecting { get; set; }

    /// <summary>Readiness pollers: the kernel may have bytes for us.</summary>
    internal bool Readable { get; set; }

    /// <summary>Readiness pollers: the kernel has no room.</summary>
    internal bool WriteBlocked { get; set; }

    internal bool PeerHalfClosed { get; set; }

    /// <summary>In the poller's list of connections with something to send.</summary>
    internal bool Dirty { get; set; }

    /// <summary>The kernel holds blocks of the send queue.</summary>
    internal bool SendInFlight { get; set; }

    /// <summary>Bytes of a send that reports only failure; 0 when there is none.</summary>
    internal int FastSendBytes { get; set; }

    /// <summary>The last receive filled its block: take a larger one next time.</summary>
    internal bool Bulk { get; set; }

    /// <summary>Receives of the current turn, and which turn that is.</summary>
    internal int TurnReceives { get; set; }

    internal long ReceiveTurn { get; set; }

    /// <summary>What a poller keeps about it.</summary>
    internal PollFlags Poll { get; set; }

    /// <summary>Bytes are moved by the kernel; readiness goes to this relay.</summary>
    internal Splice? Relay { get; set; }

    private bool HasUnsent => !Sends.IsFailed
        && (Sends.QueuedBytes > 0 || (Tls is { IsOpen: true } && !Writer.IsFailed && Writer.QueuedBytes > 0));

    /// <summary>From here on the pipe ends carry plaintext; what is buffered belongs to the handshake.</summary>
    public void StartTls(TlsSession session)
    {
        Debug.Assert(Tls is null && Writer.QueuedBytes == 0, "nothing was said in plaintext that is still to be sent");
        Tls = new TlsLayer(this, session);
        Tls.Start();
    }

    /// <summary>The destination before the kernel redirected the connection to us.</summary>
    public bool TryGetOriginalDestination(out NetAddress address) =>
        OriginalDestination.TryGet(this, out address);

    /// <inheritdoc/>
    public override void Close()
    {
        if (!IsClosing)
        {
            IsClosing = true;
            Reader.Discard();
            AfterDrained();
        }
    }

    /// <summary>
    /// As <see cref="Close"/>, but after the FIN input is discarded until the peer closes too or the time is over:
    /// closing with input unread would reset the connection, and the peer might never see our last answer.
    /// </summary>
    public void CloseLingering(int lingerMs)
    {
        if (!IsClosing)
        {
            _lingerMs = lingerMs;
            Close();
        }
    }

    /// <inheritdoc/>
    public override void Abort(bool reset)
    {
        IsClosing = true;
        Teardown(reset);
    }

    /// <summary>
    /// Asks the kernel for both addresses now: on another thread the descriptor might be closed, and another's, by
    /// the time it is asked.
    /// </summary>
    internal void KeepAddresses()
    {
        _ = LocalAddress;
        _ = RemoteAddress;
    }

    /// <summary>The kernel reports a failure. The reader ends, the writer fails, nothing is closed yet.</summary>
    internal void Fail(int errno)
    {
        if (IsClosed)
        {
            return;
        }

        if (Error.IsNone)
        {
            Error = new TransportError(errno);
        }

        PeerHalfClosed = true;
        if (IsClosing)
        {
            Teardown(reset: false);
            return;
        }

        Tls?.Output.OnFailed();
        Writer.OnFailed();
        Reader.OnEnd();
    }

    /// <summary>TLS failed: what it has to say about that is still sent.</summary>
    internal void FailTls()
    {
        if (!IsClosed && Error.IsNone)
        {
            Error = new TransportError(TransportError.Protocol);
            Writer.OnFailed();
            Reader.OnEnd();
        }
    }

    /// <summary>The peer's FIN.</summary>
    internal void OnEndOfInput()
    {
        PeerHalfClosed = true;
        Readable = false;
        if (_lingering)
        {
            Teardown(reset: false);
            return;
        }

        Tls?.OnEndOfInput();
        Reader.OnEnd();
    }

    /// <summary>Gives back what was not sent; only while no send is in flight.</summary>
    internal void ReleaseUnsent()
    {
        Writer.Release();
        Tls?.Output.Release();
    }

    internal void MarkDirty() => _poller.MarkDirty(this);

    /// <summary>Readiness pollers: a read was asked for and the kernel may have something.</summary>
    internal bool ReceiveForReader()
    {
        // Part of a TLS record is no news, and nobody would tell of the rest that is here already.
        bool hasNews = false;
        while (!hasNews && Readable && _poller.TryReceiveInTurn(this))
        {
            hasNews = Reader.BufferedBytes > 0 || Reader.IsEnded;
        }

        return hasNews;
    }

    /// <summary>Readiness pollers: receives while somebody waits and the kernel may have something.</summary>
    internal void ReceiveWanted()
    {
        while (WantsInput && Readable && _poller.TryReceiveInTurn(this))
        {
        }
    }

    internal void OnReaderWaits() => _poller.OnReaderWaits(this);

    internal void OnConsumed(long bufferedBytes) => _poller.OnConsumed(this, bufferedBytes);

    /// <summary>Something to read came and nobody waits for it.</summary>
    internal void OnUnread()
    {
        if (!IsClosing)
        {
            IdleActivity?.Invoke(this);
        }
    }

    internal void OnReaderCompleted()
    {
        _readerCompleted = true;
        Reader.Discard();
        if (_writerCompleted)
        {
            Close();
        }
    }

    internal void OnWriterCompleted()
    {
        _writerCompleted = true;
        Writer.ShutdownWrite();
        if (_readerCompleted)
        {
            Close();
        }
    }

    /// <summary>Called by the poller after a send: goes on with what waits for an empty queue.</summary>
    internal void AfterDrained()
    {
        if (IsClosed)
        {
            return;
        }

        if (HasUnsent || ((IsClosing || Writer.ShutdownPending) && Tls is { } tls && tls.TrySayClose()))
        {
            MarkDirty();
            if (IsClosing)
            {
                StartTimer(DrainTimeoutMs);
            }

            return;
        }

        if (IsClosing && (_lingerMs == 0 || IsPeerDone || Sends.IsFailed))
        {
            Teardown(reset: false);
            return;
        }

        if (IsClosing && !_lingering)
        {
            _lingering = true;
            _poller.ShutdownWrite(this);
            StartTimer(_lingerMs);
            _poller.OnReaderWaits(this);
        }
        else if (Writer.ShutdownPending)
        {
            Writer.ShutdownPending = false;
            _poller.ShutdownWrite(this);
        }
    }

    /// <summary>Begins to wait for the end of a connect.</summary>
    internal ValueTask<ConnectResult> BeginConnect(int timeoutMs)
    {
        Connecting = true;
        _connect.Begin();
        if (timeoutMs > 0)
        {
            StartTimer(timeoutMs);
        }

        return new ValueTask<ConnectResult>(this, token: 0);
    }

    /// <summary>The connect is over. Resumes whoever waits.</summary>
    internal void OnConnected(int errno)
    {
        if (!Connecting)
        {
            return;
        }

        Connecting = false;
        if (_timer is { } timer)
        {
            Reactor.Timers.Cancel(timer);
        }

        if (errno != 0)
        {
            Error = new TransportError(errno);
            IsClosing = true;
            Teardown(reset: false);
        }

        _connect.Resume();
    }

    ConnectResult IValueTaskSource<ConnectResult>.GetResult(short token) =>
        Error.IsNone && !IsClosed ? new ConnectResult(this, default) : new ConnectResult(null, Error);

    ValueTaskSourceStatus IValueTaskSource<ConnectResult>.GetStatus(short token) => _connect.Status;

    void IValueTaskSource<ConnectResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _connect.OnCompleted(continuation, state);

    private void StartTimer(int delayMs)
    {
        _timer ??= new ReactorTimer(static state => ((TransportConnection)state!).OnTimeout(), this);
        Reactor.Timers.Schedule(_timer, delayMs);
    }

    private void OnTimeout()
    {
        if (Connecting)
        {
            OnConnected(TransportError.TimedOut);
        }
        else if (IsClosing)
        {
            Teardown(reset: !_lingering);
        }
    }

    private void Teardown(bool reset)
    {
        if (IsClosed)
        {
            return;
        }

        Debug.Assert(IsClosing, "closing was decided before");
        _closed = true;
        if (Connecting)
        {
            // Somebody aborts while the connect is awaited: it ends as canceled.
            Error = Error.IsNone ? new TransportError(TransportError.Canceled) : Error;
        }

        if (_timer is { } timer)
        {
            Reactor.Timers.Cancel(timer);
        }

        Relay?.OnClosed(this);
        Tls?.Output.OnFailed();
        Writer.OnFailed();
        Reader.Discard();
        _poller.Release(this, reset);
        Reader.OnEnd();
        Tls?.Dispose();
        OnConnected(Error.Errno);
        Closed?.Invoke(this);
        SignalClosed();
    }

    private ConnectionAddresses Known => _addresses ??= new ConnectionAddresses();

    /// <summary>Hands the addresses to somebody who keeps them: an idle connection would hold them twice.</summary>
    internal void TakeAddresses(out NetAddress remote, out NetAddress local)
    {
        remote = _addresses is { Remote.HasValue: true } known ? known.Remote : _poller.ReadAddress(this, peer: true);
        local = _addresses is { Local.HasValue: true } own ? own.Local : _poller.ReadAddress(this, peer: false);
        _addresses = null;
    }
}
