using System;
using System.IO;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>The door to the transport: listening and connecting on a given reactor.</summary>
internal static class Transports
{
    /// <summary>
    /// Starts accepting from a bound socket (see <see cref="ListenSocket.TryBind"/>). On the reactor's thread.
    /// </summary>
    public static TransportListener Listen(
        Reactor reactor, ListenSocket socket, Action<TransportConnection> accepted) =>
        ((SocketPoller)reactor.Poller).Listen(socket, accepted);

    /// <summary>Binds and starts accepting on one reactor. On the reactor's thread.</summary>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public static TransportListener Listen(
        Reactor reactor, ListenOptions options, Action<TransportConnection> accepted) =>
        ((SocketPoller)reactor.Poller).Listen(options, accepted);

    /// <summary>Opens a connection, on the reactor's thread. Never throws for what the network does.</summary>
    public static ValueTask<ConnectResult> ConnectAsync(Reactor reactor, in ConnectOptions options) =>
        ((SocketPoller)reactor.Poller).ConnectAsync(options);
}
