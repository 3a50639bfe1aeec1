using System;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>One listening socket of one reactor, handing over what it accepts.</summary>
internal sealed class TransportListener
{
    /// <summary>How long accepting rests when descriptors or memory have run out.</summary>
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

    /// <summary>Asked for each connection; false closes it at once. None admits all.</summary>
    public Func<TransportListener, bool>? Admit { get; set; }

    /// <summary>Connections handed over.</summary>
    public long AcceptedCount { get; private set; }

    /// <summary>Connections that <see cref="Admit"/> refused.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>How often descriptors or memory had run out.</summary>
    public long BackOffCount { get; private set; }

    /// <summary>True after <see cref="Stop"/>.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Called once at <see cref="Stop"/>, which the end of the reactor calls too. On the reactor.</summary>
    public Action? Stopped { get; set; }

    internal ListenSocket Socket { get; }

    internal Action<TransportConnection> Accepted { get; }

    /// <summary>Its place in the poller's table.</summary>
    internal int Slot { get; set; } = -1;

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

    /// <summary>Takes an accepted descriptor.</summary>
    internal void OnAccepted(int fd, NetAddress remote)
    {
        if (IsStopped || (Admit is { } admit && !admit(this)))
        {
            RefusedCount++;
            LibC.Close(fd);
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
        AcceptedCount++;
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

        BackOffCount++;
        Reactor.Timers.Schedule(_retry, BackOffMs);
        return true;
    }

    private void Retry()
    {
        if (!IsStopped)
        {
            _poller.ResumeAccept(this);
        }
    }
}
