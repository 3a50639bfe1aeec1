using System;
using System.Runtime.InteropServices;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Completions by io_uring: one system call a turn hands over everything noted and waits. Accept and receive are
/// multishot into provided buffers; a send goes without a completion, none meaning that all was sent.
/// <code>
/// io_uring_enter → failed sends → the other sends are done → completions → … flush: sends, refill, re-arm
/// </code>
/// A descriptor is closed only when no operation is outstanding on it.
/// </summary>
internal sealed unsafe class UringPoller : KernelPoller
{
    // Turns of a millisecond without any progress, at the end: cancelled operations end in one or two.
    private const int EndTurnsMax = 1000;

    private const uint Submissions = 1024;
    private const uint CompletionsMax = 8192;
    private const int NameTable = 64;

    // Adaptive batching: wait for so many completions or this long, only while at least so many are expected. Below
    // that, waiting would be felt in the latency; above it, a request waits for its turn anyway.
    private const uint BatchWaitUs = 50;
    private const uint BatchMax = 64;
    private const double BatchExpectedMin = 2.5;
    private const long RateWindowUs = 200;

    private const PollFlags Outstanding = PollFlags.ReceiveArmed | PollFlags.ConnectArmed | PollFlags.PollArmed;

    private readonly Uring _ring;
    private readonly UringReceives _receives;
    private readonly UringSends _sends;
    private readonly byte* _names;
    private int _namesUsed;
    private bool _isEnding;
    private bool _turnWanted;
    private double _eventsPerUs;
    private long _eventsCounted;
    private long _windowStartUs;

    public UringPoller(Reactor reactor)
        : base(reactor, 0)
    {
        _ring = Uring.TryCreate(Submissions, CompletionsMax, out int errno)
            ?? throw new InvalidOperationException("io_uring_setup: " + new TransportError(errno).Text);
        _receives = new UringReceives(_ring, this);
        _sends = new UringSends(_ring, this);
        _names = (byte*)NativeMemory.AllocZeroed(NameTable * SocketAddress.MaxBytes);
        _receives.Refill();
        ArmWake();
    }

    /// <inheritdoc/>
    public override string Name => "uring";

    /// <summary>How often the kernel found no block to receive into.</summary>
    public long StarvedCount => _receives.StarvedCount;

    /// <summary>System calls made to wait or submit.</summary>
    public long Enters => _ring.Enters;

    /// <inheritdoc/>
    public override void Wait(int timeoutMs)
    {
        bool poll = timeoutMs == 0 || HasDirty || _turnWanted;
        _turnWanted = false;
        uint want = poll ? 0u : WantedEvents();
        _ring.Enter(want, want > 1 ? BatchWaitUs : 0, timeoutMs);
        _sends.ResetTables();
        _namesUsed = 0;
        Reactor.BeginTurn();
        uint head = _ring.CompletionHead;
        uint tail = _ring.CompletionTail;
        _eventsCounted += tail - head;
        _turnWanted |= _sends.HasPending && !_sends.TrySettle(head, tail);

        while (head != tail)
        {
            try
            {
                while (head != tail)
                {
                    UringCompletion completion = _ring.Completions[head++ & _ring.CompletionMask];
                    Dispatch(completion);
                }
            }
#pragma warning disable CA1031 // A fault of a handler is our bug; it costs its connection, not the reactor.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Reactor.ReportBug(error);
                AbortAfterFault(_ring.Completions[(head - 1) & _ring.CompletionMask].UserData);
            }
        }

        _ring.Release(tail);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        base.Flush();
        _receives.Refill();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _isEnding = true;
        base.Dispose();

        // The kernel may write to our blocks until it has ended what is outstanding, and may have accepted connections
        // that nobody has seen yet, so the ring goes after that, and the blocks after the ring.
        for (int idleTurns = 0; ConnectionCount + ListenerCount > 0 && idleTurns < EndTurnsMax; idleTurns++)
        {
            int before = ConnectionCount + ListenerCount;
            Wait(1);
            base.Flush();
            idleTurns = ConnectionCount + ListenerCount < before ? 0 : idleTurns;
        }

