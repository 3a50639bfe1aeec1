using System;
using System.Collections.Generic;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// The endpoints of a cluster at one moment, immutable. Each priority holds what may be used now as a schedule: indexes
/// in the order of smooth weighted round robin, so that every policy finds weights by plain indexing.
/// </summary>
internal sealed class EndpointSet
{
    /// <summary>Envoy's overprovisioning factor: a priority is full while 1 / 1.4 of it is healthy.</summary>
    private const double Overprovisioning = 1.4;

    /// <summary>Steps of a schedule; weights that need more are rounded.</summary>
    private const int ScheduleMax = 4096;

    private readonly Priority[] _priorities;

    public EndpointSet(EndpointRuntime[] endpoints, double panicThresholdPercent)
    {
        All = endpoints;
        _priorities = Arrange(endpoints, panicThresholdPercent);
    }

    public static EndpointSet Empty { get; } = new([], 0);

    public EndpointRuntime[] All { get; }

    public int Count => All.Length;

    /// <summary>Endpoints to choose from, each as often as its weight says; empty when none may be used.</summary>
    public EndpointRuntime[] Choose(ulong random)
    {
        if (_priorities.Length == 1)
        {
            return _priorities[0].Schedule;
        }

        double point = (random >> 11) * (100.0 / (1UL << 53));
        foreach (Priority priority in _priorities)
        {
            if (point < priority.LoadUpTo)
            {
                return priority.Schedule;
            }
        }

        return _priorities.Length == 0 ? [] : _priorities[^1].Schedule;
    }

    private static Priority[] Arrange(EndpointRuntime[] endpoints, double panicThresholdPercent)
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

        var priorities = new List<Priority>();
        double left = 100;
        foreach (List<EndpointRuntime> members in byPriority.Values)
        {
            List<EndpointRuntime> healthy = members.FindAll(static endpoint => endpoint.IsHealthy);
            double percent = 100.0 * healthy.Count / members.Count;
            double load = Math.Min(left, Math.Min(100, percent * Overprovisioning));
            left -= load;
            bool panics = percent < panicThresholdPercent;
            priorities.Add(new Priority(100 - left, Schedule(panics ? members : healthy), panics));
        }

        // Nothing can take all of it: spread over what panics, as it stands.
        if (left > 0 && priorities.Count > 0)
        {
            int taker = priorities.FindIndex(static priority => priority.Schedule.Length > 0);
            return taker < 0 ? [new Priority(100, [], false)] : [priorities[taker] with { LoadUpTo = 100 }];
        }

        return [.. priorities];
    }

    /// <summary>Smooth weighted round robin: at each step the endpoint that is furthest behind its share.</summary>
    private static EndpointRuntime[] Schedule(List<EndpointRuntime> endpoints)
    {
        ulong sum = 0;
        uint divisor = 0;
        foreach (EndpointRuntime endpoint in endpoints)
        {
            sum += endpoint.Model.Weight;
            divisor = Gcd(divisor, endpoint.Model.Weight);
        }

        if (sum == 0)
        {
            return [];
        }

        int steps = (int)Math.Min(sum / divisor, (ulong)Math.Max(ScheduleMax, endpoints.Count));
        var schedule = new EndpointRuntime[steps];
        var credit = new double[endpoints.Count];
        for (int step = 0; step < steps; step++)
        {
            int best = 0;
            for (int i = 0; i < credit.Length; i++)
            {
                credit[i] += endpoints[i].Model.Weight / (double)sum;
                if (credit[i] > credit[best] + 1e-12)
                {
                    best = i;
                }
            }

            credit[best] -= 1;
            schedule[step] = endpoints[best];
        }

        return schedule;
    }

    private static uint Gcd(uint a, uint b) => b == 0 ? a : Gcd(b, a % b);

    /// <param name="LoadUpTo">Percent of the traffic that this and the priorities before it take.</param>
    /// <param name="Schedule">What may be used.</param>
    /// <param name="Panics">Too little of it is healthy, so all of it is used.</param>
    private sealed record Priority(double LoadUpTo, EndpointRuntime[] Schedule, bool Panics);
}
