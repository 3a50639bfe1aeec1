using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Clusters;

public sealed class DnsRefreshTests : IDisposable
{
    private readonly Dictionary<string, string> _names = new();
    private DnsRefresh? _refresh;

    public void Dispose() => _refresh?.Dispose();

    [Fact]
    public async Task Refresh_AddressStays_KeepsItsIdentity()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        _names["a"] = "10.0.0.1 10.0.0.2";
        await _refresh!.RefreshAsync();
        EndpointRuntime[] before = cluster.Endpoints.All;
        _names["a"] = "10.0.0.3 10.0.0.2";
        Assert.True(await _refresh.RefreshAsync());
        Assert.Equal("10.0.0.3:80 10.0.0.2:80", Text(cluster));
        Assert.Same(before[1], cluster.Endpoints.All[1]);
        Assert.True(before[0].IsRetired);
        Assert.False(before[1].IsRetired);
    }

    [Fact]
    public async Task Refresh_NothingNew_KeepsTheSet()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        _names["a"] = "10.0.0.1 10.0.0.2 10.0.0.1";
        await _refresh!.RefreshAsync();
        EndpointSet before = cluster.Endpoints;
        _names["a"] = "10.0.0.2 10.0.0.1";
        await _refresh.RefreshAsync();
        Assert.Same(before, cluster.Endpoints);
        Assert.Equal(2, before.Count);
    }

    [Fact]
    public async Task Refresh_Failure_KeepsTheLastAnswer()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        _names["a"] = "10.0.0.1";
        await _refresh!.RefreshAsync();
        _names.Remove("a");
        Assert.False(await _refresh.RefreshAsync());
        Assert.Equal("10.0.0.1:80", Text(cluster));
        Assert.False(cluster.Endpoints.All[0].IsRetired);
    }

    [Fact]
    public async Task Refresh_OneOfTwoNamesFails_OnlyItsAddressesStay()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a", "b");
        _names["a"] = "10.0.0.1";
        _names["b"] = "10.0.0.2";
        await _refresh!.RefreshAsync();
        _names["a"] = "10.0.0.9";
        _names.Remove("b");
        await _refresh.RefreshAsync();
        Assert.Equal("10.0.0.9:80 10.0.0.2:80", Text(cluster));
    }

    [Fact]
    public async Task Refresh_NeverResolved_LeavesNoEndpoints()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        Assert.False(await _refresh!.RefreshAsync());
        Assert.Null(cluster.Pick(default).Endpoint);
    }

    [Fact]
    public async Task Logical_RotatedAnswer_StaysWithTheAddressInUse()
    {
        ClusterRuntime cluster = Start(ClusterType.LogicalDns, "a");
        _names["a"] = "10.0.0.1 10.0.0.2";
        await _refresh!.RefreshAsync();
        Assert.Equal("10.0.0.1:80", Text(cluster));
        _names["a"] = "10.0.0.2 10.0.0.1";
        await _refresh.RefreshAsync();
        Assert.Equal("10.0.0.1:80", Text(cluster));
        _names["a"] = "10.0.0.2 10.0.0.3";
        await _refresh.RefreshAsync();
        Assert.Equal("10.0.0.2:80", Text(cluster));
    }

    [Theory]
    [InlineData(DnsLookupFamily.Auto, "[fd00::1]:80")]
    [InlineData(DnsLookupFamily.V4Only, "10.0.0.1:80")]
    [InlineData(DnsLookupFamily.V6Only, "[fd00::1]:80")]
    [InlineData(DnsLookupFamily.V4Preferred, "10.0.0.1:80")]
    [InlineData(DnsLookupFamily.All, "10.0.0.1:80 [fd00::1]:80")]
    public async Task LookupFamily_MixedAnswer_Selects(DnsLookupFamily family, string expected)
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, family, "a");
        _names["a"] = "10.0.0.1 fd00::1";
        await _refresh!.RefreshAsync();
        Assert.Equal(expected, Text(cluster));
    }

    [Fact]
    public async Task LookupFamily_NoneOfIt_CountsAsFailure()
    {
        Start(ClusterType.StrictDns, DnsLookupFamily.V6Only, "a");
        _names["a"] = "10.0.0.1";
        Assert.False(await _refresh!.RefreshAsync());
    }

    [Fact]
    public async Task Answer_Enormous_IsCapped()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        _names["a"] = string.Join(' ', Enumerable.Range(0, 5000).Select(i => $"10.0.{i / 250}.{i % 250}"));
        await _refresh!.RefreshAsync();
        Assert.Equal(1000, cluster.Endpoints.Count);
    }

    [Fact]
    public async Task Literal_InDnsCluster_IsNotAsked()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "10.0.0.7");
        Assert.True(await _refresh!.RefreshAsync());
        Assert.Equal("10.0.0.7:80", Text(cluster));
    }

    [Fact]
    public async Task Start_FirstAnswer_CompletesTheTask()
    {
        ClusterRuntime cluster = Start(ClusterType.StrictDns, "a");
        _names["a"] = "10.0.0.1";
        await _refresh!.StartAsync();
        Assert.Equal("10.0.0.1:80", Text(cluster));
    }

    [Theory]
    [InlineData(5_000, 0, 5_000)]
    [InlineData(5_000, 1, 10_000)]
    [InlineData(5_000, 3, 40_000)]
    [InlineData(5_000, 50, 60_000)]
    [InlineData(300_000, 5, 300_000)]
    [InlineData(1, 0, 1_000)]
    public void Delay_FailuresInARow_DoublesUpToTheBound(int rateMs, int failures, long expectedMs)
    {
        TimeSpan rate = TimeSpan.FromMilliseconds(rateMs);
        Assert.Equal(expectedMs, DnsRefresh.DelayMs(rate, failures, 0));
        foreach (ulong random in new ulong[] { 1, 12345, ulong.MaxValue })
        {
            Assert.InRange(DnsRefresh.DelayMs(rate, failures, random), expectedMs, expectedMs * 11 / 10);
        }
    }

    private ClusterRuntime Start(ClusterType type, params string[] names) =>
        Start(type, DnsLookupFamily.All, names);

    private ClusterRuntime Start(ClusterType type, DnsLookupFamily family, params string[] names)
    {
        ClusterRuntime cluster = Mesh.Run(new Cluster
        {
            Name = "c",
            Type = type,
            DnsLookupFamily = family,
            Endpoints = [.. names.Select(name => new Endpoint(new SocketTarget(name, 80)))],
        });
        _refresh = new DnsRefresh(cluster, 2, NullLogger.Instance, (name, _) => Resolve(name));
        return cluster;
    }

    private Task<IPAddress[]> Resolve(string name) => _names.TryGetValue(name, out string? text)
        ? Task.FromResult(Array.ConvertAll(text.Split(' '), IPAddress.Parse))
        : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));

    private static string Text(ClusterRuntime cluster) =>
        string.Join(' ', cluster.Endpoints.All.Select(endpoint => endpoint.ToString()));
}
