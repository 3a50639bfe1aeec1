using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The idle HTTP/1.1 connections of one reactor to one endpoint. They stand in a list, the last used first, so that
/// surplus connections grow old at its end and are closed there. Requests that found none wait here for the next that
/// is opened or becomes free; one is opened for each of them as far as the circuit breaker allows. Reactor thread only.
/// </summary>
internal sealed class ConnectionPool
{
    private Http1Client? _newest;
    private Http1Client? _oldest;
    private PendingQueue _pending;
    private bool _isOpening;

    public ConnectionPool(Reactor reactor, EndpointRuntime endpoint, ClusterRuntime cluster, ClusterStats stats)
    {
        Reactor = reactor;
        Endpoint = endpoint;
        Cluster = cluster;
        Stats = stats;
    }

    public Reactor Reactor { get; }

    public EndpointRuntime Endpoint { get; }

    public ClusterRuntime Cluster { get; }

    public ClusterStats Stats { get; }

    /// <summary>The endpoint left its cluster, or the cluster the configuration: nothing is kept for it.</summary>
    public bool IsRetired => Endpoint.IsRetired || Cluster.IsRetired;

    public int IdleCount { get; private set; }

    /// <summary>Open connections, idle ones included.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Connections that are being opened.</summary>
    public int ConnectingCount { get; private set; }

    /// <summary>Nothing stands, is coming, or waits.</summary>
    public bool IsUnused => ConnectionCount == 0 && ConnectingCount == 0 && _pending.First is null;

    public void BeginConnect()
    {
        ConnectingCount++;
        Stats.UpstreamCxConnecting++;
    }

    /// <summary>
    /// A connect is over. Its connection serves who waits first, or rests; its failure is that of who waits first, and
    /// of all when nothing else is here that could serve them.
    /// </summary>
    public void EndConnect(in ConnectedClient result)
    {
        ConnectingCount--;
        Stats.UpstreamCxConnecting--;
        if (WakeFirst(result) && result.Client is not null)
        {
            return;
        }

        result.Client?.Release(Reactor.NowMs);
        while (ConnectionCount == 0 && ConnectingCount == 0 && WakeFirst(result))
        {
            Stats.UpstreamRqPendingFailureEject++;
        }

        OpenForPending();
    }

    /// <summary>
    /// Lets a request wait; see <see cref="PendingRequest"/>. It opens a connection of its own even while one is coming
    /// whose request has left: that one may be lost.
    /// </summary>
    public PendingRequest WaitAsync(PendingRequest request, bool wantsFresh)
    {
        request.Begin(this, wantsFresh);
        _pending.Add(request);
        if (Cluster.HasAllConnections())
        {
            Stats.UpstreamCxOverflow++;
        }

        if (MayOpen())
        {
            Connector.OpenAsync(this).Forget();
        }

        return request;
    }

    public void Remove(PendingRequest request) => _pending.Remove(request);

    public void OnConnected()
    {
        ConnectionCount++;
        Stats.UpstreamCxTotal++;
        Stats.UpstreamCxActive++;
    }

    /// <summary>A connection is gone: there is room for another.</summary>
    public void OnClosed()
    {
        ConnectionCount--;
        Stats.UpstreamCxActive--;
        Stats.UpstreamCxDestroy++;
        OpenForPending();
    }

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

    /// <summary>Takes a connection whose exchange is over and clean; it goes to who waits first.</summary>
    public void Return(Http1Client client, long nowMs)
    {
        if (_pending.FirstReusing is { } request)
        {
            Remove(request);
            request.End(this, new ConnectedClient(client, ForwardError.None, null));
            return;
        }

        if (_pending.Count > ConnectingCount && !MayOpen())
        {
            // Who waits wants a fresh one, for which this one stands in the way.
            client.Close();
            return;
        }

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

        // Room that arose in another pool of the cluster tells nobody here.
        OpenForPending();
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

    /// <summary>Opens connections for requests that wait, when there is room again.</summary>
    private void OpenForPending()
    {
        if (_isOpening)
        {
            // A connect failed at once, inside the loop below.
            return;
        }

        _isOpening = true;
        while (_pending.Count > ConnectingCount && MayOpen())
        {
            Connector.OpenAsync(this).Forget();
        }

        _isOpening = false;
    }

    /// <summary>
    /// Whether a connection may be opened: by the circuit breaker, or because there is none here at all, since what
    /// waits needs at least one that can become free.
    /// </summary>
    private bool MayOpen() => !Cluster.HasAllConnections() || (ConnectionCount == 0 && ConnectingCount == 0);

    private bool WakeFirst(in ConnectedClient result)
    {
        if (_pending.First is not { } request)
        {
            return false;
        }

        Remove(request);
        request.End(this, result);
        return true;
    }
}
