using FastMesh.Engine.Telemetry;
using FastMesh.Model;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// What a cluster is at the moment of a scrape: its members, and which circuit breakers are open. Envoy's names under
/// <c>cluster.&lt;name&gt;.</c>
/// </summary>
internal sealed class ClusterGauges(ClusterRuntime cluster) : StatBlock
{
    private const string Breakers = "circuit_breakers.default.";

    public override void Visit(IStatVisitor visitor)
    {
        long connections = 0;
        long pending = 0;
        long requests = 0;
        long retries = 0;
        foreach (ClusterStats stats in cluster.Stats)
        {
            connections += stats.UpstreamCxActive + stats.UpstreamCxConnecting;
            pending += stats.UpstreamRqPendingActive;
            requests += stats.UpstreamRqActive;
            retries += stats.UpstreamRqRetryActive;
        }

        CircuitBreaker limits = cluster.Model.CircuitBreaker;
        visitor.Gauge(Breakers + "cx_open", connections >= limits.MaxConnections ? 1 : 0);
        visitor.Gauge(Breakers + "rq_pending_open", pending >= limits.MaxPendingRequests ? 1 : 0);
        visitor.Gauge(Breakers + "rq_open", requests >= limits.MaxRequests ? 1 : 0);
        visitor.Gauge(Breakers + "rq_retry_open", retries >= limits.MaxRetries ? 1 : 0);
        if (limits.TrackRemaining)
        {
            visitor.Gauge(Breakers + "remaining_cx", Remaining(limits.MaxConnections, connections));
            visitor.Gauge(Breakers + "remaining_pending", Remaining(limits.MaxPendingRequests, pending));
            visitor.Gauge(Breakers + "remaining_rq", Remaining(limits.MaxRequests, requests));
            visitor.Gauge(Breakers + "remaining_retries", Remaining(limits.MaxRetries, retries));
        }

        EndpointSet endpoints = cluster.Endpoints;
        visitor.Gauge("membership_total", endpoints.Count);
        visitor.Gauge("membership_healthy", endpoints.HealthyCount);
    }

    private static long Remaining(uint limit, long used) => limit > used ? limit - used : 0;
}
