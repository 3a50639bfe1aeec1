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

    public static async ReactorTask<ConnectedClient> ConnectAsync(ConnectionPool pool, Reactor reactor)
    {
        ClusterRuntime cluster = pool.Cluster;
        ClusterStats stats = pool.Stats;
        ConnectResult connected = await Transports.ConnectAsync(reactor, cluster.ConnectOptions(pool.Endpoint));
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
