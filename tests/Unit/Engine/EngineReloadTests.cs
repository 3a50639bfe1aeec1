using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine;

/// <summary>What configurations leave behind when others follow, or when they are refused.</summary>
public sealed class EngineReloadTests
{
    private const int Reloads = 1000;

    [Fact]
    public async Task Apply_ManyConfigurationsWithNewNames_StatisticsOfTheOldAreForgotten()
    {
        await using MeshEngine engine = Start();
        Assert.Empty(await engine.ApplyAsync(Config(0)));
        int before = engine.Metrics.Collect().Count;
        for (int i = 1; i <= Reloads; i++)
        {
            Assert.Empty(await engine.ApplyAsync(Config(i)));
        }

        Assert.Equal(before, engine.Metrics.Collect().Count);
        string text = engine.Metrics.Text();
        Assert.Contains($"cluster.c{Reloads}.upstream_rq_total: 0\n", text, StringComparison.Ordinal);
        Assert.Contains($"http.h{Reloads}.downstream_rq_total: 0\n", text, StringComparison.Ordinal);
        Assert.Contains($"tcp.t{Reloads}.downstream_cx_total: 0\n", text, StringComparison.Ordinal);
        Assert.Contains($"listener.l{Reloads}.downstream_cx_total: 0\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_SameNames_CountersGoOn()
    {
        await using MeshEngine engine = Start();
        await engine.ApplyAsync(Config(1));
        engine.Metrics.Cluster("c1")[0].UpstreamRqTotal = 7;
        engine.Metrics.Listener("l1")[0].DownstreamCxTotal = 8;
        await engine.ApplyAsync(Config(1));
        string text = engine.Metrics.Text();
        Assert.Contains("cluster.c1.upstream_rq_total: 7\n", text, StringComparison.Ordinal);
        Assert.Contains("listener.l1.downstream_cx_total: 8\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_RefusedOrOnlyChecked_LeavesNoStatistics()
    {
        await using MeshEngine engine = Start();
        await engine.ApplyAsync(Config(1));
        string before = Names(engine);
        Cluster wrong = new() { Name = "c2", Endpoints = [new Endpoint(new SocketTarget("name.test", 1))] };
        Assert.NotEmpty(await engine.ApplyAsync(Config(2) with { Clusters = [wrong] }));
        Assert.Empty(engine.Check(Config(3)));
        Assert.Equal(before, Names(engine));
    }

    private static MeshEngine Start() =>
        new(new EngineOptions { Concurrency = 1, Transport = EngineTransport.Epoll });

    private static string Names(MeshEngine engine) =>
        string.Join('\n', engine.Metrics.Collect().ConvertAll(static sample => sample.FullName));

    private static MeshConfig Config(int number)
    {
        List<FilterChain> chains =
        [
            new()
            {
                Name = "http",
                Filter = new HttpConnectionManagerSettings
                {
                    StatPrefix = "h" + number,
                    Routes = new RouteConfiguration { Name = "r" },
                },
            },
            new()
            {
                Name = "tcp",
                Match = new FilterChainMatch { DestinationPort = 1 },
                Filter = new TcpProxySettings { StatPrefix = "t" + number, Clusters = [new("c" + number)] },
            },
        ];
        return new MeshConfig
        {
            Listeners =
            [
                new Listener
                {
                    Name = "l",
                    StatPrefix = "l" + number,
                    Address = new SocketTarget("127.0.0.1", 0),
                    FilterChains = [.. chains],
                },
            ],
            Clusters = [new Cluster { Name = "c" + number }],
        };
    }
}
