using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Routing;

public sealed class HostTableTests
{
    [Theory]
    [InlineData("a.example", 0)]
    [InlineData("A.Example", 0)]
    [InlineData("x.a.example", 2)]
    [InlineData("x.example", 1)]
    [InlineData(".example", 5)]
    [InlineData("foo-bar.com", 3)]
    [InlineData("-bar.com", 5)]
    [InlineData("api.test", 4)]
    [InlineData("api.", 5)]
    [InlineData("other", 5)]
    [InlineData("", 5)]
    [InlineData("a.example.", 5)]
    public void Find_Authority_TakesExactThenLongestSuffixThenPrefixThenAny(string authority, int expected)
    {
        HostTable table = Compile(
            false, ["a.example"], ["*.example"], ["*.a.example"], ["*-bar.com"], ["api.*"], ["*"]);
        Assert.Equal(expected, table.Find(Encoding.Latin1.GetBytes(authority)));
    }

    [Fact]
    public void Find_SuffixAndPrefixBothFit_TakesTheSuffix()
    {
        HostTable table = Compile(false, ["api.*"], ["*.example"]);
        Assert.Equal(1, table.Find("api.example"u8));
    }

    [Theory]
    [InlineData("a.example:80", true, 0)]
    [InlineData("a.example:", true, 0)]
    [InlineData("a.example:80", false, -1)]
    [InlineData("b.example:80", false, 1)]
    [InlineData("[::1]:80", true, 2)]
    [InlineData("[::1]", true, 2)]
    [InlineData("[::1]:80", false, -1)]
    public void Find_AuthorityWithPort_StripsItOnlyWhenTold(string authority, bool ignorePort, int expected)
    {
        HostTable table = Compile(ignorePort, ["a.example"], ["b.example:80"], ["[::1]"]);
        Assert.Equal(expected, table.Find(Encoding.Latin1.GetBytes(authority)));
    }

    [Fact]
    public void Find_TenThousandHosts_FindsEach()
    {
        string[][] domains = new string[10_000][];
        for (int i = 0; i < domains.Length; i++)
        {
            domains[i] = [$"service-{i}.ns.svc.cluster.local", $"*.wild-{i}.example"];
        }

        HostTable table = Compile(false, domains);
        for (int i = 0; i < domains.Length; i += 13)
        {
            Assert.Equal(i, table.Find(Encoding.Latin1.GetBytes($"SERVICE-{i}.ns.svc.cluster.local")));
            Assert.Equal(i, table.Find(Encoding.Latin1.GetBytes($"x.y.wild-{i}.example")));
        }
    }

    [Theory]
    [InlineData("a.example", "A.EXAMPLE")]
    [InlineData("*.x", "*.X")]
    [InlineData("*", "*")]
    public void Compile_DomainTwice_IsAProblemAtTheSecond(string first, string second)
    {
        List<ConfigProblem> problems = [];
        _ = new HostTable(Model(false, [[first], [second]]), problems);
        ConfigProblem problem = Assert.Single(problems);
        Assert.Equal("virtual_hosts[1].domains[0]", problem.Path);
        Assert.Contains("occurs twice", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.*.b")]
    [InlineData("*.a.*")]
    [InlineData("")]
    public void Compile_BadDomain_IsAProblem(string domain)
    {
        List<ConfigProblem> problems = [];
        _ = new HostTable(Model(false, [[domain]]), problems);
        Assert.Single(problems);
    }

    private static HostTable Compile(bool ignorePort, params string[][] domains)
    {
        List<ConfigProblem> problems = [];
        HostTable table = new(Model(ignorePort, domains), problems);
        Assert.Empty(problems);
        return table;
    }

    private static RouteConfiguration Model(bool ignorePort, string[][] domains)
    {
        List<VirtualHost> hosts = [];
        foreach (string[] own in domains)
        {
            hosts.Add(new VirtualHost { Name = $"h{hosts.Count}", Domains = own });
        }

        return new RouteConfiguration { VirtualHosts = hosts, IgnorePortInHostMatching = ignorePort };
    }
}
