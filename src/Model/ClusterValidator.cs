using System.Collections.Generic;
using System.Net;

namespace FastMesh.Model;

/// <summary>What must fit together within a cluster.</summary>
internal static class ClusterValidator
{
    /// <summary>Checks one cluster.</summary>
    public static void Check(Cluster cluster, string path, ValidationReport report)
    {
        bool isOriginal = cluster.Type == ClusterType.OriginalDestination;
        if (isOriginal != (cluster.LoadBalancing == LoadBalancing.ClusterProvided))
        {
            string text = isOriginal
                ? "a cluster of type ORIGINAL_DST needs lb_policy CLUSTER_PROVIDED"
                : "CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST";
            report.Error(cluster, path, "lb_policy", text);
        }

        if (isOriginal && cluster.Endpoints.Count > 0)
        {
            string text = "a cluster of type ORIGINAL_DST learns its endpoints from connections";
            report.Error(cluster, path, "load_assignment", text);
        }

        if (cluster.Type == ClusterType.LogicalDns && cluster.Endpoints.Count != 1)
        {
            string text = $"a cluster of type LOGICAL_DNS has one endpoint, not {cluster.Endpoints.Count}";
            report.Error(cluster, path, "load_assignment", text);
        }

        CheckEndpoints(cluster, path, report);
    }

    private static void CheckEndpoints(Cluster cluster, string path, ValidationReport report)
    {
        ulong weights = 0;
        uint priorityMax = 0;
        var priorities = new HashSet<uint>();
        for (int index = 0; index < cluster.Endpoints.Count; index++)
        {
            Endpoint endpoint = cluster.Endpoints[index];
            string endpointPath = $"{path}.endpoints[{index}]";
            weights += endpoint.Weight;
            priorities.Add(endpoint.Priority);
            priorityMax = uint.Max(priorityMax, endpoint.Priority);
            SocketTarget target = endpoint.Target;
            if (target is { Path: null, Host.Length: > 0, Port: 0 })
            {
                report.Error(endpoint, endpointPath, "endpoint.address", "an endpoint needs a port from 1 to 65535");
            }

            bool resolves = cluster.Type is ClusterType.StrictDns or ClusterType.LogicalDns;
            if (!resolves && target is { Path: null, Host.Length: > 0 } && !IPAddress.TryParse(target.Host, out _))
            {
                string text = $"\"{target.Host}\" is not an IP address; use type STRICT_DNS or LOGICAL_DNS";
                report.Error(endpoint, endpointPath, "endpoint.address", text);
            }
        }

        if (priorities.Count > 0 && priorities.Count != priorityMax + 1)
        {
            report.Error(cluster, path, "load_assignment", "priorities must go from 0 up without a gap");
        }

        if (weights > uint.MaxValue)
        {
            report.Error(cluster, path, "load_assignment", $"the weights sum up to more than {uint.MaxValue}");
        }
    }
}
