using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The connections of one reactor to one endpoint. Requests that found none free wait here for the next that is opened
/// or becomes free; they are opened as far as the circuit breaker allows. Reactor thread only.
/// </summary>
internal abstract class ConnectionPool
{
    private PendingQueue _pending;
    private bool _isOpening;

    protected ConnectionPool(Reactor reactor, EndpointRuntime endpoint, ClusterRuntime cluster, ClusterStats stats)
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

    /// <summary>What its connections offer by ALPN where the cluster says nothing, as a list of one.</summary>
    public abstract string[] ApplicationProtocols { get; }

    /// <summary>Open connections, idle ones included.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Connections that are being opened.</summary>
    public int ConnectingCount { get; private set; }

    /// <summary>More wait than what is being opened can serve.</summary>
    public bool WantsMore => _pending.Count > ConnectingCount * StreamsPerConnection;

    /// <summary>Requests that one new connection serves.</summary>
    protected virtual int StreamsPerConnection => 1;

    protected bool HasPending => _pending.First is not null;

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
    public void EndConnect(in ConnectOutcome outcome)
    {
        ConnectingCount--;
        Stats.UpstreamCxConnecting--;
        if (outcome.Connection is { } connection)
        {
            Adopt(connection);
        }
        else
        {
            var failure = new AcquiredStream(null, outcome.Error, outcome.Reason);
            WakeFirst(failure);
            while (ConnectionCount == 0 && ConnectingCount == 0 && WakeFirst(failure))
            {
                Stats.UpstreamRqPendingFailureEject++;
            }
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

        if ((StreamsPerConnection == 1 || WantsMore) && MayOpen())
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

    /// <summary>What carries a request at once, or null.</summary>
    public abstract UpstreamStream? TryRent(long nowMs);

    /// <summary>Ends what has been idle longer than its limit; all, for an endpoint gone.</summary>
    public abstract void Sweep(long nowMs);

    /// <summary>Ends every idle connection.</summary>
    public abstract void CloseIdle();

    /// <summary>Whether it can speak what a server chose by ALPN; empty is no choice.</summary>
    public abstract bool Speaks(ReadOnlySpan<byte> applicationProtocol);

    /// <summary>Takes a new connection; it serves who waits first.</summary>
    protected abstract void Adopt(TransportConnection connection);

    /// <summary>Opens connections for requests that wait, when there is room again.</summary>
    protected void OpenForPending()
    {
        if (_isOpening)
        {
            // A connect failed at once, inside the loop below.
            return;
        }

        _isOpening = true;
        while (WantsMore && MayOpen())
        {
            Connector.OpenAsync(this).Forget();
        }

        _isOpening = false;
    }

    /// <summary>
    /// Whether a connection may be opened: by the circuit breaker, or because there is none here at all, since what
    /// waits needs at least one that can become free.
    /// </summary>
    protected bool MayOpen() => !Cluster.HasAllConnections() || (ConnectionCount == 0 && ConnectingCount == 0);

    /// <summary>Ends the wait of who waits first; false when nobody does.</summary>
    protected bool WakeFirst(in AcquiredStream result)
    {
        if (_pending.First is not { } request)
        {
            return false;
        }

        Remove(request);
        request.End(this, result);
        return true;
    }

    /// <summary>The same for who takes a connection that has served others.</summary>
    protected bool WakeFirstReusing(in AcquiredStream result)
    {
        if (_pending.FirstReusing is not { } request)
        {
            return false;
        }

        Remove(request);
        request.End(this, result);
        return true;
    }
}
