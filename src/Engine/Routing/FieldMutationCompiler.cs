using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Routing;

/// <summary>Checks and compiles <see cref="FieldMutation"/>.</summary>
internal static class FieldMutationCompiler
{
    /// <summary>Compiles one level, or gives null when it changes nothing.</summary>
    /// <param name="model">What was said.</param>
    /// <param name="path">Where the owner stands in the configuration.</param>
    /// <param name="kind"><c>request</c> or <c>response</c>, for the names of the elements.</param>
    /// <param name="problems">Takes what is wrong.</param>
    public static FieldMutationLevel? Compile(
        FieldMutation model, string path, string kind, List<ConfigProblem> problems)
    {
        if (model.IsEmpty)
        {
            return null;
        }

        string dot = path.Length == 0 ? "" : ".";
        if (model.Add.Count > FieldMutationLevel.AdditionsMax)
        {
            problems.Add(new ConfigProblem(
                $"{path}{dot}{kind}_headers_to_add",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {model.Add.Count} entries; at most {FieldMutationLevel.AdditionsMax} are allowed")));
            return null;
        }

        byte[][] removals = new byte[model.Remove.Count][];
        for (int i = 0; i < removals.Length; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}{dot}{kind}_headers_to_remove[{i}]");
            removals[i] = CheckName(model.Remove[i], place, problems);
        }

        FieldMutationLevel.Addition[] additions = new FieldMutationLevel.Addition[model.Add.Count];
        for (int i = 0; i < additions.Length; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}{dot}{kind}_headers_to_add[{i}].header");
            additions[i] = Compile(model.Add[i], place, problems);
        }

        return new FieldMutationLevel(removals, additions);
    }

    private static FieldMutationLevel.Addition Compile(
        FieldAddition model, string place, List<ConfigProblem> problems)
    {
        byte[] name = CheckName(model.Name, place + ".key", problems);
        CommandFormat? format = null;
        foreach (char c in model.Value)
        {
            if (c is < ' ' and not '\t' or '\x7F')
            {
                problems.Add(new ConfigProblem(place + ".value", "has a control character"));
                break;
            }
        }

        if (model.Value.Contains('%', StringComparison.Ordinal)
            && !CommandFormat.TryCompile(model.Value, out format, out string? problem))
        {
            problems.Add(new ConfigProblem(place + ".value", problem ?? "is not a format"));
        }

        return new FieldMutationLevel.Addition(
            name, Encoding.UTF8.GetBytes(model.Value), format, model.Action, model.KeepEmptyValue);
    }

    /// <summary>
    /// Pseudo fields and Host have their own settings (Envoy refuses them too); the fields that say where a message
    /// ends belong to the codec alone.
    /// </summary>
    private static byte[] CheckName(string name, string place, List<ConfigProblem> problems)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        string? problem = name.ToLowerInvariant() switch
        {
            "" => "is empty",
            "host" or ":authority" => $"\"{name}\" may not be changed here; use host_rewrite_literal of the route",
            ":path" => $"\"{name}\" may not be changed here; use prefix_rewrite or regex_rewrite of the route",
            "content-length" or "transfer-encoding" => $"\"{name}\" is set by the proxy alone, from the body it sends",
            _ when name[0] == ':' => $"\"{name}\" may not be changed: it is a pseudo field",
            _ when !Http1Grammar.IsToken(bytes) => $"\"{name}\" is not a field name",
            _ => null,
        };
        if (problem is not null)
        {
            problems.Add(new ConfigProblem(place, problem));
        }

        return bytes;
    }
}
