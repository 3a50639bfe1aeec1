using System;
using System.Collections.Generic;

namespace FastMesh.Config.Trees;

/// <summary>What a <see cref="ConfigNode"/> is.</summary>
internal enum NodeKind
{
    /// <summary>Null, <c>~</c> or nothing at all.</summary>
    Null,

    /// <summary>A string, number or boolean; which one is for the field that asks.</summary>
    Scalar,

    /// <summary>A list.</summary>
    Sequence,

    /// <summary>Named values.</summary>
    Mapping,
}

/// <summary>One member of a mapping, placed at its name.</summary>
internal readonly record struct ConfigMember(string Name, ConfigNode Value, int Line, int Column);

/// <summary>
/// A value of a YAML or JSON file with its place. Nodes are shared where YAML aliases them, so a tree may be a
/// directed graph without cycles.
/// </summary>
internal sealed class ConfigNode(NodeKind kind, int line, int column)
{
    private static readonly List<ConfigNode> s_noItems = [];
    private static readonly List<ConfigMember> s_noMembers = [];

    /// <summary>What it is.</summary>
    public NodeKind Kind { get; } = kind;

    /// <summary>Line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Column, from 1.</summary>
    public int Column { get; } = column;

    /// <summary>Text of a scalar, without quotes and escapes.</summary>
    public string Text { get; init; } = "";

    /// <summary>The scalar was quoted, or is a YAML block: certainly a string.</summary>
    public bool IsQuoted { get; init; }

    /// <summary>Items of a sequence.</summary>
    public List<ConfigNode> Items { get; init; } = s_noItems;

    /// <summary>Members of a mapping, in the order of the file.</summary>
    public List<ConfigMember> Members { get; init; } = s_noMembers;

    /// <summary>Nodes from here down, shared ones counted as often as they occur.</summary>
    public long ExpandedCount { get; set; } = 1;

    /// <summary>The member of this exact name, or null.</summary>
    public ConfigNode? Find(string name)
    {
        foreach (ConfigMember member in Members)
        {
            if (string.Equals(member.Name, name, StringComparison.Ordinal))
            {
                return member.Value;
            }
        }

        return null;
    }
}

/// <summary>Limits of what is read, so that a hostile file cannot eat the machine.</summary>
internal static class TreeLimits
{
    /// <summary>Nesting; Envoy's deepest useful configuration has about 40 levels.</summary>
    public const int DepthMax = 128;

    /// <summary>Nodes that aliases may add to a file; ten nested lists of nine would be three billion.</summary>
    public const long AliasedNodesMax = 1_000_000;

    /// <summary>Longest file, in bytes; 10,000 virtual hosts are about 4 MiB.</summary>
    public const int FileBytesMax = 128 * 1024 * 1024;
}

/// <summary>Why a file is not a tree.</summary>
internal sealed class TreeException(string text, int line, int column) : Exception(text)
{
    /// <summary>Line, from 1; 0 where not known.</summary>
    public int Line { get; } = line;

    /// <summary>Column, from 1.</summary>
    public int Column { get; } = column;
}
