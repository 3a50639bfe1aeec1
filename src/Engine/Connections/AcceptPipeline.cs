using System;
using System.Diagnostics;
using System.Threading.Tasks;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Connections;

/// <summary>
/// What happens to a connection between accept and its protocol, on one reactor:
/// <code>
/// limits → listener filters → hand-over to the listener of the original destination, whose limits and filters follow
///        → loop check → filter chain → its handler
/// </code>
/// Nothing of it stays on the heap while the handler runs, and a connection without listener filters never waits.
/// </summary>
internal sealed class AcceptPipeline
{
    // How long a peer whose handshake failed may take to read why.
    private const int AlertLingerMs = 1000;

    private readonly int _reactorIndex;
    private readonly ConnectionCount _all;
    private readonly ConnectionCount _global;
    private readonly int _globalMax;
    private readonly ILogger _logger;
    private readonly Action<AcceptedConnection> _ended;
    private readonly Action<TlsHandshake> _handshaken;
    private readonly TlsHandshakeQueue _handshakes;
    private LogBudget _handshakeLines;

    /// <param name="reactorIndex">The reactor this pipeline works on.</param>
    /// <param name="all">Connections over all listeners and reactors; shared.</param>
    /// <param name="global">Those of them that are limited together.</param>
    /// <param name="globalMax">The limit of <paramref name="global"/>.</param>
    /// <param name="handshakesMax">TLS handshakes that may be under way on this reactor.</param>
    /// <param name="logger">Refusals worth a line.</param>
    public AcceptPipeline(
        int reactorIndex, ConnectionCount all, ConnectionCount global, int globalMax, int handshakesMax, ILogger logger)
    {
        _reactorIndex = reactorIndex;
        _all = all;
        _global = global;
        _globalMax = globalMax;
        _logger = logger;
        _ended = OnEnded;
        _handshaken = OnHandshaken;
        _handshakes = new TlsHandshakeQueue(handshakesMax);
    }

    /// <summary>The listeners that connections are handed over to; changed at a turn's boundary.</summary>
    public ListenerSet Listeners { get; set; } = ListenerSet.Empty;

    /// <summary>True once the process drains: what is still accepted gets told at once.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Takes a connection from a listening socket.</summary>
    public void Accept(TransportConnection transport, CompiledListener listener)
    {
        AcceptedConnection connection = new(transport, _ended);
        if (listener.CountsGlobally && !_global.TryEnter(_globalMax))
        {
            listener.States[_reactorIndex].Stats.DownstreamGlobalCxOverflow++;
            transport.Abort(reset: true);
            return;
        }

        _all.Enter();
        connection.CountsGlobally = listener.CountsGlobally;
        if (TryEnter(connection, listener))
        {
            Begin(connection, listener, isHandedOver: false);
        }
    }

    private void Begin(AcceptedConnection connection, CompiledListener listener, bool isHandedOver)
    {
        if (ListenerFilterRun.TryRunWithoutBytes(connection, listener, out int index))
        {
            Dispatch(connection, listener, isHandedOver);
            return;
        }

        _ = InspectAsync(connection, listener, index, isHandedOver);
    }

    private async Task InspectAsync(
        AcceptedConnection connection, CompiledListener listener, int index, bool isHandedOver)
    {
        ListenerStats stats = listener.States[_reactorIndex].Stats;
        stats.DownstreamPreCxActive++;
        ListenerFilterRun run = new(connection, listener, index);
        FilterOutcome outcome = await run.RunAsync();
        stats.DownstreamPreCxActive--;
        stats.DownstreamPreCxTimeout += run.TimedOut ? 1 : 0;
        if (outcome == FilterOutcome.Passed)
        {
            Dispatch(connection, listener, isHandedOver);
            return;
        }

        if (outcome == FilterOutcome.Rejected)
        {
            stats.DownstreamListenerFilterError++;
            ListenerLog.Refused(connection, "listener_filter_rejected");
            ConnectionsLog.FilterRejected(_logger, listener.Name, connection.Facts.DirectRemote);
        }

        connection.End();
    }

