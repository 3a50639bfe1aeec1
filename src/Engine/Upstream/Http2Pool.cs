using System;
using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// The HTTP/2 connections of one reactor to one endpoint. A request takes a stream of the first that has one free;
/// another connection is opened when none has and the circuit breaker allows it. Reactor thread only.
/// </summary>
internal sealed class Http2Pool : ConnectionPool
{
    /// <summary>Streams kept for reuse; with about 300 bytes each.</summary>
    private const int FreeStreamsMax = 1024;

    private static readonly string[] s_protocols = ["h2"];

    private readonly List<Http2Client> _clients = [];
    private readonly Stack<Http2ClientStream> _free = new();
    private readonly Http2Memory _memory;

    public Http2Pool(
        Reactor reactor, EndpointRuntime endpoint, ClusterRuntime cluster, ClusterStats stats, Http2Memory memory)
        : base(reactor, endpoint, cluster, stats)
    {
        _memory = memory;
        Http2Stats = cluster.Http2StatsFor(reactor.Index);
        StreamsExpected = Math.Min(cluster.Http2Limits.StreamsBeforeSettings, cluster.Http2Limits.StreamsMax);
    }

    public Http2Stats Http2Stats { get; }

    /// <inheritdoc/>
    public override string[] ApplicationProtocols => s_protocols;

    /// <inheritdoc/>
    public override bool Speaks(ReadOnlySpan<byte> applicationProtocol) =>
        applicationProtocol.IsEmpty || applicationProtocol.SequenceEqual("h2"u8);

    /// <summary>
    /// Streams that a connection takes, as its last one said: what it would refuse is not sent in the time before a new
    /// one has said so itself.
    /// </summary>
    public int StreamsExpected { get; private set; }

    protected override int StreamsPerConnection => StreamsExpected;

    /// <summary>A stream of a connection that has one free, or null.</summary>
    public override UpstreamStream? TryRent(long nowMs)
    {
        foreach (Http2Client client in _clients)
        {
            if (client.StreamsFree > 0)
            {
                Http2ClientStream stream = _free.TryPop(out Http2ClientStream? free)
                    ? free
                    : new Http2ClientStream(Cluster.HttpLimits);
                stream.Begin(client);
                return stream;
            }
        }

        return null;
    }

    /// <summary>A server has said how many streams it takes.</summary>
    public void OnSettings(int streamsMax)
    {
        StreamsExpected = Math.Clamp(streamsMax, 1, Cluster.Http2Limits.StreamsMax);
        OnStreamFree();
    }

    /// <summary>A stream is free again, or more of them are allowed: who waits first takes it.</summary>
    public void OnStreamFree()
    {
        while (HasPending && TryRent(Reactor.NowMs) is { } stream)
        {
            WakeFirst(new AcquiredStream(stream, ForwardError.None, null));
        }
    }

    /// <summary>Keeps a stream that is over.</summary>
    public void Recycle(Http2ClientStream stream)
    {
        if (_free.Count < FreeStreamsMax)
        {
            _free.Push(stream);
        }
    }

    /// <summary>This connection takes no further stream.</summary>
    public void Remove(Http2Client client) => _clients.Remove(client);

    /// <inheritdoc/>
    public override void Sweep(long nowMs)
    {
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            Http2Client client = _clients[i];
            bool isIdle = client.IsIdle && client.IdleUntilMs <= nowMs;
            if (IsRetired || isIdle)
            {
                Stats.UpstreamCxIdleTimeout += isIdle ? 1 : 0;
                client.Drain();
            }
        }

        OpenForPending();
    }

    /// <inheritdoc/>
    public override void CloseIdle()
    {
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            if (_clients[i].IsIdle)
            {
                _clients[i].Drain();
            }
        }
    }

    /// <inheritdoc/>
    protected override void Adopt(TransportConnection connection)
    {
        Stats.UpstreamCxHttp2Total++;
        var client = new Http2Client(connection, this, _memory);
        _clients.Add(client);
        client.Start();
        OnStreamFree();
    }
}
