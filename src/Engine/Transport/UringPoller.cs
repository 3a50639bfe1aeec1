using System;
using System.Collections.Generic;
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
    private const uint Submissions = 1024;
    private const uint CompletionsMax = 8192;
    private const int MediumBlocks = 512;
    private const int LargeBlocks = 64;
    private const int MediumBlocksAtFirst = 32;
    private const int PiecesMax = 64;
    private const int PieceTable = 2048;
    private const int MessageTable = 512;
    private const int NameTable = 64;

    // A connection that filled this many blocks in a row is moved to large ones; and back.
    private const int FullReceivesForLarge = 4;
    private const int SmallReceivesForMedium = 8;

    // Receiving pauses above, and goes on below, so many unread bytes.
    private const int UnreadHighBytes = 256 << 10;
    private const int UnreadLowBytes = 64 << 10;

    // Adaptive batching: wait for several completions, at most this long, only while at least so many are expected.
    private const uint BatchWaitUs = 50;
    private const int BatchMax = 64;
    private const double BatchExpectedMin = 4;
    private const long RateWindowUs = 200;

    private const int KindBits = 8;
    private const ulong KindMask = 0xFF;
    private const byte AcceptKind = 1;
    private const byte ReceiveKind = 2;
    private const byte FastSendKind = 3;
    private const byte SendKind = 4;
    private const byte ConnectKind = 5;
    private const byte CancelKind = 6;
    private const byte WakeKind = 7;
    private const byte PollKind = 8;

    private const PollFlags Outstanding = PollFlags.ReceiveArmed | PollFlags.ConnectArmed | PollFlags.PollArmed;

    private readonly Uring _ring;
    private readonly ReceiveRing _medium;
    private readonly ReceiveRing _large;
    private readonly IoVec* _pieces;
    private readonly MsgHdr* _messages;
    private readonly byte* _names;
    private readonly List<TransportConnection> _starved = [];
    private TransportConnection[] _sending = new TransportConnection[256];
    private int _sendingCount;
    private int _piecesUsed;
    private int _messagesUsed;
    private int _namesUsed;
    private bool _turnWanted;
    private double _eventsPerUs;
    private long _eventsCounted;
    private long _windowStartUs;

    public UringPoller(Reactor reactor)
        : base(reactor, 0)
    {
        _ring = Uring.TryCreate(Submissions, CompletionsMax, out int errno)
            ?? throw new InvalidOperationException("io_uring_setup: " + new TransportError(errno).Text);
        BufferPool pool = reactor.Buffers;
        _medium = ReceiveRing.TryCreate(_ring, pool, BufferSize.Medium, 0, MediumBlocks, MediumBlocksAtFirst, out errno)
            ?? throw new InvalidOperationException("io_uring buffer ring: " + new TransportError(errno).Text);
        _large = ReceiveRing.TryCreate(_ring, pool, BufferSize.Large, 1, LargeBlocks, 0, out errno)
            ?? throw new InvalidOperationException("io_uring buffer ring: " + new TransportError(errno).Text);
        _pieces = (IoVec*)NativeMemory.Alloc((nuint)(PieceTable * sizeof(IoVec)));
        _messages = (MsgHdr*)NativeMemory.AllocZeroed((nuint)(MessageTable * sizeof(MsgHdr)));
        _names = (byte*)NativeMemory.AllocZeroed(NameTable * SocketAddress.MaxBytes);
        _medium.Refill();
        ArmWake();
    }

    /// <inheritdoc/>
    public override string Name => "uring";

    /// <summary>How often the kernel found no block to receive into.</summary>
    public long StarvedCount { get; private set; }

    /// <summary>System calls made to wait or submit.</summary>
    public long Enters => _ring.Enters;

    /// <inheritdoc/>
    public override void Wait(int timeoutMs)
    {
        bool poll = timeoutMs == 0 || HasDirty || _turnWanted;
        _turnWanted = false;
        uint want = poll ? 0u : WantedEvents();
        _ring.Enter(want, want > 1 ? BatchWaitUs : 0, timeoutMs);
        _piecesUsed = 0;
        _messagesUsed = 0;
        _namesUsed = 0;
        Reactor.BeginTurn();
        uint head = _ring.CompletionHead;
        uint tail = _ring.CompletionTail;
        _eventsCounted += tail - head;
        if (_sendingCount > 0)
        {
            SettleSends(head, tail);
        }

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
        _medium.Refill();
        _large.Refill();
        if (_starved.Count > 0)
        {
            FeedStarved();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();

        // A few turns let the kernel end what is outstanding; then the ring goes, and with it all the rest.
        for (int i = 0; i < 16 && ConnectionCount > 0; i++)
        {
            Wait(1);
            base.Flush();
        }

        _medium.Dispose();
        _large.Dispose();
        _ring.Dispose();
        CloseWake();
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_messages);
        NativeMemory.Free(_names);
    }

    /// <inheritdoc/>
    internal override void OnReaderWaits(TransportConnection connection)
    {
        if ((connection.Poll & PollFlags.Paused) != 0)
        {
            Resume(connection);
        }
    }

    /// <inheritdoc/>
    internal override void OnConsumed(TransportConnection connection, long bufferedBytes)
    {
        if ((connection.Poll & PollFlags.Paused) != 0 && bufferedBytes <= UnreadLowBytes)
        {
            Resume(connection);
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
                entry->UserData = CancelKind;
            }
            else
            {
                _ = LibC.Shutdown(connection.Fd, LibC.ShutBoth);
            }
        }

        FinishRelease(connection);
    }

    /// <inheritdoc/>
    internal override void ResumeAccept(TransportListener listener) => StartAccepting(listener);

    /// <inheritdoc/>
    internal override bool BeginRelay(TransportConnection connection)
    {
        int flags = LibC.FileControl(connection.Fd, LibC.GetFlags, 0);
        connection.Poll |= PollFlags.Paused;
        if ((connection.Poll & PollFlags.ReceiveArmed) != 0)
        {
            CancelReceive(connection);
        }

        _ = LibC.FileControl(connection.Fd, LibC.SetFlags, flags | LibC.NonBlock);
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpPollAdd;
        entry->Fd = connection.Fd;
        entry->Length = Uring.PollMultishot;
        entry->OperationFlags = LibC.EpollIn | LibC.EpollOut | LibC.EpollReadHangUp;
        entry->UserData = UserData(connection, PollKind);
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

        TransportWriter writer = connection.Writer;
        if (writer.QueuedBytes == 0 || writer.IsFailed)
        {
            if (connection.IsClosing || writer.ShutdownPending)
            {
                connection.AfterDrained();
            }

            return;
        }

        Send(connection, writer);
    }

    /// <inheritdoc/>
    protected override void Open(TransportConnection connection) => ArmReceive(connection);

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
        entry->UserData = UserData(connection, ConnectKind);
        connection.Poll |= PollFlags.ConnectArmed;
    }

    /// <inheritdoc/>
    protected override void StartAccepting(TransportListener listener)
    {
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpAccept;
        entry->Fd = listener.Socket.Fd;
        entry->Priority = Uring.AcceptMultishot;
        entry->OperationFlags = LibC.SockCloseOnExec;
        entry->UserData = ((ulong)listener.Slot << KindBits) | AcceptKind;
    }

    /// <inheritdoc/>
    protected override void StopAccepting(TransportListener listener)
    {
        // The armed accept holds the socket open behind the descriptor, so it is ended before that goes.
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpCancel;
        entry->Address = ((ulong)listener.Slot << KindBits) | AcceptKind;
        entry->UserData = CancelKind;
        _ring.Submit();
        listener.Socket.Close();
    }

    private static ulong UserData(TransportConnection connection, byte kind) =>
        ((ulong)(uint)connection.Slot << KindBits) | kind;

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
        return expected >= BatchExpectedMin && _ring.CanWaitAtLeast ? (uint)Math.Min(BatchMax, (int)expected) : 1;
    }

    private void Dispatch(in UringCompletion completion)
    {
        int place = (int)(completion.UserData >> KindBits);
        switch ((byte)(completion.UserData & KindMask))
        {
            case ReceiveKind:
                OnReceive(At(place)!, completion.Result, completion.Flags);
                break;
            case SendKind:
                OnSend(At(place)!, completion.Result);
                break;
            case AcceptKind:
                OnAccept(ListenerAt(place), completion.Result, completion.Flags);
                break;
            case ConnectKind:
                OnConnect(At(place)!, completion.Result);
                break;
            case PollKind:
                OnPoll(At(place)!, completion.Result, completion.Flags);
                break;
            case WakeKind when (completion.Flags & Uring.CompletionMore) == 0:
                ArmWake();
                break;
            default:
                break;
        }
    }

    // A send without a completion is done when everything was submitted and the queue has not overflown; failures
    // have to be taken out first, before their blocks would be returned.
    private void SettleSends(uint head, uint tail)
    {
        for (uint i = head; i != tail; i++)
        {
            ref UringCompletion completion = ref _ring.Completions[i & _ring.CompletionMask];
            if ((completion.UserData & KindMask) == FastSendKind)
            {
                TransportConnection connection = At((int)(completion.UserData >> KindBits))!;
                connection.Poll |= PollFlags.SlowSend;
                OnSend(connection, completion.Result);
            }
        }

        if (!_ring.AllSubmitted || _ring.IsOverflown)
        {
            _turnWanted = true;
            return;
        }

        int count = _sendingCount;
        _sendingCount = 0;
        for (int i = 0; i < count; i++)
        {
            TransportConnection connection = _sending[i];
            if (connection.FastSendBytes > 0)
            {
                OnSend(connection, connection.FastSendBytes);
            }
        }

        Array.Clear(_sending, _sendingCount, Math.Max(0, count - _sendingCount));
    }

    private void OnSend(TransportConnection connection, int result)
    {
        connection.SendInFlight = false;
        connection.FastSendBytes = 0;
        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            FinishRelease(connection);
            return;
        }

        if (result < 0 && result != -TransportError.Again)
        {
            connection.Fail(-result);
            return;
        }

        TransportWriter writer = connection.Writer;
        writer.OnSent(Math.Max(result, 0));
        if (connection.IsClosed)
        {
            return;
        }

        if (writer.QueuedBytes > 0)
        {
            MarkDirty(connection);
        }
        else
        {
            connection.Poll &= ~PollFlags.SlowSend;
            if (connection.IsClosing || writer.ShutdownPending)
            {
                connection.AfterDrained();
            }

            connection.Relay?.OnReady(connection, readable: false, writable: true);
        }
    }

    private void Send(TransportConnection connection, TransportWriter writer)
    {
        if (_piecesUsed + PiecesMax > PieceTable || _messagesUsed == MessageTable)
        {
            _ring.Submit();
            _piecesUsed = 0;
            _messagesUsed = 0;
        }

        IoVec* pieces = _pieces + _piecesUsed;
        int count = writer.Gather(pieces, PiecesMax, out long bytes);
        UringEntry* entry = _ring.Next();
        entry->Fd = connection.Fd;
        if (count == 1)
        {
            entry->Operation = Uring.OpSend;
            entry->Address = (ulong)pieces->Base;
            entry->Length = (uint)pieces->Length;
        }
        else
        {
            _piecesUsed += count;
            MsgHdr* message = _messages + _messagesUsed++;
            message->Iov = pieces;
            message->IovLength = (nuint)count;
            entry->Operation = Uring.OpSendMessage;
            entry->Address = (ulong)message;
            entry->Length = 1;
        }

        connection.SendInFlight = true;

        // Whoever waits for the end of this send needs its completion: without one, nothing would wake us.
        bool awaited = connection.IsClosing || writer.ShutdownPending || writer.IsWaiting
            || connection.Relay is not null;
        if (awaited || (connection.Poll & PollFlags.SlowSend) != 0)
        {
            entry->OperationFlags = LibC.MsgNoSignal | LibC.MsgWaitAll;
            entry->UserData = UserData(connection, SendKind);
            return;
        }

        entry->OperationFlags = LibC.MsgNoSignal | LibC.MsgDontWait | LibC.MsgWaitAll;
        entry->Flags = Uring.EntrySkipSuccess;
        entry->UserData = UserData(connection, FastSendKind);
        connection.FastSendBytes = (int)bytes;
        if (_sendingCount == _sending.Length)
        {
            Array.Resize(ref _sending, _sendingCount * 2);
        }

        _sending[_sendingCount++] = connection;
    }

    private void OnReceive(TransportConnection connection, int result, uint flags)
    {
        bool more = (flags & Uring.CompletionMore) != 0;
        if (!more)
        {
            connection.Poll &= ~(PollFlags.ReceiveArmed | PollFlags.Canceling);
        }

        BufferSegment? segment = (flags & Uring.CompletionBuffer) == 0
            ? null
            : RingOf(connection).Take((int)(flags >> 16));
        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            segment?.Pool.Return(segment);
            FinishRelease(connection);
            return;
        }

        if (result > 0)
        {
            OnBytes(connection, segment!, result);
        }
        else
        {
            segment?.Pool.Return(segment);
            OnReceiveEnded(connection, result);
        }

        if (!more && result != 0 && CanReceive(connection))
        {
            ArmReceive(connection);
        }

        if (!more)
        {
            connection.Relay?.OnReady(connection, readable: true, writable: false);
        }
    }

    private void OnBytes(TransportConnection connection, BufferSegment segment, int length)
    {
        segment.End = length;
        bool large = segment.Size == BufferSize.Large;
        bool counts = large ? length < BufferPool.MediumBytes : length == segment.Capacity;
        connection.TurnReceives = counts ? connection.TurnReceives + 1 : 0;
        if (connection.TurnReceives >= (large ? SmallReceivesForMedium : FullReceivesForLarge))
        {
            connection.TurnReceives = 0;
            connection.Bulk = !large;
            CancelReceive(connection);
        }

        connection.Reader.OnReceived(segment);
        if (connection.Reader.BufferedBytes > UnreadHighBytes && !connection.IsClosing)
        {
            connection.Poll |= PollFlags.Paused;
            CancelReceive(connection);
        }
    }

    private void OnReceiveEnded(TransportConnection connection, int result)
    {
        switch (-result)
        {
            case 0:
                connection.OnEndOfInput();
                break;
            case TransportError.NoBuffers:
                StarvedCount++;
                RingOf(connection).Grow(MediumBlocksAtFirst);
                connection.Poll |= PollFlags.Starved;
                _starved.Add(connection);
                break;
            case TransportError.Canceled or TransportError.Again or TransportError.Interrupted:
                break;
            default:
                connection.Fail(-result);
                break;
        }
    }

    private static bool CanReceive(TransportConnection connection) =>
        !connection.IsClosed && !connection.Reader.IsEnded && connection.Relay is null
        && !connection.PeerHalfClosed
        && (connection.Poll & (PollFlags.ReceiveArmed | PollFlags.Paused | PollFlags.Starved)) == 0;

    private void ArmReceive(TransportConnection connection)
    {
        if (connection.Bulk != ((connection.Poll & PollFlags.LargeGroup) != 0))
        {
            connection.Poll ^= PollFlags.LargeGroup;
        }

        ReceiveRing ring = RingOf(connection);
        if (ring.Available == 0)
        {
            ring.Grow(8);
            ring.Refill();
        }

        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpReceive;
        entry->Fd = connection.Fd;
        entry->Flags = Uring.EntryBufferSelect;
        entry->Priority = Uring.ReceiveMultishot | Uring.ReceivePollFirst;
        entry->BufferGroup = ring.Group;
        entry->UserData = UserData(connection, ReceiveKind);
        connection.Poll |= PollFlags.ReceiveArmed;
    }

    private void CancelReceive(TransportConnection connection)
    {
        if ((connection.Poll & (PollFlags.ReceiveArmed | PollFlags.Canceling)) != PollFlags.ReceiveArmed)
        {
            return;
        }

        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpCancel;
        entry->Address = UserData(connection, ReceiveKind);
        entry->UserData = CancelKind;
        connection.Poll |= PollFlags.Canceling;
    }

    private void Resume(TransportConnection connection)
    {
        connection.Poll &= ~PollFlags.Paused;
        if (CanReceive(connection))
        {
            ArmReceive(connection);
        }
    }

    private ReceiveRing RingOf(TransportConnection connection) =>
        (connection.Poll & PollFlags.LargeGroup) != 0 ? _large : _medium;

    private void FeedStarved()
    {
        int count = _starved.Count;
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            TransportConnection connection = _starved[i];
            if (RingOf(connection).Available == 0 && !connection.IsClosed)
            {
                _starved[kept++] = connection;
                continue;
            }

            connection.Poll &= ~PollFlags.Starved;
            if (CanReceive(connection))
            {
                ArmReceive(connection);
            }
        }

        _starved.RemoveRange(kept, count - kept);
    }

    private void OnAccept(TransportListener? listener, int result, uint flags)
    {
        if (result >= 0)
        {
            if (listener is null)
            {
                LibC.Close(result);
                return;
            }

            listener.OnAccepted(result, default);
        }

        bool rests = result < 0 && listener is not null && listener.OnAcceptFailed(-result);
        if ((flags & Uring.CompletionMore) == 0 && listener is { IsStopped: false } && !rests)
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
            ArmReceive(connection);
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

    private void FinishRelease(TransportConnection connection)
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
        connection.Writer.ReleaseAll();
        FreeLater(connection);
    }

    private void ArmWake()
    {
        UringEntry* entry = _ring.Next();
        entry->Operation = Uring.OpPollAdd;
        entry->Fd = WakeFd;
        entry->Length = Uring.PollMultishot;
        entry->OperationFlags = LibC.EpollIn;
        entry->UserData = WakeKind;
    }

    private void AbortAfterFault(ulong userData)
    {
        byte kind = (byte)(userData & KindMask);
        if (kind is ReceiveKind or SendKind or FastSendKind or ConnectKind or PollKind)
        {
            At((int)(userData >> KindBits))?.Abort(reset: true);
        }
    }
}
