using System;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>What happened to accepting.</summary>
internal enum AcceptEvent
{
    /// <summary>It rests, for descriptors or memory have run out.</summary>
    Rests,

    /// <summary>A rest is over.</summary>
    Resumes,

    /// <summary>A connection was closed at once, for even the reserve of descriptors runs out.</summary>
    Refuses,
}

/// <summary>
/// One listening socket of one reactor, handing over what it accepts. While descriptors or memory have run out it rests
/// and connections wait in the kernel's queue.
/// </summary>
internal sealed class TransportListener
{
    /// <summary>How long accepting rests at a time when descriptors or memory have run out.</summary>
    public const int BackOffMs = 100;

    private readonly SocketPoller _poller;
    private readonly ReactorTimer _retry;

    internal TransportListener(SocketPoller poller, ListenSocket socket, Action<TransportConnection> accepted)
    {
        _poller = poller;
        Socket = socket;
        Accepted = accepted;
        _retry = new ReactorTimer(static state => ((TransportListener)state!).Retry(), this);
    }

    /// <summary>The reactor it belongs to.</summary>
    public Reactor Reactor => _poller.Reactor;

    /// <summary>Where it listens.</summary>
    public NetAddress LocalAddress => Socket.Address;

    /// <summary>Told of what happens to accepting. On the reactor.</summary>
    public Action<AcceptEvent>? Changed { get; set; }

    /// <summary>True after <see cref="Stop"/>.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Called once at <see cref="Stop"/>, which the end of the reactor calls too. On the reactor.</summary>
    public Action? Stopped { get; set; }

    internal ListenSocket Socket { get; }

    internal Action<TransportConnection> Accepted { get; }

    /// <summary>Its place in the poller's table.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>Completion pollers: an accept stands with the kernel.</summary>
    internal bool IsArmed { get; set; }

    /// <summary>io_uring: the armed accept was cancelled, and the queue is looked at a last time.</summary>
    internal bool IsLastLook { get; set; }

    /// <summary>Nothing is accepted for a while.</summary>
    internal bool IsResting { get; private set; }

    /// <summary>Stops accepting and closes the socket. Connections live on.</summary>
    public void Stop()
    {
        if (!IsStopped)
        {
            IsStopped = true;
            Reactor.Timers.Cancel(_retry);
            _poller.RemoveListener(this);
            Stopped?.Invoke();
        }
    }

    /// <summary>Takes an accepted descriptor; one that was accepted before the end is served too.</summary>
    internal void OnAccepted(int fd, NetAddress remote)
    {
        DescriptorReserve descriptors = _poller.Descriptors;
        if (fd >= descriptors.RestsFrom)
        {
            Rest();
        }

        if (fd >= descriptors.RefusesFrom)
        {
            LibC.Close(fd);
            Changed?.Invoke(AcceptEvent.Refuses);
            return;
        }

        TransportConnection connection = _poller.Adopt(fd);
        if (remote.HasValue)
        {
            connection.RemoteAddress = remote;
        }

        OnAccepted(connection);
    }

    /// <summary>Hands over a connection that was admitted.</summary>
    internal void OnAccepted(TransportConnection connection)
    {
        try
        {
            Accepted(connection);
        }
#pragma warning disable CA1031 // A fault of the handler costs its connection, not the listener.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Reactor.ReportBug(error);
            connection.Abort(reset: true);
        }
    }

    /// <summary>Accept failed. Rests when something has run out; else it is the peer's matter.</summary>
    internal bool OnAcceptFailed(int errno)
    {
        if (errno is not (TransportError.TooManyFiles or TransportError.FileTableFull or TransportError.NoBuffers
            or TransportError.NoMemory))
        {
            return false;
        }

        Rest();
        return true;
    }

    private void Rest()
    {
        if (IsResting || IsStopped)
        {
            return;
        }

        IsResting = true;
        _poller.PauseAccept(this);
        Reactor.Timers.Schedule(_retry, BackOffMs);
        Changed?.Invoke(AcceptEvent.Rests);
    }

    private void Retry()
    {
        if (_poller.Descriptors.IsShort(Socket.Fd))
        {
            Reactor.Timers.Schedule(_retry, BackOffMs);
            return;
        }

        IsResting = false;
        Changed?.Invoke(AcceptEvent.Resumes);
        _poller.ResumeAccept(this);
    }
}
