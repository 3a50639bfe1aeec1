using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Upstream;

/// <summary>A new upstream connection, or why there is none.</summary>
internal readonly record struct ConnectedClient(Http1Client? Client, ForwardError Error, string? Reason);

/// <summary>Opens upstream connections with what the cluster says: time limit, source address, keepalive.</summary>
internal static class Connector
{
    /// <summary>A smaller limit would stop reading at every block.</summary>
    private const uint BufferLimitBytesMin = 4096;

    /// <summary>
    /// Brings a connection for a request that found none idle: a new one, or, where the circuit breaker allows none,
    /// the next that becomes free. The request is pending meanwhile (<c>max_pending_requests</c>).
    /// </summary>
    public static async ReactorTask<ConnectedClient> AcquireAsync(ConnectionPool pool, PendingRequest pending)
    {
        ClusterStats stats = pool.Stats;
        if (pool.Cluster.HasAllPending())
        {
            return new ConnectedClient(null, ForwardError.Overflow, null);
        }

        stats.UpstreamRqPendingTotal++;
        stats.UpstreamRqPendingActive++;
        ConnectedClient acquired = default;
        while (acquired.Client is null && acquired.Error == ForwardError.None)
        {
            if (pool.MayConnect())
            {
                pool.BeginConnect();
                acquired = await ConnectAsync(pool);
                pool.EndConnect(acquired);
                continue;
            }

            acquired = await pool.WaitAsync(pending);
            if (acquired.Client is { Connection.IsReusable: false } ended)
            {
                // It ended in the turn between the two.
                ended.Close();
                acquired = default;
            }
        }

        stats.UpstreamRqPendingActive--;
        return acquired;
    }

    private static async ReactorTask<ConnectedClient> ConnectAsync(ConnectionPool pool)
    {
        ClusterRuntime cluster = pool.Cluster;
        ClusterStats stats = pool.Stats;
        ConnectResult connected = await Transports.ConnectAsync(pool.Reactor, cluster.ConnectOptions(pool.Endpoint));
        if (connected.Connection is { } connection)
        {
            connection.Writer.HighWaterBytes = (int)Math.Clamp(
                cluster.Model.PerConnectionBufferLimitBytes,
                BufferLimitBytesMin,
                TransportWriter.DefaultHighWaterBytes);
            return new ConnectedClient(new Http1Client(connection, pool, cluster.HttpLimits), ForwardError.None, null);
        }

        stats.UpstreamCxConnectFail++;
        if (connected.Error.Errno == TransportError.TimedOut)
        {
            stats.UpstreamCxConnectTimeout++;
            return new ConnectedClient(null, ForwardError.ConnectTimedOut, connected.Error.Text);
        }

        return new ConnectedClient(null, ForwardError.ConnectFailed, connected.Error.Text);
    }
}
