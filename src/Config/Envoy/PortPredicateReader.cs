using System.Collections;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>
/// Reads envoy.config.listener.v3.ListenerFilterChainMatchPredicate. All it can ask for is the destination port, so
/// whatever it combines is a set of ports.
/// </summary>
internal static class PortPredicateReader
{
    private const string TypeName = "envoy.config.listener.v3.ListenerFilterChainMatchPredicate";
    private const int Ports = 65536;

    /// <summary>The ports for which the predicate holds.</summary>
    public static ValueList<PortRange> Read(Element element)
    {
        BitArray ports = Evaluate(element);
        List<PortRange> ranges = [];
        for (int port = 0; port < Ports; port++)
        {
            if (!ports[port])
            {
                continue;
            }

            int first = port;
            while (port + 1 < Ports && ports[port + 1])
            {
                port++;
            }

            ranges.Add(new PortRange(first, port));
        }

        return ValueList.From(ranges);
    }

    private static BitArray Evaluate(Element element)
    {
        Message message = element.AsMessage(TypeName);
        BitArray ports = new(Ports);
        switch (message.OneOf(
            required: true, "or_match", "and_match", "not_match", "any_match", "destination_port_range"))
        {
            case ("or_match", var rules):
                ports = Combine(rules, isAnd: false);
                break;
            case ("and_match", var rules):
                ports = Combine(rules, isAnd: true);
                break;
            case ("not_match", var rule):
                ports = Evaluate(rule).Not();
                break;
            case ("any_match", var flag):
                ports.SetAll(flag.AsFlag());
                break;
            case (_, var range):
                AddRange(range, ports);
                break;
        }

        message.End();
        return ports;
    }

    private static BitArray Combine(Element element, bool isAnd)
    {
        Message set = element.AsMessage(TypeName + ".MatchSet");
        BitArray ports = new(Ports, isAnd);
        List<Element> rules = set.Repeated("rules");
        foreach (Element rule in rules)
        {
            ports = isAnd ? ports.And(Evaluate(rule)) : ports.Or(Evaluate(rule));
        }

        if (rules.Count < 2)
        {
            element.Error("rules must be at least two");
        }

        set.End();
        return ports;
    }

    // The end of a range is not part of it.
    private static void AddRange(Element element, BitArray ports)
    {
        Message range = element.AsMessage("envoy.type.v3.Int32Range");
        int end = range.Count("end", 0, min: 0, max: Ports);
        for (int port = range.Count("start", 0, min: 0, max: Ports); port < end; port++)
        {
            ports[port] = true;
        }

        range.End();
    }
}
