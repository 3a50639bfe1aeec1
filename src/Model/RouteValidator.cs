using System;
using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>What must fit together within a routing table, and the clusters it names.</summary>
internal static class RouteValidator
{
    /// <summary>Checks one routing table.</summary>
    public static void Check(
        RouteConfiguration routes, string path, IReadOnlySet<string> clusters, ValidationReport report)
    {
        var domains = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (int index = 0; index < routes.VirtualHosts.Count; index++)
        {
            VirtualHost host = routes.VirtualHosts[index];
            string hostPath = $"{path}.virtual_hosts[{index}]";
            CheckDomains(host, hostPath, domains, report);
            for (int route = 0; route < host.Routes.Count; route++)
            {
                CheckRoute(routes, host.Routes[route], $"{hostPath}.routes[{route}]", clusters, report);
            }
        }
    }

    private static void CheckDomains(
        VirtualHost host, string path, Dictionary<string, string> domains, ValidationReport report)
    {
        if (host.Domains.Count == 0)
        {
            report.Error(host, path, "domains", "the virtual host has no domains");
        }

        for (int index = 0; index < host.Domains.Count; index++)
        {
            string domain = host.Domains[index];
            int star = domain.IndexOf('*', StringComparison.Ordinal);
            bool isInner = star > 0 && star < domain.Length - 1;
            if (domain.Length == 0 || isInner || star != domain.LastIndexOf('*'))
            {
                string text = $"\"{domain}\" is not a domain; write a.example, *.example, a.* or *";
                report.Error(host, path, $"domains[{index}]", text);
            }
            else if (!domains.TryAdd(domain, host.Name))
            {
                string text = $"virtual host \"{domains[domain]}\" has \"{domain}\" already";
                report.Error(host, path, $"domains[{index}]", text);
            }
        }
    }

    private static void CheckRoute(
        RouteConfiguration routes, Route route, string path, IReadOnlySet<string> clusters, ValidationReport report)
    {
        switch (route.Action)
        {
            case ForwardAction forward:
                CheckRewrite(route, forward, path, report);
                if (routes.ValidateClusters)
                {
                    CheckClusters(route, forward, path, clusters, report);
                }

                break;
            case DirectResponseAction reply when reply.Body.Length > routes.MaxDirectResponseBodyBytes:
                string text = $"has {reply.Body.Length} bytes; max_direct_response_body_size_bytes is "
                    + $"{routes.MaxDirectResponseBodyBytes}";
                report.Error(route, path, "direct_response.body", text);
                break;
        }
    }

    private static void CheckRewrite(Route route, ForwardAction forward, string path, ValidationReport report)
    {
        if (forward.PrefixRewrite is null)
        {
            return;
        }

        if (route.Match.PathKind is PathMatchKind.Regex or PathMatchKind.Connect)
        {
            string text = "needs a match by prefix, path or path_separated_prefix; use regex_rewrite";
            report.Error(route, path, "route.prefix_rewrite", text);
        }
    }

    private static void CheckClusters(
        Route route, ForwardAction forward, string path, IReadOnlySet<string> clusters, ValidationReport report)
    {
        if (forward.Cluster is { Length: > 0 } name && !clusters.Contains(name))
        {
            report.Error(route, path, "route.cluster", Unknown(name, clusters));
        }

        for (int index = 0; index < forward.WeightedClusters.Count; index++)
        {
            name = forward.WeightedClusters[index].Cluster;
            if (name.Length > 0 && !clusters.Contains(name))
            {
                string field = $"route.weighted_clusters.clusters[{index}].name";
                report.Error(route, path, field, Unknown(name, clusters));
            }
        }
    }

    private static string Unknown(string name, IReadOnlySet<string> clusters)
    {
        const int NamedMax = 5;
        string text = $"there is no cluster \"{name}\"";
        if (clusters.Count is 0 or > NamedMax)
        {
            return text;
        }

        string[] names = [.. clusters];
        Array.Sort(names, StringComparer.Ordinal);
        return text + "; there is " + string.Join(", ", names);
    }
}
