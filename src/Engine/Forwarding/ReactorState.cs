using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// What the HTTP rooms keep on one reactor: free exchanges and the upstream pools. Reactor thread only.
/// </summary>
internal sealed class ReactorState
{
    /// <summary>Exchanges kept for reuse; with about 8 KiB each, 4,096 hold 32 MiB after a peak.</summary>
    private const int FreeExchangesMax = 4096;

    private Exchange? _free;
    private int _freeCount;

    public ReactorState(Reactor reactor)
    {
        Reactor = reactor;
        Pools = new PoolTable(reactor);
        Forwarder = new Forwarder(this);
    }

    public Reactor Reactor { get; }

    public PoolTable Pools { get; }

    public Forwarder Forwarder { get; }

    public ResponseDate Date { get; } = new();

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
