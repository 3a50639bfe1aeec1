using System;
using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Tls;

namespace FastMesh.Engine.Upstream;

/// <summary>What carries a request, or why nothing does.</summary>
internal readonly record struct AcquiredStream(UpstreamStream? Stream, ForwardError Error, string? Reason);

/// <summary>A new upstream connection, or why there is none.</summary>
internal readonly record struct ConnectOutcome(TransportConnection? Connection, ForwardError Error, string? Reason);

/// <summary>Opens upstream connections with what the cluster says: time limit, source address, keepalive.</summary>
internal static class Connector
{
    /// <summary>A smaller limit would stop reading at every block.</summary>
    private const uint BufferLimitBytesMin = 4096;

    /// <summary>
    /// Brings a connection for a request that found none idle: the next of its pool that is opened or becomes free. The
    /// request is pending meanwhile (<c>max_pending_requests</c>) and may be cancelled; a connect that goes on without
    /// it serves the next. A resend wants a fresh one: any other may be as dead as the one before.
    /// </summary>
    public static async ReactorTask<AcquiredStream> AcquireAsync(
        ConnectionPool pool, PendingRequest pending, bool wantsFresh)
    {
        ClusterStats stats = pool.Stats;
        if (pool.Cluster.HasAllPending())
        {
            return new AcquiredStream(null, ForwardError.Overflow, null);
        }

        pending.Restart();
        stats.UpstreamRqPendingTotal++;
        stats.UpstreamRqPendingActive++;
        AcquiredStream acquired = await pool.WaitAsync(pending, wantsFresh);
        while (acquired.Stream is { IsUsable: false } ended)
        {
            // It ended in the turn between the two.
            ended.Close();
            if (pending.IsCancelled)
            {
                acquired = new AcquiredStream(null, ForwardError.Overflow, null);
                break;
            }

            acquired = await pool.WaitAsync(pending, wantsFresh);
        }

        stats.UpstreamRqPendingActive--;
        return acquired;
    }

    /// <summary>Opens one connection and gives it, or why there is none, to the pool.</summary>
    public static async ReactorTask<bool> OpenAsync(ConnectionPool pool)
    {
        pool.BeginConnect();
        ConnectOutcome opened = await ConnectAsync(pool);
        pool.EndConnect(opened);
        return opened.Connection is not null;
    }

    /// <summary>
    /// Connects to an endpoint and speaks TLS where its cluster does, both within the cluster's connect timeout, and
    /// counts what failed.
    /// </summary>
    /// <param name="reactor">Where the connection lives.</param>
    /// <param name="cluster">Says how.</param>
    /// <param name="endpoint">Where to.</param>
    /// <param name="protocols">Offered by ALPN where the cluster says none; null offers nothing then.</param>
    public static async ReactorTask<ConnectOutcome> DialAsync(
        Reactor reactor, ClusterRuntime cluster, EndpointRuntime endpoint, IReadOnlyList<string>? protocols)
    {
        ClusterStats stats = cluster.StatsFor(reactor.Index);
        long deadlineMs = reactor.NowMs + cluster.ConnectTimeoutMs;
        ConnectResult connected = await Transports.ConnectAsync(reactor, cluster.ConnectOptions(endpoint));
        if (connected.Connection is not { } connection)
        {
            bool timedOut = connected.Error.Errno is TransportError.TimedOut or TransportError.TimerExpired;
            return Failed(stats, timedOut, connected.Error.Text);
        }

        if (cluster.Tls is not { } tls)
        {
            return new ConnectOutcome(connection, ForwardError.None, null);
        }

        UpstreamTls said = cluster.Model.Tls!;
        TlsSessionCache? sessions = said.ResumesSessions
            ? endpoint.PerReactor[reactor.Index].TlsSessions ??= new TlsSessionCache()
            : null;
        TlsSession session = tls.Connect(
            said.ServerName, sessions, said.ApplicationProtocols.Count == 0 ? protocols : null);
        TlsHandshake handshake = await TlsHandshake.RunAsync(
            connection, session, (int)Math.Max(1, deadlineMs - reactor.NowMs));
        handshake.Count(ref stats.Tls);
        if (handshake.Succeeded)
        {
            return new ConnectOutcome(connection, ForwardError.None, null);
        }

        string reason = "TLS: " + handshake.Reason;
        connection.Close();
        return Failed(stats, handshake.TimedOut, reason);
    }

    private static ConnectOutcome Failed(ClusterStats stats, bool timedOut, string reason)
    {
        stats.UpstreamCxConnectFail++;
        stats.UpstreamCxConnectTimeout += timedOut ? 1 : 0;
        return new ConnectOutcome(
            null, timedOut ? ForwardError.ConnectTimedOut : ForwardError.ConnectFailed, reason);
    }

    private static async ReactorTask<ConnectOutcome> ConnectAsync(ConnectionPool pool)
    {
        ConnectOutcome outcome = await DialAsync(
            pool.Reactor, pool.Cluster, pool.Endpoint, pool.ApplicationProtocols);
        if (outcome.Connection is not { } connection)
        {
            return outcome;
        }

        if (connection.Tls is { } tls && !pool.Speaks(tls.Session.ApplicationProtocol))
        {
            string chosen = System.Text.Encoding.UTF8.GetString(tls.Session.ApplicationProtocol);
            connection.Close();
            return Failed(
                pool.Stats, timedOut: false, $"TLS: the upstream chose {chosen}, not {pool.ApplicationProtocols[0]}");
        }

        connection.Writer.HighWaterBytes = (int)Math.Clamp(
            pool.Cluster.Model.PerConnectionBufferLimitBytes, BufferLimitBytesMin,
            TransportWriter.DefaultHighWaterBytes);
        return outcome;
    }
}
