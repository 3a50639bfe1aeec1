using System;
using System.Collections.Generic;
using System.Net;

namespace FastMesh.Model;

/// <summary>What no single part of a configuration can know: names, references, and what must fit together.</summary>
public static class MeshConfigValidator
{
    /// <summary>Checks a configuration and reports everything that is wrong or doubtful.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="placeOf">
    /// Where a part of it, and a field within the part, was written; null where not known. Without it paths count from
    /// <paramref name="config"/>.
    /// </param>
    public static IReadOnlyList<ConfigProblem> Validate(
        MeshConfig config, Func<object, string, ConfigPlace?>? placeOf = null)
    {
        var report = new ValidationReport(placeOf);
        var clusters = new HashSet<string>(StringComparer.Ordinal);
        for (int index = 0; index < config.Clusters.Count; index++)
        {
            Cluster cluster = config.Clusters[index];
            string path = $"clusters[{index}]";
            if (!clusters.Add(cluster.Name))
            {
                report.Error(cluster, path, "name", $"\"{cluster.Name}\" names two clusters");
            }

            ClusterValidator.Check(cluster, path, report);
        }

        CheckListeners(config, clusters, report);
        return report.Problems;
    }

    private static void CheckListeners(MeshConfig config, HashSet<string> clusters, ValidationReport report)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var addresses = new Dictionary<SocketTarget, string>();
        for (int index = 0; index < config.Listeners.Count; index++)
        {
            Listener listener = config.Listeners[index];
            string path = $"listeners[{index}]";
            if (!names.Add(listener.Name))
            {
                report.Error(listener, path, "name", $"\"{listener.Name}\" names two listeners");
            }

            CheckAddress(listener, listener.Address, path, "address", addresses, report);
            for (int more = 0; more < listener.AdditionalAddresses.Count; more++)
            {
                string field = $"additional_addresses[{more}]";
                CheckAddress(listener, listener.AdditionalAddresses[more], path, field, addresses, report);
            }

            CheckChains(listener, path, clusters, report);
        }

        if (config.Admin is { } admin && addresses.TryGetValue(Key(admin), out string? other))
        {
            report.Error(config, "admin", "address", $"listener \"{other}\" has {admin} already");
        }
    }

    private static void CheckAddress(
        Listener listener,
        SocketTarget address,
        string path,
        string field,
        Dictionary<SocketTarget, string> addresses,
        ValidationReport report)
    {
        if (address.Path is null && !IPAddress.TryParse(address.Host, out _))
        {
            // The reader of a file has said so, at the very place.
            if (address.Host.Length > 0)
            {
                report.Error(listener, path, field, $"\"{address.Host}\" is not an IP address");
            }

            return;
        }

        bool shares = address.Path is null && address.Port == 0;
        if (listener.BindToPort && !shares && !addresses.TryAdd(Key(address), listener.Name))
        {
            report.Error(listener, path, field, $"listener \"{addresses[Key(address)]}\" has {address} already");
        }
    }

    private static SocketTarget Key(SocketTarget target) => new(target.Host, target.Port, target.Path);

    private static void CheckChains(
        Listener listener, string path, HashSet<string> clusters, ValidationReport report)
    {
        if (listener.FilterChains.Count == 0 && listener.DefaultFilterChain is null)
        {
            report.Error(listener, path, "filter_chains", "the listener has no filter chain");
        }

        var matches = new Dictionary<FilterChainMatch, int>();
        for (int index = 0; index < listener.FilterChains.Count; index++)
        {
            FilterChain chain = listener.FilterChains[index];
            string chainPath = $"{path}.filter_chains[{index}]";
            if (!matches.TryAdd(chain.Match, index))
            {
                string text = $"matches the same connections as filter_chains[{matches[chain.Match]}]";
                report.Error(chain, chainPath, "filter_chain_match", text);
            }

            CheckFilter(chain.Filter, chainPath + ".filter", clusters, report);
        }

        if (listener.DefaultFilterChain is { } fallback)
        {
            if (fallback.Match != FilterChainMatch.Any)
            {
                string text = "changes nothing: the default chain takes what is left";
                report.Warn(fallback, path + ".default_filter_chain", "filter_chain_match", text);
            }

            CheckFilter(fallback.Filter, path + ".default_filter_chain.filter", clusters, report);
        }
    }

    private static void CheckFilter(
        NetworkFilter filter, string path, HashSet<string> clusters, ValidationReport report)
    {
        switch (filter)
        {
            case HttpConnectionManagerSettings manager:
                RouteValidator.Check(manager.Routes, path + ".route_config", clusters, report);
                break;
            case TcpProxySettings proxy:
                CheckShares(proxy, path, clusters, report);
                break;
        }
    }

    // Envoy starts with a TCP relay to an unknown cluster and closes its connections; so do we, but we say so.
    private static void CheckShares(
        TcpProxySettings proxy, string path, HashSet<string> clusters, ValidationReport report)
    {
        for (int index = 0; index < proxy.Clusters.Count; index++)
        {
            string name = proxy.Clusters[index].Cluster;
            if (name.Length > 0 && !clusters.Contains(name))
            {
                string field = proxy.Clusters.Count == 1 ? "cluster" : $"weighted_clusters.clusters[{index}].name";
                report.Warn(proxy, path, field, $"there is no cluster \"{name}\"; connections will be closed");
            }
        }
    }
}
