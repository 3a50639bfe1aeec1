using System;
using System.Collections.Generic;
using FastMesh.Model;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// Envoy's locality weighted load balancing: the traffic of a priority goes to its localities by weight, each cut down
/// by what is usable of it (1 / 1.4 of its endpoints carry it in full). A locality without a weight gets none.
/// </summary>
internal static class LocalityShares
{
    /// <summary>Splits each share of the traffic among the localities of its members.</summary>
    /// <param name="shares">Percent and what may be used for it, all of one priority each.</param>
    /// <param name="priorities">All endpoints by priority, to know how large a locality is.</param>
    /// <param name="overprovisioning">How much more than its part a locality can carry.</param>
    public static List<(double Load, List<EndpointRuntime> Members)> Split(
        List<(double Load, List<EndpointRuntime> Members)> shares,
        List<List<EndpointRuntime>> priorities,
        double overprovisioning)
    {
        var split = new List<(double Load, List<EndpointRuntime> Members)>();
        foreach ((double load, List<EndpointRuntime> members) in shares)
        {
            List<EndpointRuntime> priority =
                priorities.Find(list => list[0].Model.Priority == members[0].Model.Priority) ?? members;
            Dictionary<(string, string, string), List<EndpointRuntime>> usable = ByLocality(members);
            Dictionary<(string, string, string), List<EndpointRuntime>> all = ByLocality(priority);
            var weighted = new List<(double Weight, List<EndpointRuntime> Members)>();
            double sum = 0;
            foreach (((string, string, string) place, List<EndpointRuntime> here) in usable)
            {
                double available = Math.Min(1, overprovisioning * here.Count / all[place].Count);
                double weight = available * here[0].Model.Locality.Weight;
                if (weight > 0)
                {
                    weighted.Add((weight, here));
                    sum += weight;
                }
            }

            if (weighted.Count == 0)
            {
                // Weights that nobody gave decide nothing.
                split.Add((load, members));
            }

            foreach ((double weight, List<EndpointRuntime> here) in weighted)
            {
                split.Add((load * weight / sum, here));
            }
        }

        return split;
    }

    private static Dictionary<(string, string, string), List<EndpointRuntime>> ByLocality(
        List<EndpointRuntime> endpoints)
    {
        var places = new Dictionary<(string, string, string), List<EndpointRuntime>>();
        foreach (EndpointRuntime endpoint in endpoints)
        {
            Locality locality = endpoint.Model.Locality;
            (string, string, string) place = (locality.Region, locality.Zone, locality.SubZone);
            if (!places.TryGetValue(place, out List<EndpointRuntime>? list))
            {
                places.Add(place, list = []);
            }

            list.Add(endpoint);
        }

        return places;
    }
}
