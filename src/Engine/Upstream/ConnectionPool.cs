using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The idle HTTP/1.1 connections of one reactor to one endpoint. They stand in a list, the last used first, so that
/// surplus connections grow old at its end and are closed there. Reactor thread only.
/// </summary>
internal sealed class ConnectionPool
{
    private Http1Client? _newest;
    private Http1Client? _oldest;

    public ConnectionPool(EndpointRuntime endpoint, ClusterRuntime cluster, ClusterStats stats)
    {
        Endpoint = endpoint;
        Cluster = cluster;
        Stats = stats;
    }

    public EndpointRuntime Endpoint { get; }

    public ClusterRuntime Cluster { get; }

    public ClusterStats Stats { get; }

    /// <summary>The endpoint left its cluster, or the cluster the configuration: nothing is kept for it.</summary>
    public bool IsRetired => Endpoint.IsRetired || Cluster.IsRetired;

    public int IdleCount { get; private set; }

    /// <summary>Connections open or being opened, idle ones included.</summary>
    public int ConnectionCount { get; set; }

    /// <summary>
    /// An idle connection that still lives, or null; those that ended meanwhile are dropped on the way.
    /// </summary>
    public Http1Client? TryRent(long nowMs)
    {
        while (_newest is { } client)
        {
            Unlink(client);
            if (client.IdleUntilMs > nowMs && client.TryWake())
            {
                return client;
            }

            client.Close();
        }

        return null;
    }

    /// <summary>Takes a connection whose exchange is over and clean.</summary>
    public void Return(Http1Client client, long nowMs)
    {
        client.Rest(nowMs);
        client.Older = _newest;
        client.Newer = null;
        if (_newest is not null)
        {
            _newest.Newer = client;
        }

        _newest = client;
        _oldest ??= client;
        client.IsPooled = true;
        IdleCount++;
    }

    /// <summary>Takes an idle connection out, because it ended.</summary>
    public void Unlink(Http1Client client)
    {
        if (!client.IsPooled)
        {
            return;
        }

        client.IsPooled = false;
        IdleCount--;
        if (client.Newer is null)
        {
            _newest = client.Older;
        }
        else
        {
            client.Newer.Older = client.Older;
        }

        if (client.Older is null)
        {
            _oldest = client.Newer;
        }
        else
        {
            client.Older.Newer = client.Newer;
        }

        client.Older = null;
        client.Newer = null;
    }

    /// <summary>
    /// Closes what has been idle longer than its own or the cluster's limit; all, for an endpoint gone.
    /// </summary>
    public void Sweep(long nowMs)
    {
        while (_oldest is { } client && (IsRetired || client.IdleUntilMs <= nowMs))
        {
            Unlink(client);
            Stats.UpstreamCxIdleTimeout++;
            client.Close();
        }
    }

    /// <summary>Closes every idle connection.</summary>
    public void CloseIdle()
    {
        while (_oldest is { } client)
        {
            Unlink(client);
            client.Close();
        }
    }
}
