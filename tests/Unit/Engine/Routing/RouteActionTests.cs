using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Protocols;
using Xunit;
using static FastMesh.Tests.Unit.Engine.Routing.RoutingFixture;

namespace FastMesh.Tests.Unit.Engine.Routing;

public sealed class RouteActionTests
{
    /// <summary>The location that a redirect writes.</summary>
    internal static string Location(RouteEntry route, RequestHead head, bool secure)
    {
        HttpFields fields = new();
        route.WriteLocation(head, secure, fields);
        return Encoding.Latin1.GetString(fields.Value(fields.Find(KnownField.Location)));
    }

    [Theory]
    [InlineData(PathMatchKind.Prefix, "/old", "/new", "/old/x?q", "/new/x?q")]
    [InlineData(PathMatchKind.Prefix, "/old/", "/", "/old/x", "/x")]
    [InlineData(PathMatchKind.Prefix, "/OLD", "/new", "/oLd", "/new")]
    [InlineData(PathMatchKind.SegmentPrefix, "/old", "/new", "/old/x", "/new/x")]
    [InlineData(PathMatchKind.SegmentPrefix, "/old", "/new", "/old?q", "/new?q")]
    [InlineData(PathMatchKind.Exact, "/old", "/new", "/old?q", "/new?q")]
    [InlineData(PathMatchKind.Regex, "/o[l]d.*", "/new", "/old/x?q", "/new?q")]
    public void RewriteRequest_Prefix_SwapsWhatMatched(
        PathMatchKind kind, string match, string rewrite, string path, string expected)
    {
        RouteMatch model = new() { PathKind = kind, Path = match, CaseSensitive = match != "/OLD" };
        RequestHead head = Rewritten(new ForwardAction { Cluster = "c", PrefixRewrite = rewrite }, Get(path), model);
        Assert.Equal(expected, Encoding.Latin1.GetString(head.Path));
        Assert.Equal(path, Field(head, "x-envoy-original-path"));
    }

    [Fact]
    public void RewriteRequest_Regex_LeavesTheQueryAlone()
    {
        ForwardAction action = new() { Cluster = "c", PathRewrite = new RegexRewrite("^/a/([^/]+)/(.*)$", "/\\2/\\1") };
        Assert.Equal("/z/w/b?x=/a/q/r", Encoding.Latin1.GetString(Rewritten(action, Get("/a/b/z/w?x=/a/q/r")).Path));
        action = new() { Cluster = "c", PathRewrite = new RegexRewrite("^.*$", "x") };
        Assert.Equal("/x?y", Encoding.Latin1.GetString(Rewritten(action, Get("/a?y")).Path));
    }

    [Fact]
    public void RewriteRequest_Nothing_ChangesNothing()
    {
        RequestHead head = Rewritten(new ForwardAction { Cluster = "c" }, Get("/a"));
        Assert.Equal(0, head.Fields.Count);
        Assert.Equal("/a", Encoding.Latin1.GetString(head.Path));
    }

    [Theory]
    [InlineData("literal", "b.example")]
    [InlineData("field", "from.field")]
    [InlineData("regex", "tenant")]
    [InlineData("bad-field", "a.example")]
    [InlineData("none", "a.example")]
    public void RewriteRequest_Host_TakesItFromWhereTold(string from, string expected)
    {
        ForwardAction action = new()
        {
            Cluster = "c",
            HostRewriteLiteral = from == "literal" ? "b.example" : null,
            HostRewriteField = from switch
            {
                "field" => "x-host",
                "bad-field" => "x-bad",
                "none" => "x-none",
                _ => null,
            },
            HostRewritePathRegex = from == "regex" ? new RegexRewrite("^/([a-z]+)/.*$", "\\1") : null,
            AppendForwardedHost = true,
        };
        RequestHead head = Rewritten(
            action,
            Get("/tenant/x?y", fields: [("x-host", "from.field"), ("x-bad", "a b"), ("x-forwarded-host", "first")]));
        Assert.Equal(expected, Encoding.Latin1.GetString(head.Authority));
        Assert.Equal(
            expected == "a.example" ? "first" : "first,a.example", Field(head, "x-forwarded-host"));
    }

    [Theory]
    [InlineData("http://a.example:80/x?y", 0)]
    [InlineData("https://a.example/x?y", 1)]
    [InlineData("https://b.example/x?y", 2)]
    [InlineData("http://a.example:8443/x?y", 3)]
    [InlineData("http://a.example:80/z?y", 4)]
    [InlineData("http://a.example:80/z?w", 5)]
    [InlineData("http://a.example:80/new?y", 6)]
    [InlineData("http://a.example:80/x", 7)]
    [InlineData("ftp://a.example/x?y", 8)]
    [InlineData("http://a.example:80/x-x?y", 9)]
    public void WriteLocation_Redirect_BuildsAsEnvoyDoes(string expected, int which)
    {
        RedirectAction[] actions =
        [
            new(),
            new() { HttpsRedirect = true },
            new() { HttpsRedirect = true, HostRedirect = "b.example" },
            new() { PortRedirect = 8443 },
            new() { PathRedirect = "/z" },
            new() { PathRedirect = "/z?w", StripQuery = true },
            new() { PrefixRewrite = "/new" },
            new() { StripQuery = true },
            new() { SchemeRedirect = "ftp" },
            new() { PathRewrite = new RegexRewrite("/(.)", "/\\1-\\1") },
        ];
        RouteTable table = Compile(Table(new Route { Match = new() { Path = "/x" }, Action = actions[which] }));
        RequestHead head = Get("/x?y", "a.example:80");
        RouteEntry route = table.Match(head, default)!;
        Assert.Equal(expected, Location(route, head, secure: false));
        Assert.Equal(301, route.RedirectStatus);
    }

