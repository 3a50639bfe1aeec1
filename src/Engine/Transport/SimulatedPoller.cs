using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>One end of a simulated connection: what is under way to it, and how much of it it may take.</summary>
internal sealed class SimulatedSocket
{
    /// <summary>The connection; none until it was accepted.</summary>
    public TransportConnection? Connection { get; set; }

    /// <summary>The other end.</summary>
    public SimulatedSocket? Peer { get; set; }

    public SimulatedPoller? Poller { get; set; }

    public NetAddress Local { get; set; }

    public NetAddress Remote { get; set; }

    /// <summary>The name it was connected to.</summary>
    public string Target { get; set; } = string.Empty;

    /// <summary>Bytes under way to this end.</summary>
    public Queue<byte> Incoming { get; } = new();

    /// <summary>Bytes of <see cref="Incoming"/> that have arrived.</summary>
    public int Arrived { get; set; }

    /// <summary>The last event for this end is at that time: nothing overtakes.</summary>
    public long LastEventUs { get; set; }

    public bool EndArrived { get; set; }

    public bool Broken { get; set; }

    public bool FinSent { get; set; }

    /// <summary>The connection breaks after so many more bytes sent from here; -1 for never.</summary>
    public long ResetAfter { get; set; } = -1;
}

/// <summary>
/// A poller whose kernel is a <see cref="SimulatedNetwork"/>: virtual time, seeded delays, short reads, sends that
/// come back short, resets at a chosen byte.
/// </summary>
internal sealed class SimulatedPoller : SocketPoller
{
    private readonly SimulatedNetwork _network;
    private readonly Queue<SimulatedEvent> _inbox = new();
    private readonly Dictionary<TransportListener, string> _listeners = [];
    private readonly Dictionary<int, SimulatedSocket> _sockets = [];

    public SimulatedPoller(Reactor reactor, SimulatedNetwork network)
        : base(reactor)
    {
        _network = network;
    }

    /// <inheritdoc/>
    public override string Name => "simulated";

    /// <summary>Something can be done at this instant.</summary>
    internal bool HasWork => _inbox.Count > 0 || HasDirty;

    /// <inheritdoc/>
    public override long ReadClockUs() => _network.NowUs;

    /// <inheritdoc/>
    public override long ReadUtcMs() => _network.Options.UtcStartMs + (_network.NowUs / 1000);

