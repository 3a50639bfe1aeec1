using System.Collections.Generic;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// What the HTTP rooms keep on one reactor: free exchanges and the upstream pools. Reactor thread only.
/// </summary>
internal sealed class ReactorState
{
    /// <summary>
    /// Exchanges, and HTTP/2 streams, kept for reuse; with about 8 KiB each, 4,096 hold 32 MiB after a peak.
    /// </summary>
    private const int FreeExchangesMax = 4096;

    private readonly Stack<DownstreamStream> _freeStreams = new();
    private Exchange? _free;
    private int _freeCount;

    public ReactorState(Reactor reactor)
    {
        Reactor = reactor;
        Pools = new PoolTable(reactor, Http2Memory);
        Forwarder = new Forwarder(this);
    }

    public Reactor Reactor { get; }

    public PoolTable Pools { get; }

    public Forwarder Forwarder { get; }

    /// <summary>What the HTTP/2 sessions of the reactor share.</summary>
    public Http2Memory Http2Memory { get; } = new();

    /// <summary>100 (Continue).</summary>
    public ResponseHead Continue { get; } = new() { StatusCode = 100 };

    public ResponseDate Date { get; } = new();

    /// <summary>An HTTP/2 stream that was in use before, or null.</summary>
    public DownstreamStream? RentStream() => _freeStreams.TryPop(out DownstreamStream? stream) ? stream : null;

    public void Return(DownstreamStream stream)
    {
        if (_freeStreams.Count < FreeExchangesMax)
        {
            _freeStreams.Push(stream);
        }
    }

    public Exchange Rent()
    {
        Exchange? exchange = _free;
        if (exchange is null)
        {
            return new Exchange(Reactor, Date);
        }

        _free = exchange.NextFree;
        _freeCount--;
        exchange.NextFree = null;
        return exchange;
    }

    public void Return(Exchange exchange)
    {
        exchange.Clear();
        if (_freeCount < FreeExchangesMax)
        {
            exchange.NextFree = _free;
            _free = exchange;
            _freeCount++;
        }
    }
}
