using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>
/// What connections ask of their kernel. Operations are noted and go out by the batch at the end of a turn; a
/// connection's state lives in the connection, so that the three pollers differ only in how they talk to the kernel.
/// </summary>
internal abstract class SocketPoller : Poller
{
    /// <summary>Receives of one connection in one turn, before the others get theirs.</summary>
    protected const int ReceivesPerTurnMax = 16;

    private static long s_connectionIds;

    private readonly Stack<int> _freeSlots = new();
    private readonly List<TransportConnection> _released = [];
    private TransportConnection?[] _slots = new TransportConnection?[64];
    private int _slotCount;
    private TransportConnection[] _dirty = new TransportConnection[64];
    private int _dirtyCount;

    protected SocketPoller(Reactor reactor)
    {
        Reactor = reactor;
    }

    /// <summary>The reactor it serves.</summary>
    public Reactor Reactor { get; }

    /// <summary>What accepting leaves to others.</summary>
    public DescriptorReserve Descriptors { get; set; } = DescriptorReserve.Process;

    /// <summary>Connections open or being closed.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>True when something is left to send at the next flush.</summary>
    protected bool HasDirty => _dirtyCount > 0;

    /// <inheritdoc/>
    public override long ReadClockUs() => SystemClock.MonotonicUs();

    /// <inheritdoc/>
    public override long ReadUtcMs() => SystemClock.UtcMs();

    /// <summary>Binds and starts accepting.</summary>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public virtual TransportListener Listen(ListenOptions options, Action<TransportConnection> accepted) =>
        ListenSocket.TryBind(options, 1, out ListenSocket[] sockets, out TransportError error)
            ? Listen(sockets[0], accepted)
            : throw new IOException($"listen on {options.UnixPath ?? options.Address.ToString()}: {error.Text}");

    /// <summary>Starts accepting on <paramref name="socket"/>, which the listener owns from now on.</summary>
    public TransportListener Listen(ListenSocket socket, Action<TransportConnection> accepted)
    {
        var listener = new TransportListener(this, socket, accepted);
        AddListener(listener);
        return listener;
    }

    /// <summary>Opens a connection. Never throws for what the network does.</summary>
    public abstract ValueTask<ConnectResult> ConnectAsync(in ConnectOptions options);

    /// <inheritdoc/>
    public override void Flush()
    {
        // What is written while flushing (a flush that was awaited has room again) goes out in the same turn, a few
        // times; then the others come first.
        for (int round = 0; round < 4 && _dirtyCount > 0; round++)
        {
            int count = _dirtyCount;
            for (int i = 0; i < count; i++)
            {
                TransportConnection connection = _dirty[i];
                connection.Dirty = false;
                connection.Tls?.Seal();
                FlushOne(connection);
            }

            _dirtyCount -= count;
            Array.Copy(_dirty, count, _dirty, 0, _dirtyCount);
            Array.Clear(_dirty, _dirtyCount, count);
        }

        FreeReleased();
    }

    /// <summary>Notes that <paramref name="connection"/> has something to send.</summary>
    internal void MarkDirty(TransportConnection connection)
    {
        if (connection.Dirty)
        {
            return;
        }

        connection.Dirty = true;
        if (_dirtyCount == _dirty.Length)
        {
            Array.Resize(ref _dirty, _dirtyCount * 2);
        }

        _dirty[_dirtyCount++] = connection;
    }

    /// <summary>Makes a connection of an accepted descriptor and starts receiving.</summary>
    internal TransportConnection Adopt(int fd)
    {
        TransportConnection connection = Create(fd);
        Open(connection);
        return connection;
    }