    [Theory]
    [InlineData("[::1]:80", "https://[::1]/x")]
    [InlineData("[::1]:8080", "https://[::1]:8080/x")]
    [InlineData("a", "https://a/x")]
    public void WriteLocation_ToHttps_DropsOnlyTheDefaultPort(string authority, string expected)
    {
        RouteTable table = Compile(
            Table(new Route { Match = Any, Action = new RedirectAction { HttpsRedirect = true } }));
        RequestHead head = Get("/x", authority);
        Assert.Equal(expected, Location(table.Match(head, default)!, head, secure: false));
    }

    [Fact]
    public void PickCluster_Weights_SplitExactly()
    {
        RouteEntry route = Only(new ForwardAction
        {
            WeightedClusters =
            [
                new WeightedCluster { Cluster = "a", Weight = 1 },
                new WeightedCluster { Cluster = "never", Weight = 0 },
                new WeightedCluster { Cluster = "b", Weight = 3 },
            ],
        });
        Dictionary<string, int> picked = [];
        for (ulong random = 0; random < 400; random++)
        {
            string name = route.PickCluster(Get("/"), random).Cluster!.Name;
            picked[name] = picked.GetValueOrDefault(name) + 1;
        }

        Assert.Equal(new Dictionary<string, int> { ["a"] = 100, ["b"] = 300 }, picked);
    }

    [Fact]
    public void PickCluster_ByField_LooksTheNameUp()
    {
        RouteEntry route = Only(new ForwardAction { ClusterField = "x-cluster" });
        Assert.Equal("a", route.PickCluster(Get("/", fields: ("X-Cluster", "a")), 0).Cluster?.Name);
        Assert.Equal("a", route.PickCluster(Get("/", fields: ("X-Cluster", "a")), 0).Cluster?.Name);
        Assert.Null(route.PickCluster(Get("/", fields: ("x-cluster", "missing")), 0).Cluster);
        Assert.Null(route.PickCluster(Get("/"), 0).Cluster);
    }

    [Fact]
    public void PickCluster_Missing_IsNullAndAProblemOnlyWhenValidated()
    {
        ForwardAction action = new() { Cluster = "missing", ClusterNotFound = ClusterNotFoundStatus.NotFound };
        Assert.Null(Only(action).PickCluster(Get("/"), 0).Cluster);
        Assert.Equal(404, Only(action).ClusterNotFoundStatus);
        RouteConfiguration table = Table(new Route { Match = Any, Action = action }) with { ValidateClusters = true };
        Assert.Equal("virtual_hosts[0].routes[0].route.cluster", Assert.Single(Problems(table)).Path);
    }

    [Fact]
    public void AllowsUpgrade_RouteSaysNothing_LeavesItToTheManager()
    {
        RouteEntry route = Only(new ForwardAction
        {
            Cluster = "c",
            Upgrades = [new UpgradeRule("websocket"), new UpgradeRule("CONNECT", Enabled: false)],
        });
        Assert.True(route.AllowsUpgrade("WebSocket"u8));
        Assert.False(route.AllowsUpgrade("connect"u8));
        Assert.Null(route.AllowsUpgrade("other"u8));
    }

    [Fact]
    public void Compile_Times_KeepEnvoysDefaults()
    {
        Assert.Equal(15_000, Only(new ForwardAction { Cluster = "c" }).TimeoutMs);
        RouteEntry route = Only(new ForwardAction
        {
            Cluster = "c",
            Timeout = TimeSpan.FromTicks(1),
            IdleTimeout = TimeSpan.Zero,
        });
        Assert.Equal(1, route.TimeoutMs);
        Assert.Equal(0, route.IdleTimeoutMs);
        Assert.Null(route.MaxStreamDurationMs);
    }

    [Fact]
    public void Compile_BadActions_NameTheirPlaces()
    {
        List<string> paths = Problems(Table(
            new Route { Match = new() { Path = "/1" }, Action = new ForwardAction() },
            new Route { Match = new() { Path = "/2" }, Action = new RedirectAction { StatusCode = 200 } },
            new Route { Match = new() { Path = "/3" }, Action = new DirectResponseAction(99, new byte[5000]) },
            new Route
            {
                Match = new() { Path = "/4" },
                Action = new ForwardAction
                {
                    Cluster = "c",
                    PrefixRewrite = "/a b",
                    AutoHostRewrite = true,
                    HostRewriteLiteral = "x",
                },
            },
            new Route
            {
                Match = new() { Path = "/5" },
                Action = new ForwardAction { WeightedClusters = [new WeightedCluster { Cluster = "a" }] },
            }))
            .ConvertAll(problem => problem.Path["virtual_hosts[0].routes[".Length..]);
        Assert.Equal(
            [
                "0].route",
                "1].redirect.response_code",
                "2].direct_response.status",
                "2].direct_response.body",
                "3].route",
                "3].route.prefix_rewrite",
                "4].route.weighted_clusters",
            ],
            paths);
    }

    private static RouteEntry Only(ForwardAction action) =>
        Compile(Table(new Route { Match = Any, Action = action })).Match(Get("/"), default)!;

    private static RequestHead Rewritten(ForwardAction action, RequestHead head, RouteMatch? match = null)
    {
        RouteTable table = Compile(Table(new Route { Match = match ?? Any, Action = action }));
        RouteEntry route = table.Match(head, default)!;
        route.RewriteRequest(head, route.PickCluster(head, 0), keepsOriginalPath: true);
        return head;
    }

    private static string? Field(RequestHead head, string name)
    {
        int line = head.Fields.Find(Encoding.Latin1.GetBytes(name));
        return line < 0 ? null : Encoding.Latin1.GetString(head.Fields.Value(line));
    }
}
