using System;
using System.Threading.Tasks;
using FastMesh.Engine.Forwarding;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// Begins to serve a downstream connection; called on the connection's reactor. When it is done with the connection it
/// says so, on the same reactor, by <see cref="AcceptedConnection.End"/>.
/// </summary>
internal delegate void NetworkFilterDelegate(AcceptedConnection connection);

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

    /// <param name="transport">The connection; owned by whoever runs the handler.</param>
    /// <param name="ended">Called once when the handler is done; closes the transport.</param>
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
    public Exception? Failure { get; private set; }

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

    /// <summary>Starts the handler. Nothing of the accept path stays on the heap while it runs.</summary>
    public void Run(NetworkFilterDelegate handler)
    {
        try
        {
            handler(this);
        }
#pragma warning disable CA1031 // Our bug ends the connection, not the reactor.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            End(exception);
        }
    }

    /// <summary>The handler is done, or none was found; called once.</summary>
    public void End(Exception? failure = null)
    {
        Failure = failure;
        _ended(this);
    }

    /// <summary>Ends when a handler that is one asynchronous method does.</summary>
    public void EndAfter(Task handler)
    {
        if (handler.IsCompleted)
        {
            End(handler.Exception?.InnerException);
            return;
        }

        handler.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => End(handler.Exception?.InnerException));
    }

    /// <summary>Writes what is known about the connection into the record of one of its exchanges.</summary>
    public void Describe(ExchangeRecord record)
    {
        record.DownstreamDirectRemote = Facts.DirectRemote;
        record.DownstreamRemote = Facts.Remote;
        record.DownstreamLocal = Facts.Local;
        record.DownstreamSecurity = Transport.Tls?.Security;
        record.RequestedServerName = Facts.ServerName;
        record.FilterChainName = FilterChainName;
        record.ListenerName = ListenerName;
        record.ConnectionId = Transport.Id;
    }

    /// <summary>The first byte of a request is here.</summary>
    public Exchange BeginExchange(ReactorState state, HttpManager manager)
    {
        Exchange exchange = state.Rent();
        exchange.Manager = manager;
        exchange.IsSecure = Transport.Tls is not null;
        exchange.OriginalDestination = Facts.IsLocalRestored ? Facts.Local : default;
        ExchangeRecord record = exchange.Record;
        record.Request = exchange.Request;
        record.Response = exchange.Response;
        record.ResponseTrailers = exchange.ResponseTrailers;
        record.StartUs = state.Reactor.NowUs;
        record.StartUtcMs = state.Reactor.UtcNowMs;
        Describe(record);
        return exchange;
    }

    /// <summary>Tells the session, once.</summary>
    public void BeginDrain()
    {
        if (!IsDraining)
        {
            IsDraining = true;
            Session?.BeginDrain();
        }
    }
}
