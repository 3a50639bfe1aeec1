using System;
using System.Collections.Generic;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// Weights turned into an order: every endpoint stands in it as often as its weight says, as evenly spread as can be
/// (earliest deadline first, which is what Envoy does at each pick; here it is done once for each set).
/// </summary>
internal static class WeightedSchedule
{
    /// <summary>
    /// Places of a schedule; where weights need more they are rounded, none below one place. 128 KiB of references.
    /// </summary>
    public const int PlacesMax = 16_384;

    /// <summary>Creates the order.</summary>
    /// <param name="endpoints">Endpoints with weights of at least 1; 0 counts as 1.</param>
    public static EndpointRuntime[] Create(List<EndpointRuntime> endpoints)
    {
        uint[] places = Places(endpoints, out bool equal);
        if (equal)
        {
            return [.. endpoints];
        }

        var schedule = new List<EndpointRuntime>();
        var queue = new PriorityQueue<int, (double Deadline, int Index)>(places.Length);
        var given = new uint[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            queue.Enqueue(i, (0.5 / places[i], i));
        }

        while (queue.TryDequeue(out int index, out _))
        {
            schedule.Add(endpoints[index]);
            if (++given[index] < places[index])
            {
                queue.Enqueue(index, ((given[index] + 0.5) / places[index], index));
            }
        }

        return [.. schedule];
    }

    private static uint[] Places(List<EndpointRuntime> endpoints, out bool equal)
    {
        var places = new uint[endpoints.Count];
        ulong sum = 0;
        uint divisor = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = Math.Max(1, endpoints[i].Model.Weight);
            sum += places[i];
            divisor = Gcd(divisor, places[i]);
        }

        equal = divisor == 0 || sum / divisor == (ulong)places.Length;
        int limit = Math.Max(PlacesMax, places.Length);
        bool rounds = !equal && sum / divisor > (ulong)limit;
        for (int i = 0; i < places.Length && !equal; i++)
        {
            places[i] = rounds
                ? (uint)Math.Max(1, Math.Round((double)places[i] * limit / sum))
                : places[i] / divisor;
        }

        return places;
    }

    private static uint Gcd(uint a, uint b) => b == 0 ? a : Gcd(b, a % b);
}
