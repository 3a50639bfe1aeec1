using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>What happens when the field exists (envoy.config.core.v3.HeaderValueOption.append_action).</summary>
public enum FieldAppendAction
{
    /// <summary>Adds another field of the name.</summary>
    AppendIfExistsOrAdd,

    /// <summary>Adds only when there is none of the name.</summary>
    AddIfAbsent,

    /// <summary>Replaces all of the name, or adds.</summary>
    OverwriteIfExistsOrAdd,

    /// <summary>Replaces all of the name, and adds nothing when there is none.</summary>
    OverwriteIfExists,
}

/// <summary>One field to add or overwrite (envoy.config.core.v3.HeaderValueOption).</summary>
/// <param name="Name">Field name; neither a pseudo field nor <c>host</c>, which have settings of their own.</param>
/// <param name="Value">Value, with command operators such as <c>%DOWNSTREAM_REMOTE_ADDRESS%</c>.</param>
/// <param name="Action">What happens when the field exists.</param>
/// <param name="KeepEmptyValue">A value that comes out empty is written all the same.</param>
public sealed record FieldAddition(
    string Name,
    string Value,
    FieldAppendAction Action = FieldAppendAction.AppendIfExistsOrAdd,
    bool KeepEmptyValue = false);

/// <summary>
/// Field changes of one level: a route, a virtual host, a weighted cluster or a route configuration.
/// Removals come before additions, as in Envoy.
/// </summary>
public sealed record FieldMutation
{
    /// <summary>No change.</summary>
    public static FieldMutation None { get; } = new();

    /// <summary>Fields to add or overwrite, in order (<c>request_headers_to_add</c> and its like).</summary>
    public IReadOnlyList<FieldAddition> Add { get; init; } = [];

    /// <summary>Names to remove (<c>request_headers_to_remove</c> and its like).</summary>
    public IReadOnlyList<string> Remove { get; init; } = [];

    /// <summary>True when nothing changes.</summary>
    public bool IsEmpty => Add.Count == 0 && Remove.Count == 0;
}