        _ring.Dispose();
        _receives.Dispose();
        _sends.Dispose();
        CloseWake();
        NativeMemory.Free(_names);
    }

    /// <inheritdoc/>
    internal override void OnReaderWaits(TransportConnection connection)
    {
        if ((connection.Poll & PollFlags.Paused) != 0)
        {
            _receives.Resume(connection);
        }
    }

    /// <inheritdoc/>
    internal override void OnConsumed(TransportConnection connection, long bufferedBytes)
    {
        if ((connection.Poll & PollFlags.Paused) != 0 && bufferedBytes <= UringReceives.UnreadLowBytes)
        {
            _receives.Resume(connection);
        }
    }

    /// <inheritdoc/>
    internal override void ShutdownWrite(TransportConnection connection) =>
        _ = LibC.Shutdown(connection.Fd, LibC.ShutWrite);

    /// <inheritdoc/>
    internal override void Release(TransportConnection connection, bool reset)
    {
        connection.Poll |= PollFlags.Releasing | (reset ? PollFlags.Reset : 0);
        if (IsOutstanding(connection))
        {
            _turnWanted = true;
            if (reset || (connection.Poll & (PollFlags.ConnectArmed | PollFlags.PollArmed)) != 0)
            {
                UringEntry* entry = _ring.Next();
                entry->Operation = Uring.OpCancel;
                entry->Fd = connection.Fd;
                entry->OperationFlags = Uring.CancelAll | Uring.CancelByFd;
                entry->UserData = UringKind.Cancel;
            }
            else
            {
                _ = LibC.Shutdown(connection.Fd, LibC.ShutBoth);
            }
        }

        FinishRelease(connection);
    }

    /// <inheritdoc/>
    internal override void PauseAccept(TransportListener listener) => CancelAccept(listener);

    /// <inheritdoc/>
    internal override void ResumeAccept(TransportListener listener) => StartAccepting(listener);

    /// <inheritdoc/>
    internal override bool BeginRelay(TransportConnection connection)
    {
        int flags = LibC.FileControl(connection.Fd, LibC.GetFlags, 0);
        connection.Poll |= PollFlags.Paused;
        if ((connection.Poll & PollFlags.ReceiveArmed) != 0)
        {
            _receives.Cancel(connection);
        }

        _ = LibC.FileControl(connection.Fd, LibC.SetFlags, flags | LibC.NonBlock);
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpPollAdd;
        entry->Fd = connection.Fd;
        entry->Length = Uring.PollMultishot;
        entry->OperationFlags = LibC.EpollIn | LibC.EpollOut | LibC.EpollReadHangUp;
        entry->UserData = UringKind.UserData(connection, UringKind.Poll);
        connection.Poll |= PollFlags.PollArmed;
        return true;
    }

    /// <inheritdoc/>
    protected override void FlushOne(TransportConnection connection)
    {
        if (connection.IsClosed || connection.Connecting || connection.SendInFlight)
        {
            return;
        }

        TransportWriter writer = connection.Sends;
        if (writer.QueuedBytes == 0 || writer.IsFailed)
        {
            if (connection.IsClosing || connection.Writer.ShutdownPending)
            {
                connection.AfterDrained();
            }

            return;
        }

        _sends.Submit(connection);
    }

    /// <inheritdoc/>
    protected override void Open(TransportConnection connection) => _receives.Arm(connection);

    /// <inheritdoc/>
    protected override void StartConnect(TransportConnection connection, ReadOnlySpan<byte> address)
    {
        if (_namesUsed == NameTable)
        {
            _ring.Submit();
            _namesUsed = 0;
        }

        byte* name = _names + (_namesUsed++ * SocketAddress.MaxBytes);
        address.CopyTo(new Span<byte>(name, SocketAddress.MaxBytes));
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpConnect;
        entry->Fd = connection.Fd;
        entry->Address = (ulong)name;
        entry->Offset = (ulong)address.Length;
        entry->UserData = UringKind.UserData(connection, UringKind.Connect);
        connection.Poll |= PollFlags.ConnectArmed;
    }

    /// <inheritdoc/>
    protected override void StartAccepting(TransportListener listener)
    {
        if (listener.IsArmed)
        {
            // What ends it is on its way and will look again.
            return;
        }

        listener.IsArmed = true;
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpAccept;
        entry->Fd = listener.Socket.Fd;
        entry->Priority = Uring.AcceptMultishot;
        entry->OperationFlags = LibC.SockCloseOnExec;
        entry->UserData = ((ulong)listener.Slot << UringKind.Bits) | UringKind.Accept;
    }

    /// <inheritdoc/>
    protected override void StopAccepting(TransportListener listener)
    {
        if (listener.IsArmed)
        {
            CancelAccept(listener);
        }
        else
        {
            listener.Socket.Close();
        }
    }

    /// <summary>
    /// The kernel wakes one of those that wait at a socket. Where that was this ring, and the socket lives on in
    /// another process, nobody else was told of the connection: what is in the queue is accepted here.
    /// </summary>
    private void LookALastTime(TransportListener listener)
    {
        listener.IsArmed = true;
        listener.IsLastLook = true;
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpAccept;
        entry->Fd = listener.Socket.Fd;
        entry->Priority = Uring.AcceptDontWait;
        entry->OperationFlags = LibC.SockCloseOnExec;
        entry->UserData = ((ulong)listener.Slot << UringKind.Bits) | UringKind.Accept;
        _turnWanted = true;
    }

    private void CancelAccept(TransportListener listener)
    {
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpCancel;
        entry->Address = ((ulong)listener.Slot << UringKind.Bits) | UringKind.Accept;
        entry->UserData = UringKind.Cancel;
    }

    private static bool IsOutstanding(TransportConnection connection) =>
        (connection.Poll & Outstanding) != 0 || connection.SendInFlight;

    private uint WantedEvents()
    {
        long elapsed = Reactor.NowUs - _windowStartUs;
        if (elapsed >= RateWindowUs)
        {
            _eventsPerUs = (0.5 * _eventsPerUs) + (0.5 * _eventsCounted / elapsed);
            _eventsCounted = 0;
            _windowStartUs = Reactor.NowUs;
        }

        double expected = _eventsPerUs * BatchWaitUs;
        return expected >= BatchExpectedMin && _ring.CanWaitAtLeast ? BatchMax : 1;
    }

    private void Dispatch(in UringCompletion completion)
    {
        int place = (int)(completion.UserData >> UringKind.Bits);
        switch ((byte)(completion.UserData & UringKind.Mask))
        {
            case UringKind.Receive:
                _receives.Complete(At(place)!, completion.Result, completion.Flags);
                break;
            case UringKind.Send:
                _sends.Complete(At(place)!, completion.Result);
                break;
            case UringKind.Accept:
                OnAccept(ListenerAt(place)!, completion.Result, completion.Flags);
                break;
            case UringKind.Connect:
                OnConnect(At(place)!, completion.Result);
                break;
            case UringKind.Poll:
                OnPoll(At(place)!, completion.Result, completion.Flags);
                break;
            case UringKind.Wake when (completion.Flags & Uring.CompletionMore) == 0:
                ArmWake();
                break;
            default:
                break;
        }
    }

    private void OnAccept(TransportListener listener, int result, uint flags)
    {
        bool isOver = (flags & Uring.CompletionMore) == 0;
        listener.IsArmed = !isOver;
        if (result < 0)
        {
            listener.OnAcceptFailed(-result);
        }
        else if (_isEnding)
        {
            LibC.Close(result);
        }
        else
        {
            listener.OnAccepted(result, default);
        }

        if (isOver && listener.IsStopped && !_isEnding && (result >= 0 || !listener.IsLastLook))
        {
            LookALastTime(listener);
        }
        else if (isOver && listener.IsStopped)
        {
            listener.Socket.Close();
            Forget(listener);
        }
        else if (isOver && !listener.IsResting)
        {
            StartAccepting(listener);
        }
    }

    private void OnConnect(TransportConnection connection, int result)
    {
        connection.Poll &= ~PollFlags.ConnectArmed;
        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            FinishRelease(connection);
            return;
        }

        if (result == 0)
        {
            _receives.Arm(connection);
        }

        connection.OnConnected(-result);
    }

    private void OnPoll(TransportConnection connection, int result, uint flags)
    {
        if ((flags & Uring.CompletionMore) == 0)
        {
            connection.Poll &= ~PollFlags.PollArmed;
        }

        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            FinishRelease(connection);
            return;
        }

        if (connection.Relay is not { } relay)
        {
            return;
        }

        relay.OnReady(connection, (result & ~(int)LibC.EpollOut) != 0, (result & (int)LibC.EpollOut) != 0);
        if (!connection.IsClosed && (connection.Poll & PollFlags.PollArmed) == 0)
        {
            BeginRelay(connection);
        }
    }

    /// <summary>Closes the descriptor if nothing is outstanding on it any more.</summary>
    internal void FinishRelease(TransportConnection connection)
    {
        if (connection.Fd < 0 || IsOutstanding(connection))
        {
            return;
        }

        if ((connection.Poll & PollFlags.Reset) != 0)
        {
            var linger = new Linger { OnOff = 1 };
            _ = LibC.SetSocketOption(
                connection.Fd, LibC.SolSocket, LibC.SoLinger, &linger, (uint)sizeof(Linger));
        }

        LibC.Close(connection.Fd);
        connection.Fd = -1;
        connection.ReleaseUnsent();
        FreeLater(connection);
    }

    private void ArmWake()
    {
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpPollAdd;
        entry->Fd = WakeFd;
        entry->Length = Uring.PollMultishot;
        entry->OperationFlags = LibC.EpollIn;
        entry->UserData = UringKind.Wake;
    }

    private void AbortAfterFault(ulong userData)
    {
        byte kind = (byte)(userData & UringKind.Mask);
        if (kind is UringKind.Receive or UringKind.Send or UringKind.FastSend or UringKind.Connect or UringKind.Poll)
        {
            At((int)(userData >> UringKind.Bits))?.Abort(reset: true);
        }
    }
}
