using System;
using System.Collections.Generic;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tests.Support.Routing;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Routing;

/// <summary>The compiled table against the plain meaning of the model.</summary>
public sealed class RouteOrderTests
{
    [Fact]
    public void Match_RandomTables_AgreesWithRuleByRule()
    {
        int taken = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            RandomRoutes random = new(new Random(seed));
            RouteConfiguration model = random.Table();
            RouteTable table = RoutingFixture.Compile(model);
            for (int i = 0; i < 20; i++)
            {
                NaiveRequest request = random.Request();
                RequestHead head = RoutingFixture.Head(request);
                string? actual = RoutingFixture.Match(table, head, request.Random);
                (int host, int route) = NaiveRouteMatcher.Match(model, request);
                string? expected = route < 0 ? null : $"{host}/{route}";
                taken += route < 0 ? 0 : 1;
                Assert.True(expected == actual, $"seed {seed} request {i} {request}: {expected} is {actual}");
            }
        }

        Assert.InRange(taken, 10_000, 60_000);
    }

    [Fact]
    public void Match_TenThousandRoutes_TakesTheFirstWritten()
    {
        List<Route> routes = [];
        for (int i = 0; i < 10_000; i++)
        {
            RouteMatch match = (i % 3) switch
            {
                0 => new RouteMatch { Path = $"/service/{i}/" },
                1 => new RouteMatch { PathKind = PathMatchKind.Exact, Path = $"/service/{i}" },
                _ => new RouteMatch { PathKind = PathMatchKind.SegmentPrefix, Path = $"/service/{i}" },
            };
            routes.Add(RoutingFixture.To($"r{i}", match));
        }

        routes.Add(RoutingFixture.To("rest", RoutingFixture.Any));
        RouteTable table = RoutingFixture.Compile(RoutingFixture.Table(routes.ToArray()));
        for (int i = 0; i < 10_000; i += 37)
        {
            string path = (i % 3) switch
            {
                0 => $"/service/{i}/x",
                1 => $"/service/{i}",
                _ => $"/service/{i}/y?z",
            };
            Assert.Equal($"r{i}", RoutingFixture.Match(table, RoutingFixture.Get(path)));
        }

        Assert.Equal("rest", RoutingFixture.Match(table, RoutingFixture.Get("/service/x")));
    }

    [Fact]
    public void Compile_RuleBehindOneThatTakesAll_WarnsWithItsPlace()
    {
        List<ConfigProblem> problems = RoutingFixture.Problems(RoutingFixture.Table(
            RoutingFixture.To("a", new RouteMatch { Path = "/a" }),
            RoutingFixture.To("b", new RouteMatch { PathKind = PathMatchKind.Exact, Path = "/ab" }),
            RoutingFixture.To("c", new RouteMatch { PathKind = PathMatchKind.Exact, Path = "/b" })));

        ConfigProblem problem = Assert.Single(problems);
        Assert.Equal(ConfigSeverity.Warning, problem.Severity);
        Assert.Equal("virtual_hosts[0].routes[1]", problem.Path);
        Assert.Contains("routes[0]", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", PathMatchKind.Prefix, "/a", false)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", PathMatchKind.Prefix, "/a/b", true)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", PathMatchKind.Exact, "/ab", false)]
    [InlineData(PathMatchKind.Regex, "/a.*", PathMatchKind.Exact, "/ab", true)]
    [InlineData(PathMatchKind.Regex, "/[a]", PathMatchKind.Exact, "/a", false)]
    [InlineData(PathMatchKind.Prefix, "/a", PathMatchKind.Regex, "/a[b]+", true)]
    [InlineData(PathMatchKind.Exact, "/a", PathMatchKind.Exact, "/a", true)]
    public void Compile_SecondRule_IsShadowedOrNot(
        PathMatchKind firstKind, string first, PathMatchKind secondKind, string second, bool shadowed)
    {
        List<ConfigProblem> problems = RoutingFixture.Problems(RoutingFixture.Table(
            RoutingFixture.To("a", new RouteMatch { PathKind = firstKind, Path = first }),
            RoutingFixture.To("b", new RouteMatch { PathKind = secondKind, Path = second })));

        Assert.Equal(shadowed, problems.Count == 1);
    }
}
