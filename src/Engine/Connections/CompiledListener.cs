using System;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>
/// A listener of a snapshot: immutable but for the counts it shares with its predecessor and successor of that name.
/// </summary>
internal sealed class CompiledListener
{
    public required string Name { get; init; }

    /// <summary>Where it listens, or, when it is not bound, for which original destination it stands.</summary>
    public required NetAddress[] Addresses { get; init; }

    /// <summary>Path of a Unix domain socket; null for IP addresses.</summary>
    public string? UnixPath { get; init; }

    /// <summary>False for a listener that only takes connections handed over by another one.</summary>
    public bool BindToPort { get; init; } = true;

    /// <summary>How its sockets are opened, addresses aside.</summary>
    public ListenOptions SocketOptions { get; init; } = new();

    /// <summary>Its open sockets; set by <see cref="ListenerBinder"/> before the set is published.</summary>
    public BoundAddress[] Bound { get; set; } = [];

    /// <summary>Unsent bytes of a connection from which on reading of the other side stops.</summary>
    public int BufferLimitBytes { get; init; } = TransportWriter.DefaultHighWaterBytes;

    /// <summary>Hands a connection over to the listener that stands for its original destination.</summary>
    public bool UseOriginalDestination { get; init; }

    public ListenerFilter[] Filters { get; init; } = [];

    /// <summary>Limit on all filters together in ms; 0 is none (but see <see cref="ListenerFilterRun"/>).</summary>
    public long FilterTimeoutMs { get; init; }

    /// <summary>See <see cref="ListenerFilterRun.ServerFirstWaitMs"/>; used when there is no limit.</summary>
    public long ServerFirstWaitMs { get; init; } = ListenerFilterRun.ServerFirstWaitMs;

    /// <summary>Whether a connection whose filters timed out goes on with what is known, or is closed.</summary>
    public bool ContinueOnFilterTimeout { get; init; }

    public required FilterChainSelector Selector { get; init; }

    /// <summary>Logs that get one line for each connection, at its end.</summary>
    public AccessLog[] AccessLogs { get; init; } = [];

    /// <summary>Connections this listener serves at once, over all reactors.</summary>
    public int ConnectionsMax { get; init; } = int.MaxValue;

    /// <summary>False for listeners that the global connection limit spares (ignore_global_conn_limit).</summary>
    public bool CountsGlobally { get; init; } = true;

    public required ConnectionCount Count { get; init; }

    /// <summary>One per reactor.</summary>
    public required ListenerState[] States { get; init; }

    /// <summary>True when a redirect may bring a connection here, and so a loop.</summary>
    public bool IsRedirectTarget =>
        UseOriginalDestination || Array.Exists(Filters, static filter => filter is OriginalDestinationFilter);

    /// <summary>
    /// True when the connection was meant for this listener itself: relaying it to its original destination would bring
    /// it back, again and again.
    /// </summary>
    /// <param name="facts">The connection, its destination restored.</param>
    /// <param name="transport">The accepted socket.</param>
    public bool IsLoop(in ConnectionFacts facts, TransportConnection transport)
    {
        if (!facts.IsLocalRestored || !IsRedirectTarget)
        {
            return false;
        }

        // Not redirected at all, or redirected although it was meant for us. Under TPROXY the socket's own address
        // always equals the destination, so there only what is surely ours counts.
        if (!SocketOptions.Transparent && facts.Local == transport.LocalAddress)
        {
            return true;
        }

        foreach (NetAddress own in Addresses)
        {
            if (own.Port == facts.Local.Port
                && (own.SameAddress(facts.Local) || (own.IsAny && facts.Local.IsLoopback)))
            {
                return true;
            }
        }

        return false;
    }
}
