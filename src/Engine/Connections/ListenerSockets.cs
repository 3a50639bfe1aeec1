using System.Collections.Generic;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Connections;

/// <summary>
/// The listening sockets of one reactor and what they serve. A new snapshot re-uses the sockets whose address stays, so
/// that nothing in an accept queue is lost; a listener that vanishes drains its connections. Reactor thread only.
/// </summary>
internal sealed class ListenerSockets
{
    // A shortage that comes and goes is said no more often than this.
    private const int RestLineEveryMs = 60_000;

    private readonly Reactor _reactor;
    private readonly int _reactorCount;
    private readonly AcceptPipeline _pipeline;
    private readonly ILogger _logger;
    private readonly Dictionary<string, OpenSocket> _open = [];
    private readonly List<ListenerState> _leaving = [];
    private long _nextRestLineMs;

    public ListenerSockets(Reactor reactor, int reactorCount, AcceptPipeline pipeline, ILogger logger)
    {
        _reactor = reactor;
        _reactorCount = reactorCount;
        _pipeline = pipeline;
        _logger = logger;
    }

    /// <summary>Sockets that are open.</summary>
    public int Count => _open.Count;

    /// <summary>Connections alive on this reactor, those of vanished listeners included.</summary>
    public int ConnectionCount
    {
        get
        {
            int count = 0;
            foreach (ConnectionTable table in Tables())
            {
                count += table.Count;
            }

            return count;
        }
    }

    /// <summary>Serves another set of listeners from now on.</summary>
    /// <param name="set">Bound by <see cref="ListenerBinder"/>.</param>
    public void Adopt(ListenerSet set)
    {
        ListenerSet previous = _pipeline.Listeners;
        _pipeline.Listeners = set;
        HashSet<string> wanted = [];
        foreach (CompiledListener listener in set.Listeners)
        {
            foreach (BoundAddress bound in listener.Bound)
            {
                wanted.Add(bound.Key);
                Open(bound, listener);
            }
        }

        foreach (string key in new List<string>(_open.Keys))
        {
            if (!wanted.Contains(key))
            {
                Close(key);
            }
        }

        DrainVanished(previous, set);
    }

    /// <summary>Stops accepting and asks every connection for a clean end.</summary>
    public void BeginDrain()
    {
        _pipeline.IsDraining = true;
        foreach (string key in new List<string>(_open.Keys))
        {
            Close(key);
        }

        foreach (ConnectionTable table in Tables())
        {
            table.BeginDrain();
        }
    }

    /// <summary>Cuts what is left when the drain's time is over.</summary>
    public void CloseConnections()
    {
        foreach (ConnectionTable table in Tables())
        {
            table.CloseAll();
        }
    }

    private void Open(BoundAddress bound, CompiledListener listener)
    {
        if (_open.TryGetValue(bound.Key, out OpenSocket? socket))
        {
            socket.Listener = listener;
            return;
        }

        socket = new OpenSocket(_pipeline, listener);
        for (int i = _reactor.Index; i < bound.Sockets.Length; i += _reactorCount)
        {
            TransportListener transport = Transports.Listen(_reactor, bound.Sockets[i], socket.Accept);
            transport.Changed = happened => OnAcceptChanged(socket.Listener, happened);
            socket.Transports.Add(transport);
        }

        _open.Add(bound.Key, socket);
        if (_reactor.Index == 0)
        {
            EngineLog.Listening(_logger, listener.Name, bound.Key);
        }
    }

    private void OnAcceptChanged(CompiledListener listener, AcceptEvent happened)
    {
        ListenerStats stats = listener.States[_reactor.Index].Stats;
        stats.DownstreamCxAcceptRests += happened == AcceptEvent.Rests ? 1 : 0;
        stats.DownstreamCxOverloadReject += happened == AcceptEvent.Refuses ? 1 : 0;
        if (happened == AcceptEvent.Rests && _reactor.NowMs >= _nextRestLineMs)
        {
            _nextRestLineMs = _reactor.NowMs + RestLineEveryMs;
            ConnectionsLog.AcceptRests(_logger, listener.Name, DescriptorReserve.Process.RestsFrom);
        }
    }

    private void Close(string key)
    {
        if (_open.Remove(key, out OpenSocket? socket))
        {
            socket.Transports.ForEach(static transport => transport.Stop());
            if (_reactor.Index == 0)
            {
                ConnectionsLog.Stopped(_logger, socket.Listener.Name, key);
            }
        }
    }

    private void DrainVanished(ListenerSet previous, ListenerSet current)
    {
        _leaving.RemoveAll(static state => state.Table.Count == 0);
        HashSet<ListenerState> staying = [];
        foreach (CompiledListener listener in current.Listeners)
        {
            staying.Add(listener.States[_reactor.Index]);
        }

        foreach (CompiledListener listener in previous.Listeners)
        {
            ListenerState state = listener.States[_reactor.Index];
            if (staying.Add(state))
            {
                _leaving.Add(state);
                state.Table.BeginDrain();
            }
        }
    }

    private List<ConnectionTable> Tables()
    {
        List<ConnectionTable> tables = _leaving.ConvertAll(static state => state.Table);
        foreach (CompiledListener listener in _pipeline.Listeners.Listeners)
        {
            tables.Add(listener.States[_reactor.Index].Table);
        }

        return tables;
    }

    /// <summary>The sockets of an address and the listener they serve at the moment.</summary>
    private sealed class OpenSocket(AcceptPipeline pipeline, CompiledListener listener)
    {
        public CompiledListener Listener { get; set; } = listener;

        public List<TransportListener> Transports { get; } = [];

        public void Accept(TransportConnection connection) => pipeline.Accept(connection, Listener);
    }
}
