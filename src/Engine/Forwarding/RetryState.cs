using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;

namespace FastMesh.Engine.Forwarding;

/// <summary>What one exchange remembers of its attempts.</summary>
internal sealed class RetryState
{
    /// <summary>Endpoints remembered; of more attempts than that the first are passed over for good.</summary>
    private const int TriedMax = 8;

    private readonly EndpointRuntime?[] _tried = new EndpointRuntime?[TriedMax];
    private int _triedCount;
    private ClusterStats? _counted;

    /// <summary>Retries by the route's policy.</summary>
    public int Made { get; private set; }

    /// <summary>The idle-close race was answered by a resend; that cannot race again.</summary>
    public bool HasRaced { get; set; }

    public bool HasTried(EndpointRuntime endpoint)
    {
        for (int i = 0; i < _triedCount; i++)
        {
            if (_tried[i] == endpoint)
            {
                return true;
            }
        }

        return false;
    }

    public void Tried(EndpointRuntime endpoint)
    {
        if (_triedCount < TriedMax)
        {
            _tried[_triedCount++] = endpoint;
        }
    }

    /// <summary>A retry begins: it counts for the circuit breaker until its attempt has a result.</summary>
    public void Begin(ClusterStats stats)
    {
        Made++;
        _counted = stats;
        stats.UpstreamRqRetryActive++;
    }

    /// <summary>The attempt has a result.</summary>
    public void EndAttempt()
    {
        if (_counted is { } stats)
        {
            _counted = null;
            stats.UpstreamRqRetryActive--;
        }
    }

    public void Clear()
    {
        EndAttempt();
        Made = 0;
        HasRaced = false;
        System.Array.Clear(_tried, 0, _triedCount);
        _triedCount = 0;
    }
}