    private void Dispatch(AcceptedConnection connection, CompiledListener listener, bool isHandedOver)
    {
        ref ConnectionFacts facts = ref connection.Facts;
        if (listener.IsLoop(facts, connection.Transport))
        {
            listener.States[_reactorIndex].Stats.DownstreamCxLoop++;
            ListenerLog.Refused(connection, "loop_detected");
            ConnectionsLog.LoopRefused(_logger, listener.Name, facts.Local, facts.DirectRemote);
            connection.End();
            return;
        }

        if (!isHandedOver && listener.UseOriginalDestination && facts.IsLocalRestored
            && Listeners.Find(facts.Local) is { } target && target != listener)
        {
            HandOver(connection, listener, target);
            return;
        }

        if (listener.Selector.Select(facts) is not { } chain)
        {
            listener.States[_reactorIndex].Stats.NoFilterChainMatch++;
            ListenerLog.NoFilterChain(connection);
            ConnectionsLog.NoFilterChain(_logger, listener.Name, facts.Local, facts.Remote);
            connection.End();
            return;
        }

        connection.FilterChainName = chain.Name;
        if (chain.Tls is { } tls)
        {
            TlsHandshake.Begin(
                connection.Transport, tls.Accept(), chain.HandshakeTimeoutMs, (connection, chain), _handshaken,
                _handshakes);
        }
        else
        {
            Serve(connection, chain);
        }
    }

    private void Serve(AcceptedConnection connection, CompiledFilterChain chain)
    {
        connection.Run(chain.Handler);
        if (IsDraining && connection.IsListed)
        {
            connection.BeginDrain();
        }
    }

    private void OnHandshaken(TlsHandshake handshake)
    {
        (AcceptedConnection connection, CompiledFilterChain chain) =
            ((AcceptedConnection, CompiledFilterChain))handshake.Owner!;
        var listener = (CompiledListener)connection.Place!;
        handshake.Count(ref listener.States[_reactorIndex].Stats.Tls);
        if (handshake.Succeeded)
        {
            if (string.IsNullOrEmpty(connection.Facts.ServerName))
            {
                connection.Facts.ServerName = handshake.Connection.Tls!.Session.ServerName;
            }

            Serve(connection, chain);
            return;
        }

        OnHandshakeFailed(handshake, connection, listener);
    }

    private void OnHandshakeFailed(TlsHandshake handshake, AcceptedConnection connection, CompiledListener listener)
    {
        string reason = handshake.Reason;
        if (_handshakeLines.TryTake(connection.Transport.Reactor.NowMs, out long leftOut))
        {
            ConnectionsLog.HandshakeFailed(_logger, listener.Name, connection.Facts.DirectRemote, reason, leftOut);
        }

        ListenerLog.HandshakeFailed(connection, reason);
        if (handshake.MadeRoom)
        {
            listener.States[_reactorIndex].Stats.DownstreamCxHandshakeOverflow++;
            connection.Transport.Abort(reset: true);
        }
        else
        {
            // The alert is to arrive, although more may come in meanwhile.
            connection.Transport.CloseLingering(AlertLingerMs);
        }

        connection.End();
    }

    private void HandOver(AcceptedConnection connection, CompiledListener from, CompiledListener to)
    {
        Leave(connection, from.States[_reactorIndex]);
        if (TryEnter(connection, to))
        {
            Begin(connection, to, isHandedOver: true);
        }
    }

    private bool TryEnter(AcceptedConnection connection, CompiledListener listener)
    {
        ListenerState state = listener.States[_reactorIndex];
        if (!listener.Count.TryEnter(listener.ConnectionsMax))
        {
            state.Stats.DownstreamCxOverflow++;
            LeaveGlobal(connection);
            connection.Transport.Abort(reset: true);
            return false;
        }

        connection.ListenerName = listener.Name;
        ListenerLog.Begin(connection, listener);
        connection.Transport.Writer.HighWaterBytes = listener.BufferLimitBytes;
        connection.Place = listener;
        state.Table.Add(connection);
        state.Stats.DownstreamCxTotal++;
        state.Stats.DownstreamCxActive++;
        return true;
    }

    private void OnEnded(AcceptedConnection connection)
    {
        Debug.Assert(connection.Place is CompiledListener);
        if (connection.Failure is { } failure)
        {
            ConnectionsLog.HandlerFailed(_logger, failure, connection.ListenerName, connection.FilterChainName);
            connection.Transport.Abort(reset: true);
        }

        var listener = (CompiledListener)connection.Place!;
        ListenerLog.Write(connection, listener, _reactorIndex);
        Leave(connection, listener.States[_reactorIndex]);
        LeaveGlobal(connection);
        connection.Transport.Close();
    }

    private static void Leave(AcceptedConnection connection, ListenerState state)
    {
        state.Table.Remove(connection);
        state.Stats.DownstreamCxActive--;
        state.Stats.DownstreamCxDestroy++;
        ((CompiledListener)connection.Place!).Count.Leave();
        connection.Place = null;
    }

    private void LeaveGlobal(AcceptedConnection connection)
    {
        _all.Leave();
        if (connection.CountsGlobally)
        {
            _global.Leave();
        }
    }
}