    /// <summary>
    /// Readiness pollers: one receive for a reader that asks. Past its share of the turn the connection is put off.
    /// </summary>
    internal bool TryReceiveInTurn(TransportConnection connection)
    {
        if (connection.ReceiveTurn != Reactor.Turn)
        {
            connection.ReceiveTurn = Reactor.Turn;
            connection.TurnReceives = 0;
        }

        if (connection.TurnReceives++ < ReceivesPerTurnMax)
        {
            return TryReceive(connection);
        }

        if ((connection.Poll & PollFlags.Deferred) == 0)
        {
            connection.Poll |= PollFlags.Deferred;
            Reactor.Defer(static state => ResumeDeferred((TransportConnection)state!), connection);
        }

        return false;
    }

    /// <summary>Readiness pollers: receives into the reader. False when there was nothing.</summary>
    internal virtual bool TryReceive(TransportConnection connection) => false;

    /// <summary>A reader waits: receiving must go on.</summary>
    internal abstract void OnReaderWaits(TransportConnection connection);

    /// <summary>A reader has consumed; so much is left.</summary>
    internal virtual void OnConsumed(TransportConnection connection, long bufferedBytes)
    {
    }

    /// <summary>Ends the sending side now.</summary>
    internal abstract void ShutdownWrite(TransportConnection connection);

    /// <summary>Closes the descriptor and frees everything, at the latest when nothing is outstanding.</summary>
    internal abstract void Release(TransportConnection connection, bool reset);

    /// <summary>Asks the kernel for an address.</summary>
    internal abstract NetAddress ReadAddress(TransportConnection connection, bool peer);

    /// <summary>Stops accepting and closes the socket.</summary>
    internal abstract void RemoveListener(TransportListener listener);

    /// <summary>Accepts nothing more until <see cref="ResumeAccept"/>; what was accepted already may still come.</summary>
    internal abstract void PauseAccept(TransportListener listener);

    /// <summary>Accepts again after a rest.</summary>
    internal abstract void ResumeAccept(TransportListener listener);

    /// <summary>
    /// Hands readiness to <see cref="TransportConnection.Relay"/> from now on; false where the kernel cannot relay.
    /// </summary>
    internal abstract bool BeginRelay(TransportConnection connection);

    /// <summary>Sends what is queued.</summary>
    protected abstract void FlushOne(TransportConnection connection);

    /// <summary>Starts the input of an open connection.</summary>
    protected abstract void Open(TransportConnection connection);

    /// <summary>Starts accepting.</summary>
    protected abstract void AddListener(TransportListener listener);

    /// <summary>A connection with a place in the table.</summary>
    protected TransportConnection Create(int fd)
    {
        ulong id = (ulong)Interlocked.Increment(ref s_connectionIds);
        var connection = new TransportConnection(this, fd, id);
        if (!_freeSlots.TryPop(out int slot))
        {
            slot = _slotCount++;
            if (slot == _slots.Length)
            {
                Array.Resize(ref _slots, slot * 2);
            }
        }

        connection.Slot = slot;
        _slots[slot] = connection;
        ConnectionCount++;
        return connection;
    }

    /// <summary>The connection of a place; null when it is gone.</summary>
    internal TransportConnection? At(int slot) => _slots[slot];

    /// <summary>Everything that is open, for closing at the end.</summary>
    protected void AbortAll()
    {
        for (int i = 0; i < _slotCount; i++)
        {
            _slots[i]?.Abort(reset: false);
        }

        FreeReleased();
    }

    /// <summary>
    /// Gives a closed connection's place free at the end of the turn: events of this turn may still name it.
    /// </summary>
    protected void FreeLater(TransportConnection connection)
    {
        Debug.Assert(connection.Fd < 0, "the descriptor is closed");
        _released.Add(connection);
    }

    private static void ResumeDeferred(TransportConnection connection)
    {
        connection.Poll &= ~PollFlags.Deferred;
        if (!connection.IsClosed)
        {
            connection.ReceiveWanted();
        }
    }

    private void FreeReleased()
    {
        for (int i = 0; i < _released.Count; i++)
        {
            int slot = _released[i].Slot;
            _slots[slot] = null;
            _freeSlots.Push(slot);
            ConnectionCount--;
        }

        _released.Clear();
    }
}
