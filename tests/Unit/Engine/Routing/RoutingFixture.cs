using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tests.Support.Routing;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Routing;

/// <summary>Short words for route tests.</summary>
internal static class RoutingFixture
{
    /// <summary>Compiles a table that must have no errors.</summary>
    public static RouteTable Compile(RouteConfiguration model)
    {
        List<ConfigProblem> problems = [];
        RouteTable table = RouteTable.Compile(model, Cluster, problems);
        Assert.DoesNotContain(problems, problem => problem.Severity == ConfigSeverity.Error);
        return table;
    }

    /// <summary>What is wrong with a table.</summary>
    public static List<ConfigProblem> Problems(RouteConfiguration model)
    {
        List<ConfigProblem> problems = [];
        RouteTable.Compile(model, Cluster, problems, path: "");
        return problems;
    }

    /// <summary>A table with one virtual host for everything.</summary>
    public static RouteConfiguration Table(params Route[] routes) => new()
    {
        VirtualHosts = [new VirtualHost { Name = "all", Domains = ["*"], Routes = routes }],
    };

    /// <summary>A route to a cluster.</summary>
    public static Route To(string cluster, RouteMatch match) =>
        new() { Name = cluster, Match = match, Action = new ForwardAction { Cluster = cluster } };

    /// <summary>A match of all paths.</summary>
    public static RouteMatch Any => new() { Path = "/" };

    /// <summary>A request.</summary>
    public static RequestHead Get(string path, string authority = "a.example", params (string, string)[] fields) =>
        Head(new NaiveRequest("GET", authority, path, fields));

    /// <summary>The head of a request.</summary>
    public static RequestHead Head(NaiveRequest request)
    {
        RequestHead head = new();
        head.SetMethod(Encoding.Latin1.GetBytes(request.Method));
        head.SetAuthority(Encoding.Latin1.GetBytes(request.Authority));
        head.SetPath(Encoding.Latin1.GetBytes(request.Path));
        foreach ((string name, string value) in request.Fields)
        {
            head.Fields.Append(Encoding.Latin1.GetBytes(name), Encoding.Latin1.GetBytes(value));
        }

        return head;
    }

    /// <summary>The name of the route taken, or null.</summary>
    public static string? Match(RouteTable table, RequestHead head, ulong random = 0) =>
        table.Match(head, new RouteContext(random, IsSecure: false))?.Name;

    /// <summary>The name of the route that a table of the given match takes for a path, or null.</summary>
    public static bool Takes(RouteMatch match, RequestHead head, ulong random = 0) =>
        Match(Compile(Table(To("c", match))), head, random) is not null;

    /// <summary>A cluster of any name but "missing".</summary>
    public static ClusterRuntime? Cluster(string name) => name == "missing" ? null : ClusterRuntimeOf(name);

    private static ClusterRuntime ClusterRuntimeOf(string name) => new(new Cluster { Name = name }, []);
}
