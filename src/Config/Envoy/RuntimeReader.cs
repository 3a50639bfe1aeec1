using System;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>
/// Reads envoy.config.bootstrap.v3.LayeredRuntime. There is no runtime layer here; of its keys one is honoured, in
/// static layers: <c>envoy.resource_limits.listener.NAME.connection_limit</c>, which is the only place where Envoy's
/// bootstrap limits the connections of a listener.
/// </summary>
internal static class RuntimeReader
{
    private const string Package = "envoy.config.bootstrap.v3.";
    private const string LimitPrefix = "envoy.resource_limits.listener.";
    private const string LimitSuffix = ".connection_limit";

    /// <summary>Gives listeners the limits that the runtime states.</summary>
    public static ValueList<Listener> Apply(Element? runtime, ValueList<Listener> listeners)
    {
        Dictionary<string, int> limits = new(StringComparer.Ordinal);
        if (runtime is not null)
        {
            Message message = runtime.AsMessage(Package + "LayeredRuntime");
            foreach (Element layer in message.Repeated("layers"))
            {
                ReadLayer(layer, limits);
            }

            message.End();
        }

        if (limits.Count == 0)
        {
            return listeners;
        }

        List<Listener> limited = [];
        foreach (Listener listener in listeners)
        {
            limited.Add(limits.TryGetValue(listener.Name, out int limit)
                ? runtime!.Context.Move(listener, listener with { ConnectionLimit = limit })
                : listener);
        }

        return ValueList.From(limited);
    }

    private static void ReadLayer(Element element, Dictionary<string, int> limits)
    {
        Message layer = element.AsMessage(Package + "RuntimeLayer");
        layer.Text("name");
        layer.Ignore("admin_layer", "there is no runtime layer; defaults hold");
        layer.Ignore("disk_layer", "there is no runtime layer; defaults hold");
        if (layer.Take("static_layer") is { } values)
        {
            ReadValues(values, "", limits);
        }

        layer.End();
    }

    // Keys may be nested at any dot.
    private static void ReadValues(Element values, string prefix, Dictionary<string, int> limits)
    {
        foreach (ConfigMember member in values.Node.Members)
        {
            Element value = values.Member(member);
            string key = prefix.Length == 0 ? member.Name : prefix + "." + member.Name;
            if (value.Node.Kind == NodeKind.Mapping)
            {
                ReadValues(value, key, limits);
            }
            else if (key.Length > LimitPrefix.Length + LimitSuffix.Length
                && key.StartsWith(LimitPrefix, StringComparison.Ordinal)
                && key.EndsWith(LimitSuffix, StringComparison.Ordinal))
            {
                limits[key[LimitPrefix.Length..^LimitSuffix.Length]] = (int)value.AsInteger(1, int.MaxValue);
            }
            else
            {
                value.Note("changes nothing: there is no runtime layer; defaults hold");
            }
        }
    }
}
