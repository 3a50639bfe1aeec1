using FastMesh.Engine.Downstream;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Connections;

/// <summary>
/// The access logs of a listener itself: one line for each connection it had, at the connection's end. They are the
/// only ones that tell of a connection that found no filter chain. A connection handed over is logged by the listener
/// that got it.
/// </summary>
internal static class ListenerLog
{
    /// <summary>Notes the beginning, where there is a log to write.</summary>
    public static void Begin(AcceptedConnection connection, CompiledListener listener)
    {
        if (listener.AccessLogs.Length == 0)
        {
            connection.Record = null;
            return;
        }

        Reactor reactor = connection.Transport.Reactor;
        connection.Record ??= new ExchangeRecord { StartUs = reactor.NowUs, StartUtcMs = reactor.UtcNowMs };
    }

    public static void NoFilterChain(AcceptedConnection connection)
    {
        if (connection.Record is { } record)
        {
            record.Flags |= ResponseFlags.NoRouteFound;
            record.ResponseCodeDetails = "filter_chain_not_found";
        }
    }

    /// <summary>The connection was closed before it got a filter chain.</summary>
    public static void Refused(AcceptedConnection connection, string details)
    {
        if (connection.Record is { } record)
        {
            record.ConnectionTerminationDetails = details;
        }
    }

    public static void HandshakeFailed(AcceptedConnection connection, string reason)
    {
        Refused(connection, "tls_handshake_failed");
        if (connection.Record is { } record)
        {
            record.DownstreamFailureReason = reason;
        }
    }

    public static void Write(AcceptedConnection connection, CompiledListener listener, int reactor)
    {
        if (connection.Record is not { } record)
        {
            return;
        }

        record.EndUs = connection.Transport.Reactor.NowUs;
        record.BytesReceived = connection.Transport.BytesReceived;
        // What is queued leaves behind this line, with the close.
        record.BytesSent = connection.Transport.BytesSent + connection.Transport.Writer.QueuedBytes;
        connection.Describe(record);
        foreach (AccessLog log in listener.AccessLogs)
        {
            log.Write(record, reactor);
        }
    }
}
