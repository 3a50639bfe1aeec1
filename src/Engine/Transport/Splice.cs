using System;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Moves the bytes of two connections inside the kernel, once nothing needs to see them: socket → pipe → socket by
/// splice(2), on readiness. What the readers had buffered before is sent first. Each side's end of input is passed on
/// (half-close); the relay is over when both have ended or one has failed. Bytes count on the connections.
/// </summary>
internal sealed unsafe class Splice : IValueTaskSource
{
    // The kernel's default limit for an unprivileged pipe is 1 MiB; larger pipes mean fewer calls.
    private const int PipeBytes = 1 << 20;

    // Rounds for one side before the others get theirs.
    private const int RoundsMax = 16;

    private readonly Direction _forth;
    private readonly Direction _back;
    private Waiter _waiter;
    private bool _ended;

    private Splice(TransportConnection first, TransportConnection second)
    {
        _forth = new Direction(first, second);
        _back = new Direction(second, first);
    }

    /// <summary>Why it ended; none when both sides ended in order.</summary>
    public TransportError Error { get; private set; }

    /// <summary>
    /// Relays until both sides are done. The connections stay open, for their owner to close; nothing may read or
    /// write them any more. Null when no pipe can be had: relay by <see cref="SegmentReader.TransferTo"/> then.
    /// Both queues must be empty; what the readers still hold is sent first.
    /// </summary>
    public static Splice? TryStart(TransportConnection first, TransportConnection second)
    {
        bool fits = first.Writer.QueuedBytes == 0 && second.Writer.QueuedBytes == 0
            && first.Tls is null && second.Tls is null && first.Fd >= 0 && second.Fd >= 0
            && !first.Reader.IsEnded && !second.Reader.IsEnded;
        if (!fits)
        {
            return null;
        }

        var splice = new Splice(first, second);
        if (!splice._forth.TryOpen() || !splice._back.TryOpen())
        {
            splice._forth.ClosePipe();
            splice._back.ClosePipe();
            return null;
        }

        first.Relay = splice;
        second.Relay = splice;
        var poller = (SocketPoller)first.Reactor.Poller;
        if (!poller.BeginRelay(first) || !poller.BeginRelay(second))
        {
            first.Relay = null;
            second.Relay = null;
            splice._forth.ClosePipe();
            splice._back.ClosePipe();
            return null;
        }

        first.Reactor.Defer(static state => ((Splice)state!).PumpBoth(), splice);
        return splice;
    }

    /// <summary>Completes when the relay is over.</summary>
    public ValueTask WaitAsync()
    {
        if (_ended)
        {
            return ValueTask.CompletedTask;
        }

        _waiter.Begin();
        return new ValueTask(this, token: 0);
    }

    void IValueTaskSource.GetResult(short token)
    {
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _waiter.Status;

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state);

    /// <summary>The poller saw something on one side.</summary>
    internal void OnReady(TransportConnection connection, bool readable, bool writable)
    {
        Direction from = ReferenceEquals(_forth.From, connection) ? _forth : _back;
        Direction to = ReferenceEquals(from, _forth) ? _back : _forth;
        from.SourceReady |= readable;
        to.SinkReady |= writable;
        PumpBoth();
    }

    /// <summary>One of the connections is being closed by its owner.</summary>
    internal void OnClosed(TransportConnection connection)
    {
        if (!_ended)
        {
            End(connection.Error.IsNone ? new TransportError(TransportError.ConnectionAborted) : connection.Error);
        }
    }

    private void PumpBoth()
    {
        if (_ended)
        {
            return;
        }

        int errno = _forth.Pump();
        errno = errno == 0 ? _back.Pump() : errno;
        if (errno != 0)
        {
            End(new TransportError(errno));
        }
        else if (_forth.IsDone && _back.IsDone)
        {
            End(default);
        }
        else if (_forth.HasMore || _back.HasMore)
        {
            _forth.From.Reactor.Defer(static state => ((Splice)state!).PumpBoth(), this);
        }
    }

    private void End(TransportError error)
    {
        _ended = true;
        Error = error;
        _forth.ClosePipe();
        _back.ClosePipe();
        _waiter.Resume();
    }

