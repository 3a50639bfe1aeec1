using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// All pools of one reactor. A pool hangs on its endpoint's per-reactor slot, so that finding it is one array access;
/// the list here exists for the sweep.
/// </summary>
internal sealed class PoolTable
{
    /// <summary>Between two looks at idle connections.</summary>
    private const int SweepIntervalMs = 1000;

    private readonly List<ConnectionPool> _pools = [];
    private readonly Reactor _reactor;
    private readonly ReactorTimer _timer;

    private readonly Http2Memory _memory;

    public PoolTable(Reactor reactor, Http2Memory memory)
    {
        _reactor = reactor;
        _memory = memory;
        _timer = new ReactorTimer(static state => ((PoolTable)state!).Sweep(), this);
    }

    /// <summary>The pool of one protocol: an endpoint may be spoken to in both.</summary>
    public ConnectionPool PoolFor(EndpointRuntime endpoint, ClusterRuntime cluster, bool isHttp2)
    {
        EndpointState state = endpoint.PerReactor[_reactor.Index];
        object? pool = isHttp2 ? state.Http2Pool : state.Pool;
        return pool as ConnectionPool ?? Add(state, endpoint, cluster, isHttp2);
    }

    /// <summary>Closes every idle connection, for a drain.</summary>
    public void CloseIdle()
    {
        foreach (ConnectionPool pool in _pools)
        {
            pool.CloseIdle();
        }
    }

    private ConnectionPool Add(EndpointState state, EndpointRuntime endpoint, ClusterRuntime cluster, bool isHttp2)
    {
        ConnectionPool pool;
        if (isHttp2)
        {
            pool = new Http2Pool(_reactor, endpoint, cluster, cluster.StatsFor(_reactor.Index), _memory);
            state.Http2Pool = pool;
        }
        else
        {
            pool = new Http1Pool(_reactor, endpoint, cluster, cluster.StatsFor(_reactor.Index));
            state.Pool = pool;
        }

        _pools.Add(pool);
        if (_pools.Count == 1)
        {
            _reactor.Timers.Schedule(_timer, SweepIntervalMs);
        }

        return pool;
    }

    private void Sweep()
    {
        for (int i = _pools.Count - 1; i >= 0; i--)
        {
            ConnectionPool pool = _pools[i];
            pool.Sweep(_reactor.NowMs);
            if (pool.IsRetired && pool.IsUnused)
            {
                _pools.RemoveAt(i);
                EndpointState state = pool.Endpoint.PerReactor[_reactor.Index];
                state.Pool = ReferenceEquals(state.Pool, pool) ? null : state.Pool;
                state.Http2Pool = ReferenceEquals(state.Http2Pool, pool) ? null : state.Http2Pool;
            }
        }

        if (_pools.Count > 0)
        {
            _reactor.Timers.Schedule(_timer, SweepIntervalMs);
        }
    }
}
