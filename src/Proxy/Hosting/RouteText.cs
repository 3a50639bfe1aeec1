using System.Collections.Generic;
using System.Linq;
using FastMesh.Model;
using FastMesh.Proxy.Admin;

namespace FastMesh.Proxy.Hosting;

/// <summary>Routes in one line each, for people.</summary>
internal static class RouteText
{
    public static IEnumerable<RouteRow> Rows(RouteConfiguration table) =>
        from host in table.VirtualHosts
        from route in host.Routes
        select new RouteRow(
            table.Name, host.Name, string.Join(' ', host.Domains), Match(route.Match), Action(route.Action));

    /// <summary>Every route table of every HTTP connection manager, each name once.</summary>
    public static IEnumerable<RouteConfiguration> Tables(MeshConfig config) =>
        config.Listeners.SelectMany(Chains)
            .Select(chain => chain.Filter)
            .OfType<HttpConnectionManagerSettings>()
            .Select(manager => manager.Routes)
            .Distinct();

    public static string Match(RouteMatch match)
    {
        string path = match.PathKind switch
        {
            PathMatchKind.Prefix => "prefix " + match.Path,
            PathMatchKind.Exact => "path " + match.Path,
            PathMatchKind.SegmentPrefix => "segments " + match.Path,
            PathMatchKind.Regex => "regex " + match.Path,
            _ => "CONNECT",
        };
        string fields = match.Fields.Count == 0 ? string.Empty : $" +{match.Fields.Count} headers";
        string query = match.QueryParameters.Count == 0 ? string.Empty : $" +{match.QueryParameters.Count} parameters";
        return path + fields + query;
    }

    public static string Action(RouteAction action) => action switch
    {
        ForwardAction { Cluster: { } cluster } => "cluster " + cluster,
        ForwardAction { ClusterField: { } field } => "cluster of header " + field,
        ForwardAction forward => "weighted " + string.Join(
            ' ', forward.WeightedClusters.Select(share => $"{share.Cluster}={share.Weight}")),
        RedirectAction redirect => $"redirect {redirect.StatusCode}",
        DirectResponseAction direct => $"direct {direct.StatusCode}",
        _ => "none",
    };

    private static IEnumerable<FilterChain> Chains(Listener listener) =>
        listener.DefaultFilterChain is { } last ? listener.FilterChains.Append(last) : listener.FilterChains;
}