    private sealed class Direction(TransportConnection from, TransportConnection to)
    {
        private int _pipeIn = -1;
        private int _pipeOut = -1;
        private int _pipeBytes = PipeBytes;
        private int _held;
        private bool _sourceEnded;
        private bool _perhapsFull;
        private bool _clean;

        public TransportConnection From { get; } = from;

        public TransportConnection To { get; } = to;

        public bool SourceReady { get; set; } = true;

        public bool SinkReady { get; set; } = true;

        public bool IsDone { get; private set; }

        /// <summary>It stopped for fairness, not for want of readiness.</summary>
        public bool HasMore { get; private set; }

        public bool TryOpen()
        {
            int* ends = stackalloc int[2];
            if (LibC.Pipe(ends, LibC.NonBlockCloseOnExec) != 0)
            {
                return false;
            }

            _pipeOut = ends[0];
            _pipeIn = ends[1];
            int size = LibC.FileControl(_pipeIn, LibC.SetPipeSize, PipeBytes);
            _pipeBytes = size > 0 ? size : 64 << 10;
            return true;
        }

        public void ClosePipe()
        {
            if (_pipeIn >= 0)
            {
                LibC.Close(_pipeIn);
                LibC.Close(_pipeOut);
                _pipeIn = -1;
                _pipeOut = -1;
            }
        }

        /// <summary>Moves what can be moved. Returns an error number, 0 for none.</summary>
        public int Pump()
        {
            HasMore = false;
            if (IsDone || !IsClean())
            {
                return 0;
            }

            for (int round = 0; round < RoundsMax; round++)
            {
                int errno = Fill();
                errno = errno == 0 ? Drain() : errno;
                if (errno != 0)
                {
                    return errno;
                }

                if (_held == 0 && _sourceEnded)
                {
                    IsDone = true;
                    _ = LibC.Shutdown(To.Fd, LibC.ShutWrite);
                    return 0;
                }

                bool canFill = SourceReady && !_sourceEnded && _held < _pipeBytes;
                if (!canFill && (_held == 0 || !SinkReady))
                {
                    return 0;
                }
            }

            HasMore = true;
            return 0;
        }

        // A receive that was armed may have brought bytes before it was cancelled: they go first.
        private bool IsClean()
        {
            if (_clean)
            {
                return true;
            }

            if ((From.Poll & PollFlags.ReceiveArmed) != 0)
            {
                return false;
            }

            if (From.Reader.BufferedBytes > 0)
            {
                From.Reader.TransferTo(To.Writer, long.MaxValue);
                To.MarkDirty();
            }

            _clean = To.Writer.QueuedBytes == 0;
            return _clean;
        }

        private int Fill()
        {
            if (!SourceReady || _sourceEnded || _held >= _pipeBytes)
            {
                return 0;
            }

            nint moved = LibC.Splice(
                From.Fd, null, _pipeIn, null, (nuint)(_pipeBytes - _held), LibC.SpliceMove | LibC.SpliceNonBlock);
            if (moved > 0)
            {
                _held += (int)moved;
                From.BytesReceived += moved;
                From.LastActivityMs = From.Reactor.NowMs;
                return 0;
            }

            int errno = moved < 0 ? LibC.Errno : 0;
            if (errno == TransportError.Again)
            {
                // The socket is empty, or the pipe has no slot left: then there is more once the pipe was drained.
                SourceReady = false;
                _perhapsFull = _held > 0;
                return 0;
            }

            _sourceEnded = moved == 0;
            return errno;
        }

        private int Drain()
        {
            if (_held == 0 || !SinkReady)
            {
                return 0;
            }

            nint moved = LibC.Splice(
                _pipeOut, null, To.Fd, null, (nuint)_held, LibC.SpliceMove | LibC.SpliceNonBlock);
            if (moved >= 0)
            {
                _held -= (int)moved;
                To.BytesSent += moved;
                To.LastActivityMs = To.Reactor.NowMs;
                SourceReady |= _perhapsFull;
                _perhapsFull = false;
                return 0;
            }

            int errno = LibC.Errno;
            SinkReady = errno != TransportError.Again;
            return SinkReady ? errno : 0;
        }
    }
}
