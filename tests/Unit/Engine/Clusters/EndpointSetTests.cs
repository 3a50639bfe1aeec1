using System.Collections.Generic;
using System.Linq;
using FastMesh.Engine.Clusters;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Clusters;

public sealed class EndpointSetTests
{
    [Fact]
    public void Localities_Weighted_ShareByWeight()
    {
        EndpointSet set = ByLocality(In("a", 3, 1), In("a", 3, 2), In("b", 1, 3));
        Assert.Equal([(75, "12"), (25, "3")], Levels(set));
    }

    [Fact]
    public void Locality_WithFewUsable_GivesPartOfItsWeight()
    {
        // 1.4 × 50 % of a's weight of 1 is 0.7, beside 1.
        EndpointSet set = ByLocality(
            In("a", 1, 1), In("a", 1, 2) with { Health = HealthStatus.Unhealthy }, In("b", 1, 3));
        Assert.Equal([(41, "1"), (58, "3")], Levels(set));
    }

    [Fact]
    public void Localities_OneWithoutWeight_GetsNone() =>
        Assert.Equal([(100, "1")], Levels(ByLocality(In("a", 1, 1), In("b", 0, 2))));

    [Fact]
    public void Localities_NoneWithWeight_ShareAsBefore() =>
        Assert.Equal([(100, "12")], Levels(ByLocality(In("a", 0, 1), In("b", 0, 2))));

    [Fact]
    public void Priority_WhollyHealthy_TakesAll()
    {
        Assert.Equal([(100, "12")], Levels(Mesh.Set(50, Mesh.At(1), Mesh.At(2), Mesh.At(3, priority: 1))));
    }

    [Fact]
    public void Priority_HalfHealthy_Spills()
    {
        // 1.4 × 50 % stays.
        EndpointSet set = Mesh.Set(
            50, Mesh.At(1), Mesh.At(2, health: HealthStatus.Unhealthy), Mesh.At(3, priority: 1));
        Assert.Equal([(70, "1"), (30, "3")], Levels(set));
    }

    [Fact]
    public void Priority_BelowPanicThresholdWithHelp_DoesNotPanic()
    {
        EndpointSet set = Mesh.Set(
            50, Mesh.At(1), Mesh.At(2, health: HealthStatus.Unhealthy), Mesh.At(3, health: HealthStatus.Draining),
            Mesh.At(4, health: HealthStatus.Timeout), Mesh.At(5, priority: 1));
        Assert.Equal([(35, "1"), (65, "5")], Levels(set));
    }

    [Fact]
    public void Priorities_NoneHealthy_PanicInTheFirst()
    {
        EndpointSet set = Mesh.Set(
            50, Mesh.At(1, health: HealthStatus.Unhealthy), Mesh.At(2, health: HealthStatus.Unhealthy),
            Mesh.At(3, health: HealthStatus.Unhealthy, priority: 1));
        Assert.Equal([(100, "12")], Levels(set));
    }

    [Fact]
    public void Priorities_NoneHealthyThresholdZero_GiveNothing()
    {
        EndpointSet set = Mesh.Set(0, Mesh.At(1, health: HealthStatus.Unhealthy));
        Assert.Empty(set.Choose(0));
        Assert.Equal(1, set.Count);
    }

    [Fact]
    public void Priorities_TooWeakTogether_AreScaledUpAndPanicByThreshold()
    {
        // 25 % and 25 % of four: 35 + 35 < 100, so halves; both are under the threshold of 30.
        Endpoint[] endpoints =
        [
            Mesh.At(1), Mesh.At(2, health: HealthStatus.Unhealthy), Mesh.At(3, health: HealthStatus.Unhealthy),
            Mesh.At(4, health: HealthStatus.Unhealthy), Mesh.At(5, priority: 1),
            Mesh.At(6, health: HealthStatus.Unhealthy, priority: 1),
            Mesh.At(7, health: HealthStatus.Unhealthy, priority: 1),
            Mesh.At(8, health: HealthStatus.Unhealthy, priority: 1),
        ];
        Assert.Equal([(50, "1234"), (50, "5678")], Levels(Mesh.Set(30, endpoints)));
        Assert.Equal([(50, "1"), (50, "5")], Levels(Mesh.Set(0, endpoints)));
    }

    [Fact]
    public void Degraded_BesideHealthy_TakesOnlyTheRest()
    {
        EndpointSet enough = Mesh.Set(
            50, Mesh.At(1), Mesh.At(2), Mesh.At(3), Mesh.At(4, health: HealthStatus.Degraded));
        Assert.Equal([(100, "123")], Levels(enough));
        EndpointSet few = Mesh.Set(50, Mesh.At(1), Mesh.At(2, health: HealthStatus.Degraded));
        Assert.Equal([(70, "1"), (30, "2")], Levels(few));
    }

    [Fact]
    public void Schedule_Weights_AreSpreadEvenly()
    {
        EndpointRuntime[] schedule = Mesh.Set(0, Mesh.At(1, 5), Mesh.At(2, 1), Mesh.At(3, 2)).Choose(0);
        Assert.Equal("13112131", Names(schedule));
    }

    [Fact]
    public void Schedule_CommonDivisor_IsRemoved()
    {
        Assert.Equal(3, Mesh.Set(0, Mesh.At(1, 200_000), Mesh.At(2, 100_000)).Choose(0).Length);
    }

    [Fact]
    public void Schedule_WeightsBeyondItsPlaces_NobodyStarves()
    {
        EndpointRuntime[] schedule = Mesh.Set(0, Mesh.At(1, 4_000_000_000), Mesh.At(2, 1)).Choose(0);
        Assert.InRange(schedule.Length, WeightedSchedule.PlacesMax, WeightedSchedule.PlacesMax + 1);
        Assert.Equal(1, schedule.Count(endpoint => endpoint.Model.Weight == 1));
    }

    [Fact]
    public void Schedule_TenThousandEqualEndpoints_HasEachOnce()
    {
        Endpoint[] endpoints = [.. Enumerable.Range(0, 10_000).Select(_ => Mesh.At(1, 3))];
        Assert.Equal(10_000, Mesh.Set(50, endpoints).Choose(0).Distinct().Count());
    }

    private static Endpoint In(string zone, uint weight, int last) =>
        Mesh.At(last) with { Locality = new Locality("r", zone, "", weight) };

    private static EndpointSet ByLocality(params Endpoint[] endpoints) =>
        new(Mesh.Set(50, endpoints).All, 50, byLocality: true);

    private static List<(int Percent, string Names)> Levels(EndpointSet set)
    {
        var counts = new List<(int, string)>();
        foreach (IGrouping<string, int> level in Enumerable.Range(0, 1000)
            .GroupBy(at => Names(set.Choose((ulong)((at + 0.5) / 1000 * ulong.MaxValue)))))
        {
            counts.Add((level.Count() / 10, level.Key));
        }

        return counts;
    }

    private static string Names(EndpointRuntime[] schedule) =>
        string.Concat(schedule.Select(endpoint => endpoint.Model.Target.Host.Split('.')[3]));
}
