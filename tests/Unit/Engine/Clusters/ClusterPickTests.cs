using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Clusters;

public sealed class ClusterPickTests
{
    [Fact]
    public void RoundRobin_Weights_AreExactInEveryCycle()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.RoundRobin, Mesh.At(1, 5), Mesh.At(2, 1), Mesh.At(3, 2));
        for (int cycle = 0; cycle < 3; cycle++)
        {
            Assert.Equal([5, 1, 2], Mesh.Picks(cluster, 8).Values);
        }
    }

    [Fact]
    public void RoundRobin_Reactors_DoNotBeginTogether()
    {
        ClusterRuntime cluster = Mesh.Static(
            LoadBalancing.RoundRobin, [.. Enumerable.Range(1, 8).Select(last => Mesh.At(last))]);
        EndpointRuntime? first = cluster.Pick(new PickContext { ReactorIndex = 0 }).Endpoint;
        Assert.NotSame(first, cluster.Pick(new PickContext { ReactorIndex = 1 }).Endpoint);
    }

    [Fact]
    public void Random_Weights_AreKeptOnAverage()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.Random, Mesh.At(1, 1), Mesh.At(2, 3), Mesh.At(3, 6));
        SortedDictionary<int, int> picks = Mesh.Picks(cluster, 100_000);
        Assert.InRange(picks[1], 9_500, 10_500);
        Assert.InRange(picks[2], 29_000, 31_000);
        Assert.InRange(picks[3], 59_000, 61_000);
    }

    [Fact]
    public void Random_TwoPriorities_UsesAllOfTheFirst()
    {
        // The draw that selects the priority must not shrink the choice within it.
        ClusterRuntime cluster = Mesh.Static(
            LoadBalancing.Random, Mesh.At(1), Mesh.At(2), Mesh.At(3), Mesh.At(4),
            Mesh.At(5, health: HealthStatus.Unhealthy), Mesh.At(6, health: HealthStatus.Unhealthy),
            Mesh.At(7, priority: 1));
        SortedDictionary<int, int> picks = Mesh.Picks(cluster, 60_000);
        Assert.InRange(picks[7], 3_400, 4_600);
        Assert.All([1, 2, 3, 4], last => Assert.InRange(picks[last], 13_300, 14_700));
    }

    [Fact]
    public void LeastRequest_BusyEndpoint_IsAvoided()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.LeastRequest, Mesh.At(1), Mesh.At(2), Mesh.At(3));
        cluster.Endpoints.All[1].PerReactor[0].ActiveRequests = 10;
        SortedDictionary<int, int> picks = Mesh.Picks(cluster, 9_000);

        // It is taken only when both draws name it: one time in nine.
        Assert.InRange(picks[2], 850, 1_150);
    }

    [Fact]
    public void LeastRequest_OtherReactorsLoad_DoesNotCount()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.LeastRequest, Mesh.At(1), Mesh.At(2));
        cluster.Endpoints.All[0].PerReactor[1].ActiveRequests = 10;
        Assert.InRange(Mesh.Picks(cluster, 1_000)[1], 430, 570);
        Assert.InRange(Mesh.Picks(cluster, 1_000, reactor: 1)[1], 180, 320);
    }

    [Fact]
    public void LeastRequest_IdleAndWeighted_KeepsWeights()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.LeastRequest, Mesh.At(1, 1), Mesh.At(2, 4));
        Assert.InRange(Mesh.Picks(cluster, 10_000)[1], 1_800, 2_200);
    }

    [Fact]
    public void LeastRequest_LoadInProportionToWeight_IsEqual()
    {
        ClusterRuntime cluster = Mesh.Static(LoadBalancing.LeastRequest, Mesh.At(1, 1), Mesh.At(2, 4));
        cluster.Endpoints.All[0].PerReactor[0].ActiveRequests = 2;
        cluster.Endpoints.All[1].PerReactor[0].ActiveRequests = 7;

        // 2 / 1 is more than 7 / 4: the first goes only to a double draw, 1 in 25.
        Assert.InRange(Mesh.Picks(cluster, 10_000)[1], 300, 500);
    }

    [Fact]
    public void Pick_NoEndpoints_SaysNoHealthyUpstream()
    {
        PickResult result = Mesh.Static(LoadBalancing.RoundRobin).Pick(default);
        Assert.Null(result.Endpoint);
        Assert.Equal(ResponseFlags.NoHealthyUpstream, result.Flags);
    }

    [Fact]
    public void Pick_SteadyState_AllocatesNothing()
    {
        foreach (LoadBalancing policy in new[]
            { LoadBalancing.RoundRobin, LoadBalancing.LeastRequest, LoadBalancing.Random })
        {
            ClusterRuntime cluster = Mesh.Static(policy, Mesh.At(1), Mesh.At(2, 7), Mesh.At(3, priority: 1));
            PickContext context = new() { Random = 77 };
            cluster.Pick(context);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                context.Random += 0x9E3779B97F4A7C15UL;
                cluster.Pick(context);
            }

            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Fact]
    public void CircuitBreaker_RequestsOfAllReactors_AreCounted()
    {
        ClusterRuntime cluster = Mesh.Run(new Cluster
        {
            Name = "c", CircuitBreaker = new CircuitBreaker(MaxConnections: 2, MaxRequests: 3),
        });
        cluster.Stats[0].UpstreamRqActive = 2;
        cluster.Stats[1].UpstreamRqActive = 1;
        cluster.Stats[1].UpstreamCxActive = 1;
        Assert.False(cluster.IsFull());
        Assert.False(cluster.HasAllConnections());
        cluster.Stats[0].UpstreamRqActive = 3;
        cluster.Stats[0].UpstreamCxActive = 1;
        Assert.True(cluster.IsFull());
        Assert.True(cluster.HasAllConnections());
    }
}
