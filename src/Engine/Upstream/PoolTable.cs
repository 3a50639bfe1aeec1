using System.Collections.Generic;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;

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

    public PoolTable(Reactor reactor)
    {
        _reactor = reactor;
        _timer = new ReactorTimer(static state => ((PoolTable)state!).Sweep(), this);
    }

    public ConnectionPool PoolFor(EndpointRuntime endpoint, ClusterRuntime cluster)
    {
        EndpointState state = endpoint.PerReactor[_reactor.Index];
        return state.Pool as ConnectionPool ?? Add(state, endpoint, cluster);
    }

    /// <summary>Closes every idle connection, for a drain.</summary>
    public void CloseIdle()
    {
        foreach (ConnectionPool pool in _pools)
        {
            pool.CloseIdle();
        }
    }

    private ConnectionPool Add(EndpointState state, EndpointRuntime endpoint, ClusterRuntime cluster)
    {
        var pool = new ConnectionPool(_reactor, endpoint, cluster, cluster.StatsFor(_reactor.Index));
        state.Pool = pool;
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
                pool.Endpoint.PerReactor[_reactor.Index].Pool = null;
            }
        }

        if (_pools.Count > 0)
        {
            _reactor.Timers.Schedule(_timer, SweepIntervalMs);
        }
    }
}