    /// <inheritdoc/>
    public override void Wait(int timeoutMs)
    {
        Reactor.BeginTurn();
        for (int count = _inbox.Count; count > 0; count--)
        {
            SimulatedEvent what = _inbox.Dequeue();
            try
            {
                Dispatch(what);
            }
#pragma warning disable CA1031 // A fault of a handler is our bug; it costs its connection, not the reactor.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Reactor.ReportBug(error);
                what.Socket.Connection?.Abort(reset: true);
            }
        }
    }

    /// <inheritdoc/>
    public override void Wake()
    {
        // The network looks at mailboxes before it lets time pass.
    }

    /// <inheritdoc/>
    public override void Dispose() => AbortAll();

    /// <inheritdoc/>
    public override TransportListener Listen(ListenOptions options, Action<TransportConnection> accepted)
    {
        NetAddress address = options.UnixPath is null ? options.Address : NetAddress.Unix;
        if (options.UnixPath is null && address.Port == 0)
        {
            address = address.WithPort(_network.TakePort());
        }

        var listener = new TransportListener(this, ListenSocket.Simulated(address, options.UnixPath), accepted);
        AddListener(listener);
        return listener;
    }

    /// <inheritdoc/>
    public override ValueTask<ConnectResult> ConnectAsync(in ConnectOptions options)
    {
        NetAddress remote = options.UnixPath is null ? options.Address : NetAddress.Unix;
        var socket = new SimulatedSocket
        {
            Poller = this,
            Target = options.UnixPath ?? options.Address.ToString(),
            Remote = remote,
            Local = remote.Kind == NetAddressKind.Unix ? remote : remote.WithPort(_network.TakePort()),
        };
        TransportConnection connection = CreateFor(socket);
        ValueTask<ConnectResult> result = connection.BeginConnect(options.TimeoutMs);
        if (_network.LosesConnects?.Invoke(remote) ?? false)
        {
            return result;
        }

        bool refused = _network.Options.RefuseOneIn > 0 && _network.Next((ulong)_network.Options.RefuseOneIn) == 0;
        SimulatedListener? target = refused ? null : _network.Find(socket.Target);
        Send(target?.Poller ?? this, target is null ? SimulatedEventKind.Refused : SimulatedEventKind.Connect, socket);
        return result;
    }

    /// <summary>An event arrives.</summary>
    internal void Post(SimulatedEvent what) => _inbox.Enqueue(what);

    /// <inheritdoc/>
    internal override bool TryReceive(TransportConnection connection)
    {
        if (!_sockets.TryGetValue(connection.Slot, out SimulatedSocket? socket))
        {
            return false;
        }

        if (socket.Arrived == 0)
        {
            connection.Readable = false;
            return TryEnd(connection, socket);
        }

        BufferSegment? segment = Reactor.Buffers.TryRent(BufferSize.Medium);
        if (segment is null)
        {
            return false;
        }

        int take = Math.Min(socket.Arrived, segment.Capacity);
        take = 1 + (int)_network.Next((ulong)Math.Min(take, _network.Options.ReadBytesMax));
        take = Math.Min(take, socket.Arrived);
        Span<byte> room = segment.FreeSpan;
        for (int i = 0; i < take; i++)
        {
            room[i] = socket.Incoming.Dequeue();
        }

        segment.End = take;
        socket.Arrived -= take;
        connection.Readable = socket.Arrived > 0 || socket.EndArrived;
        if (socket.Peer is { Broken: false } peer)
        {
            Send(peer.Poller!, SimulatedEventKind.Room, peer);
        }

        connection.Reader.OnReceived(segment);
        return true;
    }

    /// <inheritdoc/>
    internal override void OnReaderWaits(TransportConnection connection)
    {
        while (connection is { IsClosing: true, IsClosed: false, Readable: true } && TryReceive(connection))
        {
        }
    }

    /// <inheritdoc/>
    internal override void ShutdownWrite(TransportConnection connection)
    {
        SimulatedSocket socket = _sockets[connection.Slot];
        if (!socket.FinSent && socket.Peer is { } peer)
        {
            socket.FinSent = true;
            Send(peer.Poller!, SimulatedEventKind.End, peer);
        }
    }

    /// <inheritdoc/>
    internal override void Release(TransportConnection connection, bool reset)
    {
        if (_sockets.Remove(connection.Slot, out SimulatedSocket? socket))
        {
            // As in a kernel: closing with bytes unread tells the peer that they were lost.
            bool lost = reset || socket.Incoming.Count > 0;
            socket.Broken = true;
            if (socket.Peer is { Broken: false } peer && (lost || !socket.FinSent))
            {
                Send(peer.Poller!, lost ? SimulatedEventKind.Reset : SimulatedEventKind.End, peer);
            }
        }

        connection.Fd = -1;
        connection.Readable = false;
        connection.ReleaseUnsent();
        FreeLater(connection);
    }

    /// <inheritdoc/>
    internal override NetAddress ReadAddress(TransportConnection connection, bool peer) =>
        !_sockets.TryGetValue(connection.Slot, out SimulatedSocket? socket) ? default
        : peer ? socket.Remote : socket.Local;

    /// <inheritdoc/>
    internal override void RemoveListener(TransportListener listener)
    {
        if (_listeners.Remove(listener, out string? name))
        {
            _network.StopListening(name);
        }
    }

    /// <inheritdoc/>
    internal override void PauseAccept(TransportListener listener)
    {
        // Simulated descriptors do not run out.
    }

    /// <inheritdoc/>
    internal override void ResumeAccept(TransportListener listener)
    {
    }

    /// <inheritdoc/>
    internal override bool BeginRelay(TransportConnection connection) => false;

    /// <inheritdoc/>
    protected override unsafe void FlushOne(TransportConnection connection)
    {
        if (connection.IsClosed || connection.Connecting || connection.WriteBlocked)
        {
            return;
        }

        SimulatedSocket socket = _sockets[connection.Slot];
        TransportWriter writer = connection.Sends;
        IoVec* pieces = stackalloc IoVec[8];
        while (writer.QueuedBytes > 0 && !writer.IsFailed)
        {
            if (socket.Broken || socket.Peer is not { Broken: false } peer)
            {
                connection.Fail(TransportError.BrokenPipe);
                return;
            }

            int room = _network.Options.SocketBufferBytes - peer.Incoming.Count;
            if (room <= 0)
            {
                connection.WriteBlocked = true;
                return;
            }

            int count = writer.Gather(pieces, 8, out _);
            int sent = 0;
            for (int i = 0; i < count && sent < room; i++)
            {
                sent += Carry(peer, new ReadOnlySpan<byte>(
                    pieces[i].Base, (int)Math.Min(room - sent, (long)pieces[i].Length)));
            }

            Send(peer.Poller!, SimulatedEventKind.Bytes, peer, sent);
            BreakAt(socket, peer, sent);
            writer.OnSent(sent);
            if (connection.IsClosed)
            {
                return;
            }
        }

        if (connection.IsClosing || connection.Writer.ShutdownPending)
        {
            connection.AfterDrained();
        }
    }

    /// <inheritdoc/>
    protected override void Open(TransportConnection connection)
    {
    }

    /// <inheritdoc/>
    protected override void AddListener(TransportListener listener)
    {
        string name = listener.Socket.UnixPath ?? listener.LocalAddress.ToString();
        if (!_network.TryListen(name, this, listener))
        {
            throw new InvalidOperationException("simulated address in use: " + name);
        }

        _listeners[listener] = name;
    }

    private static int Carry(SimulatedSocket peer, ReadOnlySpan<byte> bytes)
    {
        foreach (byte one in bytes)
        {
            peer.Incoming.Enqueue(one);
        }

        return bytes.Length;
    }

    private static bool TryEnd(TransportConnection connection, SimulatedSocket socket)
    {
        if (socket.EndArrived && !connection.Reader.IsEnded)
        {
            connection.OnEndOfInput();
            return true;
        }

        return false;
    }

    private void BreakAt(SimulatedSocket socket, SimulatedSocket peer, int sent)
    {
        if (socket.ResetAfter < 0)
        {
            return;
        }

        socket.ResetAfter -= sent;
        if (socket.ResetAfter < 0)
        {
            Send(peer.Poller!, SimulatedEventKind.Reset, peer);
            Send(this, SimulatedEventKind.Reset, socket);
        }
    }

    private void Send(SimulatedPoller to, SimulatedEventKind kind, SimulatedSocket socket, int length = 0) =>
        socket.LastEventUs = _network.Schedule(socket.LastEventUs, new SimulatedEvent(to, kind, socket, length));

    private void Dispatch(SimulatedEvent what)
    {
        SimulatedSocket socket = what.Socket;
        switch (what.Kind)
        {
            case SimulatedEventKind.Connect:
                Accept(socket);
                return;
            case SimulatedEventKind.Connected:
                socket.Connection!.OnConnected(0);
                return;
            case SimulatedEventKind.Refused:
                socket.Connection!.OnConnected(TransportError.ConnectionRefused);
                return;
            case SimulatedEventKind.Bytes:
                socket.Arrived += what.Length;
                break;
            case SimulatedEventKind.End:
                socket.EndArrived = true;
                break;
            default:
                break;
        }

        if (socket.Connection is { IsClosed: false } connection)
        {
            OnEvent(connection, what.Kind);
        }
        else if (what.Kind == SimulatedEventKind.Bytes && socket.Peer is { Broken: false } sender)
        {
            // Bytes for a socket that was closed: its kernel answers with a reset.
            Send(sender.Poller!, SimulatedEventKind.Reset, sender);
        }
    }

    private void OnEvent(TransportConnection connection, SimulatedEventKind kind)
    {
        switch (kind)
        {
            case SimulatedEventKind.Room:
                if (connection.WriteBlocked)
                {
                    connection.WriteBlocked = false;
                    MarkDirty(connection);
                }

                return;
            case SimulatedEventKind.Reset:
                _sockets[connection.Slot].Broken = true;
                connection.Fail(TransportError.ConnectionReset);
                return;
            default:
                connection.PeerHalfClosed |= kind == SimulatedEventKind.End;
                connection.Readable = true;
                break;
        }

        if (connection.IsClosing)
        {
            OnReaderWaits(connection);
        }
        else if (connection.WantsInput)
        {
            connection.ReceiveWanted();
        }
        else if (connection.Tls is not null && connection.Reader.BufferedBytes == 0)
        {
            // As on epoll: it may be a matter of TLS alone, such as a session ticket.
            TryReceiveInTurn(connection);
        }
        else
        {
            connection.OnUnread();
        }
    }

    private void Accept(SimulatedSocket client)
    {
        if (_network.Find(client.Target) is not { } target || client.Broken)
        {
            Send(client.Poller!, SimulatedEventKind.Refused, client);
            return;
        }

        TransportListener listener = target.Listener;
        var server = new SimulatedSocket
        {
            Poller = this,
            Target = client.Target,
            Local = client.Remote,
            Remote = client.Local,
            Peer = client,
        };
        client.Peer = server;
        DrawReset(client);
        Send(client.Poller!, SimulatedEventKind.Connected, client);
        TransportConnection connection = CreateFor(server);
        listener.OnAccepted(connection);
    }

    private void DrawReset(SimulatedSocket client)
    {
        SimulationOptions options = _network.Options;
        client.ResetAfter = _network.ResetAfter?.Invoke(client.Remote) ?? -1;
        if (client.ResetAfter < 0 && options.ResetOneIn > 0 && _network.Next((ulong)options.ResetOneIn) == 0)
        {
            client.ResetAfter = (long)_network.Next((ulong)options.ResetAfterBytesMax);
        }
    }

    private TransportConnection CreateFor(SimulatedSocket socket)
    {
        TransportConnection connection = Create(0);
        socket.Connection = connection;
        connection.RemoteAddress = socket.Remote;
        connection.LocalAddress = socket.Local;
        _sockets[connection.Slot] = socket;
        return connection;
    }
}
