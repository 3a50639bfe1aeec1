using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Clusters;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>
/// A compiled <see cref="RouteConfiguration"/>: request head to <see cref="RouteEntry"/>. Immutable, shared by all
/// reactors; a lookup allocates nothing and costs the same for one virtual host or route as for ten thousand.
/// </summary>
internal sealed class RouteTable
{
    private readonly HostTable _hosts;
    private readonly VirtualHostRoutes[] _virtualHosts;
    private readonly byte[][] _internalOnly;

    private RouteTable(string name, HostTable hosts, VirtualHostRoutes[] virtualHosts, byte[][] internalOnly)
    {
        Name = name;
        _hosts = hosts;
        _virtualHosts = virtualHosts;
        _internalOnly = internalOnly;
    }

    /// <summary>The name of the table.</summary>
    public string Name { get; }

    /// <summary>Compiles a table.</summary>
    /// <param name="model">What was said.</param>
    /// <param name="clusters">Cluster by name, or null for none; asked again for <c>cluster_header</c>.</param>
    /// <param name="problems">Takes errors and warnings; with an error the table must not be used.</param>
    /// <param name="path">Where the model stands in the configuration.</param>
    public static RouteTable Compile(
        RouteConfiguration model,
        Func<string, ClusterRuntime?> clusters,
        List<ConfigProblem> problems,
        string path = "route_config")
    {
        List<ConfigProblem> own = [];
        RouteCompiler compiler = new(model, new ClusterNames(clusters), own);
        HostTable hosts = new(model, own);
        VirtualHostRoutes[] virtualHosts = new VirtualHostRoutes[model.VirtualHosts.Count];
        for (int i = 0; i < virtualHosts.Length; i++)
        {
            virtualHosts[i] = compiler.Compile(model.VirtualHosts[i], i);
        }

        compiler.Names.Seal();
        byte[][] internalOnly = new byte[model.InternalOnlyFields.Count][];
        for (int i = 0; i < internalOnly.Length; i++)
        {
            internalOnly[i] = Encoding.UTF8.GetBytes(model.InternalOnlyFields[i]);
        }

        foreach (ConfigProblem problem in own)
        {
            problems.Add(problem with { Path = path.Length == 0 ? problem.Path : $"{path}.{problem.Path}" });
        }

        return new RouteTable(model.Name, hosts, virtualHosts, internalOnly);
    }

    /// <summary>The route of a request, or null when no virtual host or no route takes it (404, flag NR).</summary>
    public RouteEntry? Match(RequestHead head, in RouteContext context)
    {
        int host = _hosts.Find(head.Authority);
        return host < 0 ? null : _virtualHosts[host].Match(head, context);
    }

    /// <summary>Removes what only insiders may say (<c>internal_only_headers</c>).</summary>
    public void RemoveInternalOnly(HttpFields fields)
    {
        foreach (byte[] name in _internalOnly)
        {
            fields.Remove(name);
        }
    }
}
