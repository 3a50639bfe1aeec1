using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The idle HTTP/1.1 connections of one reactor to one endpoint. They stand in a list, the last used first, so that
/// surplus connections grow old at its end and are closed there. Reactor thread only.
/// </summary>
internal sealed class Http1Pool : ConnectionPool
{
    private static readonly string[] s_protocols = ["http/1.1"];

    private Http1Client? _newest;
    private Http1Client? _oldest;

    public Http1Pool(Reactor reactor, EndpointRuntime endpoint, ClusterRuntime cluster, ClusterStats stats)
        : base(reactor, endpoint, cluster, stats)
    {
    }

    public int IdleCount { get; private set; }

    /// <inheritdoc/>
    public override string[] ApplicationProtocols => s_protocols;

    /// <inheritdoc/>
    public override bool Speaks(ReadOnlySpan<byte> applicationProtocol) => !applicationProtocol.SequenceEqual("h2"u8);

    /// <summary>
    /// An idle connection that still lives, or null; those that ended meanwhile are dropped on the way.
    /// </summary>
    public override UpstreamStream? TryRent(long nowMs)
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
        if (WakeFirstReusing(new AcquiredStream(client, ForwardError.None, null)))
        {
            return;
        }

        if (WantsMore && !MayOpen())
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
    public override void Sweep(long nowMs)
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
    public override void CloseIdle()
    {
        while (_oldest is { } client)
        {
            Unlink(client);
            client.Close();
        }
    }

    /// <inheritdoc/>
    protected override void Adopt(TransportConnection connection)
    {
        var client = new Http1Client(connection, this, Cluster.HttpLimits);
        if (!WakeFirst(new AcquiredStream(client, ForwardError.None, null)))
        {
            client.Release(Reactor.NowMs);
        }
    }
}
