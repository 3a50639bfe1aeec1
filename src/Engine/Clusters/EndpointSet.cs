using System;
using System.Collections.Generic;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// The endpoints of a cluster at one moment, immutable. What may be used now stands in levels, each with its share of
/// the traffic and a <see cref="WeightedSchedule"/>, so that every policy finds weights by plain indexing.
/// </summary>
/// <remarks>
/// Envoy's rules: a priority carries traffic in full while 1 / 1.4 of it is healthy and hands the rest to the next one.
/// Degraded endpoints come after all healthy ones. Only when all of it together cannot take the traffic are shares
/// scaled up, and a priority below the panic threshold uses all its endpoints.
/// </remarks>
internal sealed class EndpointSet
{
    /// <summary>Envoy's overprovisioning factor: a priority is full while 1 / 1.4 of it is healthy.</summary>
    private const double Overprovisioning = 1.4;

    private readonly Level[] _levels;

    /// <summary>Arranges the endpoints.</summary>
    /// <param name="endpoints">All of them, usable or not.</param>
    /// <param name="panicThresholdPercent">Share of healthy ones under which all are used; 0 never does so.</param>
    /// <param name="byLocality">Localities of a priority share its traffic by their weights.</param>
    public EndpointSet(EndpointRuntime[] endpoints, double panicThresholdPercent, bool byLocality = false)
    {
        All = endpoints;
        _levels = Arrange(endpoints, panicThresholdPercent, byLocality);
        foreach (EndpointRuntime endpoint in endpoints)
        {
            HealthyCount += endpoint.IsHealthy ? 1 : 0;
        }
    }

    public static EndpointSet Empty { get; } = new([], 0);

    public EndpointRuntime[] All { get; }

    public int Count => All.Length;

    public int HealthyCount { get; }

    /// <summary>Endpoints to choose from, each as often as its weight says; empty when none may be used.</summary>
    public EndpointRuntime[] Choose(ulong random)
    {
        Level[] levels = _levels;
        if (levels.Length == 1)
        {
            return levels[0].Schedule;
        }

        double point = (random >> 11) * (100.0 / (1UL << 53));
        foreach (Level level in levels)
        {
            if (point < level.LoadUpTo)
            {
                return level.Schedule;
            }
        }

        return levels.Length == 0 ? [] : levels[^1].Schedule;
    }

    private static Level[] Arrange(EndpointRuntime[] endpoints, double panicThresholdPercent, bool byLocality)
    {
        List<List<EndpointRuntime>> priorities = ByPriority(endpoints);
        var shares = new List<(double Load, List<EndpointRuntime> Members)>();
        double left = AddShares(shares, priorities, 100, static endpoint => endpoint.IsHealthy);
        left = AddShares(shares, priorities, left, static endpoint => endpoint.IsDegraded);
        if (left > 0.001)
        {
            shares = Panic(priorities, panicThresholdPercent);
        }

        if (byLocality)
        {
            shares = LocalityShares.Split(shares, priorities, Overprovisioning);
        }

        double sum = 0;
        foreach ((double load, _) in shares)
        {
            sum += load;
        }

        var levels = new List<Level>();
        double upTo = 0;
        foreach ((double load, List<EndpointRuntime> members) in shares)
        {
            upTo += load * 100 / sum;
            levels.Add(new Level(upTo, WeightedSchedule.Create(members)));
        }

        return [.. levels];
    }

    private static List<List<EndpointRuntime>> ByPriority(EndpointRuntime[] endpoints)
    {
        var byPriority = new SortedDictionary<uint, List<EndpointRuntime>>();
        foreach (EndpointRuntime endpoint in endpoints)
        {
            if (!byPriority.TryGetValue(endpoint.Model.Priority, out List<EndpointRuntime>? list))
            {
                byPriority.Add(endpoint.Model.Priority, list = []);
            }

            list.Add(endpoint);
        }

        return [.. byPriority.Values];
    }

    /// <summary>Gives each priority what it can carry of the rest.</summary>
    /// <returns>Percent that nobody took.</returns>
    private static double AddShares(
        List<(double Load, List<EndpointRuntime> Members)> shares, List<List<EndpointRuntime>> priorities, double left,
        Predicate<EndpointRuntime> usable)
    {
        foreach (List<EndpointRuntime> priority in priorities)
        {
            List<EndpointRuntime> members = priority.FindAll(usable);
            double load = Math.Min(left, 100.0 * Overprovisioning * members.Count / priority.Count);
            if (load > 0)
            {
                shares.Add((load, members));
                left -= load;
            }
        }

        return left;
    }

    /// <summary>
    /// Too little is usable to carry all: by what is usable, all endpoints where the threshold says so.
    /// </summary>
    private static List<(double Load, List<EndpointRuntime> Members)> Panic(
        List<List<EndpointRuntime>> priorities, double panicThresholdPercent)
    {
        var shares = new List<(double, List<EndpointRuntime>)>();
        foreach (List<EndpointRuntime> priority in priorities)
        {
            List<EndpointRuntime> usable =
                priority.FindAll(static endpoint => endpoint.IsHealthy || endpoint.IsDegraded);
            double percent = 100.0 * usable.Count / priority.Count;
            if (usable.Count > 0)
            {
                shares.Add((percent, percent < panicThresholdPercent ? priority : usable));
            }
        }

        // Nothing at all is usable: the first priority takes it, or nobody does.
        if (shares.Count == 0 && priorities.Count > 0 && panicThresholdPercent > 0)
        {
            shares.Add((100, priorities[0]));
        }

        return shares;
    }

    /// <param name="LoadUpTo">Percent of the traffic that this and the levels before it take.</param>
    /// <param name="Schedule">What may be used.</param>
    private sealed record Level(double LoadUpTo, EndpointRuntime[] Schedule);
}
