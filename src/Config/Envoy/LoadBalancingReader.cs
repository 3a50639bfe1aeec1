using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads how a cluster picks endpoints.</summary>
internal static class LoadBalancingReader
{
    private const string Package = "envoy.config.cluster.v3.";
    private const string Policies = "envoy.extensions.load_balancing_policies.";
    private const string OriginalDestinationField = "x-envoy-original-dst-host";

    /// <summary>Takes the fields of a Cluster that say so.</summary>
    public static Cluster Read(Message message, Cluster cluster)
    {
        LoadBalancing? byPolicy = null;
        int choices = 2;
        if (message.Sub("load_balancing_policy", Package + "LoadBalancingPolicy") is { } list)
        {
            byPolicy = ReadPolicies(list, ref choices);
        }

        LoadBalancing policy = message.Enum("lb_policy", LoadBalancing.RoundRobin,
        [
            new("ROUND_ROBIN", 0, LoadBalancing.RoundRobin),
            new("LEAST_REQUEST", 1, LoadBalancing.LeastRequest),
            new("RING_HASH", 2, LoadBalancing.RoundRobin, IsSupported: false),
            new("RANDOM", 3, LoadBalancing.Random),
            new("MAGLEV", 5, LoadBalancing.RoundRobin, IsSupported: false),
            new("CLUSTER_PROVIDED", 6, LoadBalancing.ClusterProvided),
            new("LOAD_BALANCING_POLICY_CONFIG", 7, LoadBalancing.RoundRobin),
        ]);
        cluster = ReadOriginalDestination(message, cluster);
        if (message.Sub("least_request_lb_config", Package + "Cluster.LeastRequestLbConfig") is { } least)
        {
            choices = least.Count("choice_count", choices, min: 2);
            least.End();
        }

        message.Sub("round_robin_lb_config", Package + "Cluster.RoundRobinLbConfig")?.End();
        cluster = ReadCommon(message, cluster);
        return cluster with { LoadBalancing = byPolicy ?? policy, LeastRequestChoices = choices };
    }

    // The first policy of the list that is known is used (gRFC A52); the others are for other proxies.
    private static LoadBalancing? ReadPolicies(Message list, ref int choices)
    {
        List<Element> elements = list.Repeated("policies");
        list.End();
        foreach (Element element in elements)
        {
            Message holder = element.AsMessage(Package + "LoadBalancingPolicy.Policy");
            Message? extension = holder.Sub("typed_extension_config", "envoy.config.core.v3.TypedExtensionConfig");
            holder.End();
            Message? config = extension is null ? null : AnyReader.OpenTypedConfig(extension);
            extension?.End();
            LoadBalancing? policy = config?.TypeName switch
            {
                Policies + "round_robin.v3.RoundRobin" => LoadBalancing.RoundRobin,
                Policies + "least_request.v3.LeastRequest" => LoadBalancing.LeastRequest,
                Policies + "random.v3.Random" => LoadBalancing.Random,
                _ => null,
            };
            if (policy is null)
            {
                continue;
            }

            choices = policy == LoadBalancing.LeastRequest ? config!.Count("choice_count", choices, min: 2) : choices;
            config!.End();
            return policy;
        }

        list.Element.Error("none of the policies is supported; use round_robin, least_request or random");
        return null;
    }

    private static Cluster ReadOriginalDestination(Message message, Cluster cluster)
    {
        if (message.Sub("original_dst_lb_config", Package + "Cluster.OriginalDstLbConfig") is not { } config)
        {
            return cluster;
        }

        bool useField = config.Flag("use_http_header");
        string field = config.Text("http_header_name", OriginalDestinationField);
        cluster = cluster with
        {
            OriginalDestinationField = useField ? field : null,
            OriginalDestinationPort = config.Count("upstream_port_override", 0, max: ushort.MaxValue),
        };
        config.End();
        return cluster;
    }

    private static Cluster ReadCommon(Message message, Cluster cluster)
    {
        if (message.Sub("common_lb_config", Package + "Cluster.CommonLbConfig") is not { } common)
        {
            return cluster;
        }

        if (common.Sub("healthy_panic_threshold", "envoy.type.v3.Percent") is { } percent)
        {
            double threshold = percent.Take("value")?.AsDouble(0, 100) ?? 0;
            percent.End();
            cluster = cluster with { HealthyPanicThresholdPercent = threshold };
        }

        if (common.Sub("locality_weighted_lb_config", Package + "Cluster.CommonLbConfig.LocalityWeightedLbConfig") is
            { } weighted)
        {
            weighted.End();
            cluster = cluster with { LocalityWeighted = true };
        }

        common.Ignore("update_merge_window", "changes are applied at once");
        common.Ignore("ignore_new_hosts_until_first_hc", "there are no active health checks");
        common.End();
        return cluster;
    }
}
