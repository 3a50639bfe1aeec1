using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Readiness by epoll, edge-triggered: a descriptor is registered once for everything and never modified. Receiving
/// is by demand: bytes stay in the kernel until a reader asks, so a slow reader holds no memory of ours.
/// <code>
/// epoll_wait → readable and somebody reads: recv → reader resumes, reads on until a short receive
///            → writable and blocked: back to the send list
/// flush      → one send or sendmsg per connection that wrote
/// </code>
/// </summary>
internal sealed unsafe class EpollPoller : KernelPoller
{
    private const int EventsMax = 256;
    private const int AcceptsPerTurnMax = 64;
    private const int PiecesMax = 64;
    private const ulong KindMask = 0xFF;
    private const ulong ConnectionKind = 0;
    private const ulong ListenerKind = 1;
    private const ulong WakeKind = 2;
    private const int KindBits = 8;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_eventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int s_dataOffset = s_eventBytes - 8;

    private readonly int _epoll;
    private readonly byte* _events;
    private readonly IoVec* _pieces;
    private readonly MsgHdr* _message;
    private readonly List<TransportConnection> _starved = [];

    public EpollPoller(Reactor reactor)
        : base(reactor, LibC.SockNonBlock)
    {
        _epoll = LibC.EpollCreate(LibC.SockCloseOnExec);
        if (_epoll < 0)
        {
            throw new InvalidOperationException("epoll_create1: " + new TransportError(LibC.Errno).Text);
        }

        _events = (byte*)NativeMemory.AllocZeroed(EventsMax * 16);
        _pieces = (IoVec*)NativeMemory.Alloc((nuint)(PiecesMax * sizeof(IoVec)));
        _message = (MsgHdr*)NativeMemory.AllocZeroed((nuint)sizeof(MsgHdr));
        _message->Iov = _pieces;
        Register(WakeFd, LibC.EpollIn | LibC.EpollEdge, WakeKind);
    }

    /// <inheritdoc/>
    public override string Name => "epoll";

    /// <inheritdoc/>
    public override void Wait(int timeoutMs)
    {
        int count = timeoutMs == 0 || HasDirty
            ? LibC.EpollPoll(_epoll, _events, EventsMax, 0)
            : LibC.EpollWait(_epoll, _events, EventsMax, timeoutMs);
        Reactor.BeginTurn();
        int next = 0;
        while (next < count)
        {
            try
            {
                while (next < count)
                {
                    byte* entry = _events + (next++ * s_eventBytes);
                    Dispatch(*(uint*)entry, Unsafe.ReadUnaligned<ulong>(entry + s_dataOffset));
                }
            }
#pragma warning disable CA1031 // A fault of a handler is our bug; it costs its connection, not the reactor.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Reactor.ReportBug(error);
                AbortAfterFault(Unsafe.ReadUnaligned<ulong>(_events + ((next - 1) * s_eventBytes) + s_dataOffset));
            }
        }

