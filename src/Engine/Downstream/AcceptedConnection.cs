using System;
using System.Diagnostics;
using System.Threading.Tasks;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Downstream;

/// <summary>Serves a downstream connection until it ends; called on the connection's reactor.</summary>
/// <returns>Completes, on the same reactor, when the connection is done with; the caller closes it then.</returns>
internal delegate Task NetworkFilterDelegate(AcceptedConnection connection);

/// <summary>What a protocol does when its listener drains.</summary>
internal interface IDrainable
{
    /// <summary>
    /// Asks for an early, clean end: HTTP/1 says "connection: close" with the next response and closes what is idle.
    /// Called once, on the connection's reactor.
    /// </summary>
    void BeginDrain();
}

/// <summary>
/// A downstream connection from accept to end: its transport, what is known about it, and its place in the table of its
/// listener. The only object of the accept path that lives as long as the connection. Reactor thread only.
/// </summary>
internal sealed class AcceptedConnection
{
    private readonly Action<AcceptedConnection> _ended;
    private Task? _handler;

    /// <param name="transport">The connection; owned by whoever runs the handler.</param>
    /// <param name="ended">Called once when the handler is done.</param>
    public AcceptedConnection(TransportConnection transport, Action<AcceptedConnection> ended)
    {
        Transport = transport;
        _ended = ended;
        transport.TakeAddresses(out Facts.Remote, out Facts.Local);
        Facts.DirectRemote = Facts.Remote;
    }

    /// <summary>Addresses, server name, protocols; settled when the handler starts.</summary>
    public ConnectionFacts Facts;

    /// <summary>The bytes.</summary>
    public TransportConnection Transport { get; }

    /// <summary>The listener that serves it: after a hand-over, not the one that accepted it.</summary>
    public string ListenerName { get; set; } = "";

    /// <summary>The chosen filter chain.</summary>
    public string FilterChainName { get; set; } = "";

    /// <summary>Who wants to know when the listener drains; set by the handler, null for opaque bytes.</summary>
    public IDrainable? Session { get; set; }

    /// <summary>True from the moment its listener drains: a handler that starts later must look.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>What the handler threw; a bug of ours, since peers never cause exceptions.</summary>
    public Exception? Failure => _handler?.Exception?.InnerException;

    /// <summary>What its listener's own logs will say; null, and so for free, where there are none.</summary>
    internal ExchangeRecord? Record { get; set; }

    /// <summary>Where the accept path counts it; its own business.</summary>
    internal object? Place { get; set; }

    /// <summary>True when it is part of the count over all listeners.</summary>
    internal bool CountsGlobally { get; set; }

    // Links of the listener's table.
    internal AcceptedConnection? Next { get; set; }

    internal AcceptedConnection? Previous { get; set; }

    internal bool IsListed { get; set; }

    /// <summary>
    /// Starts the handler and returns: nothing of the accept path stays on the heap but one delegate while it runs.
    /// </summary>
    public void Run(NetworkFilterDelegate handler)
    {
        Debug.Assert(_handler is null);
        _handler = Start(handler);
        if (_handler.IsCompleted)
        {
            _ended(this);
            return;
        }

        _handler.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Finish);
    }

    /// <summary>Ends a connection that got no handler.</summary>
    public void Refuse() => _ended(this);

    /// <summary>Tells the session, once.</summary>
    public void BeginDrain()
    {
        if (!IsDraining)
        {
            IsDraining = true;
            Session?.BeginDrain();
        }
    }

    private Task Start(NetworkFilterDelegate handler)
    {
        try
        {
            return handler(this);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    private void Finish() => _ended(this);
}
