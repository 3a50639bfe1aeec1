using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
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
    /// Speaks TLS on a new connection, if its cluster does, within the cluster's connect timeout.
    /// </summary>
    /// <returns>Null when all is well, else why not; the connection is closed then.</returns>
    public static async ReactorTask<string?> SecureAsync(
        TransportConnection connection, ClusterRuntime cluster, ClusterStats stats, TlsSessionCache? sessions)
    {
        if (cluster.Tls is not { } tls)
        {
            return null;
        }

        TlsHandshake handshake = await TlsHandshake.RunAsync(
            connection, tls.Connect(cluster.Model.Tls!.ServerName, sessions), cluster.ConnectTimeoutMs);
        handshake.Count(ref stats.Tls);
        if (handshake.Succeeded)
        {
            return null;
        }

        string reason = "TLS: " + handshake.Reason;
        connection.Close();
        return reason;
    }

    private static async ReactorTask<ConnectOutcome> ConnectAsync(ConnectionPool pool)
    {
        ClusterRuntime cluster = pool.Cluster;
        ClusterStats stats = pool.Stats;
        ConnectResult connected = await Transports.ConnectAsync(pool.Reactor, cluster.ConnectOptions(pool.Endpoint));
        if (connected.Connection is { } opened
            && await SecureAsync(opened, cluster, stats, pool.TlsSessions) is { } failure)
        {
            stats.UpstreamCxConnectFail++;
            return new ConnectOutcome(null, ForwardError.ConnectFailed, failure);
        }

        if (connected.Connection is { } connection)
        {
            connection.Writer.HighWaterBytes = (int)Math.Clamp(
                cluster.Model.PerConnectionBufferLimitBytes,
                BufferLimitBytesMin,
                TransportWriter.DefaultHighWaterBytes);
            return new ConnectOutcome(connection, ForwardError.None, null);
        }

        stats.UpstreamCxConnectFail++;
        if (connected.Error.Errno == TransportError.TimedOut)
        {
            stats.UpstreamCxConnectTimeout++;
            return new ConnectOutcome(null, ForwardError.ConnectTimedOut, connected.Error.Text);
        }

        return new ConnectOutcome(null, ForwardError.ConnectFailed, connected.Error.Text);
    }
}