        if (_starved.Count > 0)
        {
            FeedStarved();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        LibC.Close(_epoll);
        CloseWake();
        NativeMemory.Free(_events);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_message);
    }

    /// <inheritdoc/>
    internal override bool TryReceive(TransportConnection connection)
    {
        BufferSize size = connection.Bulk ? BufferSize.Large : BufferSize.Medium;
        BufferSegment? segment = Reactor.Buffers.TryRent(size) ?? Reactor.Buffers.TryRent(BufferSize.Medium);
        if (segment is null)
        {
            if ((connection.Poll & PollFlags.Starved) == 0)
            {
                connection.Poll |= PollFlags.Starved;
                _starved.Add(connection);
            }

            return false;
        }

        nint received = LibC.Receive(connection.Fd, segment.Block, segment.Capacity, 0);
        if (received > 0)
        {
            bool filled = received == segment.Capacity;
            connection.Bulk = filled || (connection.Bulk && received > BufferPool.MediumBytes);

            // A short receive has emptied the socket: the next bytes make an edge. After the peer's FIN there is none.
            connection.Readable = filled || connection.PeerHalfClosed;
            segment.End = (int)received;
            connection.Reader.OnReceived(segment);
            return true;
        }

        int errno = received == 0 ? 0 : LibC.Errno;
        segment.Pool.Return(segment);
        return OnNothingReceived(connection, received == 0, errno);
    }

    /// <inheritdoc/>
    internal override void OnReaderWaits(TransportConnection connection)
    {
        // Only a lingering connection asks here with bytes possibly waiting: a reader has just tried.
        if (connection.IsClosing && connection.Readable)
        {
            DiscardInput(connection);
        }
    }

    /// <inheritdoc/>
    internal override void ShutdownWrite(TransportConnection connection) =>
        _ = LibC.Shutdown(connection.Fd, LibC.ShutWrite);

    /// <inheritdoc/>
    internal override void Release(TransportConnection connection, bool reset)
    {
        if (reset)
        {
            var linger = new Linger { OnOff = 1 };
            _ = LibC.SetSocketOption(
                connection.Fd, LibC.SolSocket, LibC.SoLinger, &linger, (uint)sizeof(Linger));
        }

        LibC.Close(connection.Fd);
        connection.Fd = -1;
        connection.Readable = false;
        connection.ReleaseUnsent();
        FreeLater(connection);
    }

    /// <inheritdoc/>
    internal override void PauseAccept(TransportListener listener)
    {
        // The accept loop looks at the listener.
    }

    /// <inheritdoc/>
    internal override void ResumeAccept(TransportListener listener) => AcceptAll(listener);

    /// <inheritdoc/>
    internal override bool BeginRelay(TransportConnection connection)
    {
        // The registration reports everything already; what was seen before is asked for again by the relay itself.
        return true;
    }

    /// <inheritdoc/>
    protected override void FlushOne(TransportConnection connection)
    {
        if (connection.IsClosed || connection.Connecting || connection.WriteBlocked)
        {
            return;
        }

        TransportWriter writer = connection.Sends;
        while (writer.QueuedBytes > 0 && !writer.IsFailed)
        {
            int pieces = writer.Gather(_pieces, PiecesMax, out long bytes);
            nint sent;
            if (pieces == 1)
            {
                sent = LibC.Send(connection.Fd, _pieces->Base, (nint)_pieces->Length, LibC.MsgNoSignal);
            }
            else
            {
                _message->IovLength = (nuint)pieces;
                sent = LibC.SendMessage(connection.Fd, _message, LibC.MsgNoSignal);
            }

            if (sent < 0)
            {
                int errno = LibC.Errno;
                if (errno == TransportError.Again)
                {
                    connection.WriteBlocked = true;
                }
                else if (errno != TransportError.Interrupted)
                {
                    connection.Fail(errno);
                }
                else
                {
                    continue;
                }

                return;
            }

            connection.WriteBlocked = sent < bytes;
            writer.OnSent(sent);
            if (connection.WriteBlocked || connection.IsClosed)
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
    protected override void Open(TransportConnection connection) =>
        Register(
            connection.Fd,
            LibC.EpollIn | LibC.EpollOut | LibC.EpollReadHangUp | LibC.EpollEdge,
            ((ulong)connection.Slot << KindBits) | ConnectionKind);

    /// <inheritdoc/>
    protected override void StartConnect(TransportConnection connection, ReadOnlySpan<byte> address)
    {
        int result;
        fixed (byte* bytes = address)
        {
            result = LibC.Connect(connection.Fd, bytes, (uint)address.Length);
        }

        int errno = result == 0 ? 0 : LibC.Errno;
        if (errno is not (0 or TransportError.InProgress))
        {
            connection.OnConnected(errno);
            return;
        }

        Open(connection);
        if (errno == 0)
        {
            connection.OnConnected(0);
        }
    }

    /// <inheritdoc/>
    protected override void StartAccepting(TransportListener listener)
    {
        int flags = LibC.FileControl(listener.Socket.Fd, LibC.GetFlags, 0);
        _ = LibC.FileControl(listener.Socket.Fd, LibC.SetFlags, flags | LibC.NonBlock);
        Register(
            listener.Socket.Fd,
            LibC.EpollIn | LibC.EpollEdge,
            ((ulong)listener.Slot << KindBits) | ListenerKind);
    }

    /// <inheritdoc/>
    protected override void StopAccepting(TransportListener listener)
    {
        // Another process may hold the socket too: then closing alone would not end the registration.
        byte* unused = stackalloc byte[16];
        _ = LibC.EpollControl(_epoll, LibC.EpollDelete, listener.Socket.Fd, unused);
        listener.Socket.Close();
    }

    private void Dispatch(uint events, ulong data)
    {
        switch (data & KindMask)
        {
            case ConnectionKind:
                if (At((int)(data >> KindBits)) is { IsClosed: false } connection)
                {
                    OnReady(connection, events);
                }

                break;
            case ListenerKind:
                if (ListenerAt((int)(data >> KindBits)) is { } listener)
                {
                    AcceptAll(listener);
                }

                break;
            default:
                break;
        }
    }

    private void OnReady(TransportConnection connection, uint events)
    {
        if (connection.Connecting)
        {
            if ((events & (LibC.EpollOut | LibC.EpollError | LibC.EpollHangUp)) == 0)
            {
                return;
            }

            connection.OnConnected(ReadError(connection));
            if (connection.IsClosed)
            {
                return;
            }
        }

        bool writable = (events & LibC.EpollOut) != 0;
        bool readable = (events & ~LibC.EpollOut) != 0;
        if ((events & (LibC.EpollReadHangUp | LibC.EpollHangUp | LibC.EpollError)) != 0)
        {
            connection.PeerHalfClosed = true;
        }

        if (connection.Relay is { } relay)
        {
            relay.OnReady(connection, readable, writable);
            return;
        }

        if (writable && connection.WriteBlocked)
        {
            connection.WriteBlocked = false;
            MarkDirty(connection);
        }

        if (readable)
        {
            connection.Readable = true;
            OnReadable(connection, (events & LibC.EpollError) != 0);
        }
    }

    private void OnReadable(TransportConnection connection, bool failed)
    {
        if (connection.IsClosing)
        {
            DiscardInput(connection);
        }
        else if (connection.WantsInput)
        {
            connection.ReceiveWanted();
        }
        else if (failed)
        {
            connection.Fail(ReadError(connection) is > 0 and var errno ? errno : TransportError.ConnectionReset);
        }
        else if (connection.Tls is not null && connection.Reader.BufferedBytes == 0)
        {
            // It may be a matter of TLS alone, such as a session ticket.
            TryReceiveInTurn(connection);
        }
        else
        {
            connection.OnUnread();
        }
    }

    private static bool OnNothingReceived(TransportConnection connection, bool ended, int errno)
    {
        connection.Readable = false;
        if (ended)
        {
            connection.OnEndOfInput();
            return true;
        }

        if (errno is TransportError.Again or TransportError.Interrupted)
        {
            connection.Readable = errno == TransportError.Interrupted;
            return false;
        }

        connection.Fail(errno);
        return true;
    }

    private void DiscardInput(TransportConnection connection)
    {
        while (connection is { IsClosed: false, Readable: true } && TryReceive(connection))
        {
        }
    }

    private void AcceptAll(TransportListener listener)
    {
        byte* name = stackalloc byte[SocketAddress.MaxBytes];
        for (int i = 0; i < AcceptsPerTurnMax; i++)
        {
            if (listener.IsStopped || listener.IsResting)
            {
                return;
            }

            uint length = SocketAddress.MaxBytes;
            int fd = LibC.Accept(listener.Socket.Fd, name, &length, LibC.SockNonBlock | LibC.SockCloseOnExec);
            if (fd >= 0)
            {
                listener.OnAccepted(fd, SocketAddress.Read(new ReadOnlySpan<byte>(name, (int)length)));
                continue;
            }

            int errno = LibC.Errno;
            if (errno == TransportError.Again || listener.OnAcceptFailed(errno))
            {
                return;
            }
        }

        Reactor.Defer(static state => ResumeListener((TransportListener)state!), listener);
    }

    private static void ResumeListener(TransportListener listener)
    {
        if (!listener.IsStopped)
        {
            ((EpollPoller)listener.Reactor.Poller).AcceptAll(listener);
        }
    }

    private void FeedStarved()
    {
        int count = _starved.Count;
        for (int i = 0; i < count; i++)
        {
            TransportConnection connection = _starved[i];
            connection.Poll &= ~PollFlags.Starved;
            if (connection is { IsClosed: false, Readable: true })
            {
                connection.ReceiveWanted();
            }
        }

        _starved.RemoveRange(0, count);
    }

    private void AbortAfterFault(ulong data)
    {
        if ((data & KindMask) == ConnectionKind)
        {
            At((int)(data >> KindBits))?.Abort(reset: true);
        }
    }

    private static int ReadError(TransportConnection connection)
    {
        int value = 0;
        uint length = sizeof(int);
        _ = LibC.GetSocketOption(connection.Fd, LibC.SolSocket, LibC.SoError, &value, &length);
        return value;
    }

    private void Register(int fd, uint events, ulong data)
    {
        byte* entry = stackalloc byte[16];
        *(uint*)entry = events;
        Unsafe.WriteUnaligned(entry + s_dataOffset, data);
        _ = LibC.EpollControl(_epoll, LibC.EpollAdd, fd, entry);
    }
}
