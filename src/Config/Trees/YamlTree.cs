using System;
using System.Collections.Generic;
using System.IO;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FastMesh.Config.Trees;

/// <summary>
/// YAML 1.2 to <see cref="ConfigNode"/>s, through the event parser alone: anchors, aliases, merge keys
/// (<c>&lt;&lt;</c>) and Envoy's <c>!ignore</c> tag. Duplicate names, cycles and alias bombs are refused.
/// </summary>
internal sealed class YamlTree
{
    private const string IgnoreTag = "!ignore";
    private const string MergeKey = "<<";
    private const int NamesWithoutIndex = 16;

    private readonly Parser _parser;
    private readonly Dictionary<string, ConfigNode?> _anchors = new(StringComparer.Ordinal);
    private long _aliasedCount;
    private int _depth;

    private YamlTree(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>Reads the one document of a text.</summary>
    /// <returns>Its root; a <see cref="NodeKind.Null"/> node when there is none.</returns>
    /// <exception cref="TreeException">The text is not YAML, or breaks a limit.</exception>
    public static ConfigNode Read(string text)
    {
        try
        {
            return new YamlTree(text).ReadDocument();
        }
        catch (YamlException error)
        {
            throw new TreeException(Cause(error), (int)error.Start.Line, (int)error.Start.Column);
        }
    }

    private static string Cause(YamlException error)
    {
        string text = error.Message;
        int separator = text.IndexOf("): ", StringComparison.Ordinal);
        if (text.StartsWith('(') && separator > 0)
        {
            text = text[(separator + 3)..];
        }

        return "not YAML: " + char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.');
    }

    private ConfigNode ReadDocument()
    {
        Next();
        if (Next() is not DocumentStart)
        {
            return new ConfigNode(NodeKind.Null, 1, 1);
        }

        Next();
        ConfigNode root = ReadNode(out _);
        if (Next() is not DocumentEnd || Next() is not StreamEnd)
        {
            ParsingEvent extra = _parser.Current!;
            throw Error("a second YAML document; only one is read", extra);
        }

        return root;
    }

    private ParsingEvent Next()
    {
        ParsingEvent? last = _parser.Current;
        bool moved;
        try
        {
            moved = _parser.MoveNext();
        }
        catch (Exception error) when (error is not (YamlException or OutOfMemoryException))
        {
            // The scanner fails so on some texts, such as a flow list that is never closed.
            throw new TreeException(
                "not YAML: the text is broken here or soon after",
                (int)(last?.End.Line ?? 1),
                (int)(last?.End.Column ?? 1));
        }

        return moved ? _parser.Current! : throw new TreeException("not YAML: the file ends too early", 0, 0);
    }

    private static TreeException Error(string text, ParsingEvent place) =>
        new(text, (int)place.Start.Line, (int)place.Start.Column);

    // The current event starts the node; on return it is the last event of it.
    private ConfigNode ReadNode(out bool ignored)
    {
        ParsingEvent start = _parser.Current!;
        ignored = false;
        if (start is AnchorAlias alias)
        {
            return Resolve(alias);
        }

        if (start is not NodeEvent node)
        {
            throw Error("not YAML: a value was expected", start);
        }

        if (++_depth > TreeLimits.DepthMax)
        {
            throw Error($"nested deeper than {TreeLimits.DepthMax} levels", start);
        }

        string? anchor = node.Anchor.IsEmpty ? null : node.Anchor.Value;
        if (anchor is not null)
        {
            _anchors[anchor] = null;
        }

        ignored = !node.Tag.IsEmpty && node.Tag.Value == IgnoreTag;
        ConfigNode result = node switch
        {
            Scalar scalar => ReadScalar(scalar),
            SequenceStart => ReadSequence(start),
            _ => ReadMapping(start),
        };
        _depth--;
        if (anchor is not null)
        {
            _anchors[anchor] = result;
        }

        return result;
    }

    private ConfigNode Resolve(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out ConfigNode? target))
        {
            throw Error($"unknown anchor \"{alias.Value.Value}\"", alias);
        }

        if (target is null)
        {
            throw Error($"alias \"{alias.Value.Value}\" stands inside its own anchor", alias);
        }

        _aliasedCount += target.ExpandedCount;
        if (_aliasedCount > TreeLimits.AliasedNodesMax)
        {
            throw Error($"aliases expand to more than {TreeLimits.AliasedNodesMax} values", alias);
        }

        return target;
    }

    private static ConfigNode ReadScalar(Scalar scalar)
    {
        int line = (int)scalar.Start.Line;
        int column = (int)scalar.Start.Column;
        bool isString = scalar.Style != ScalarStyle.Plain
            || (!scalar.Tag.IsEmpty && scalar.Tag.Value.EndsWith(":str", StringComparison.Ordinal));
        bool isNull = !isString && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
        return isNull && !isString
            ? new ConfigNode(NodeKind.Null, line, column)
            : new ConfigNode(NodeKind.Scalar, line, column) { Text = scalar.Value, IsQuoted = isString };
    }

    private ConfigNode ReadSequence(ParsingEvent start)
    {
        List<ConfigNode> items = [];
        long count = 1;
        while (Next() is not SequenceEnd)
        {
            ConfigNode item = ReadNode(out bool ignored);
            if (!ignored)
            {
                items.Add(item);
                count += item.ExpandedCount;
            }
        }

        return new ConfigNode(NodeKind.Sequence, (int)start.Start.Line, (int)start.Start.Column)
        {
            Items = items,
            ExpandedCount = count,
        };
    }

    private ConfigNode ReadMapping(ParsingEvent start)
    {
        List<ConfigMember> members = [];
        List<ConfigNode>? merged = null;
        var names = new NameSet(members);
        long count = 1;
        while (Next() is not MappingEnd)
        {
            if (_parser.Current is not Scalar key)
            {
                throw Error("the name of a member must be a plain string", _parser.Current!);
            }

            Next();
            ConfigNode value = ReadNode(out bool ignored);
            count += value.ExpandedCount;
            if (key.Value == MergeKey && key.Style == ScalarStyle.Plain)
            {
                CollectMerged(key, value, merged ??= []);
            }
            else if (names.Contains(key.Value))
            {
                throw Error($"\"{key.Value}\" is given twice", key);
            }
            else if (!ignored)
            {
                members.Add(new ConfigMember(key.Value, value, (int)key.Start.Line, (int)key.Start.Column));
            }
        }

        ApplyMerged(merged, members, names);
        return new ConfigNode(NodeKind.Mapping, (int)start.Start.Line, (int)start.Start.Column)
        {
            Members = members,
            ExpandedCount = count,
        };
    }

    private static void CollectMerged(Scalar key, ConfigNode value, List<ConfigNode> merged)
    {
        List<ConfigNode> sources = value.Kind == NodeKind.Sequence ? value.Items : [value];
        foreach (ConfigNode source in sources)
        {
            if (source.Kind != NodeKind.Mapping)
            {
                throw Error("a merge key takes an alias of a mapping, or a list of such aliases", key);
            }

            merged.Add(source);
        }
    }

    // Own members win over merged ones, and earlier sources over later ones (YAML merge key draft of 2005).
    private static void ApplyMerged(List<ConfigNode>? merged, List<ConfigMember> members, NameSet names)
    {
        if (merged is null)
        {
            return;
        }

        foreach (ConfigNode source in merged)
        {
            foreach (ConfigMember member in source.Members)
            {
                if (!names.Contains(member.Name))
                {
                    members.Add(member);
                }
            }
        }
    }

    /// <summary>The names of a mapping under construction; an index is made once there are many.</summary>
    private sealed class NameSet(List<ConfigMember> members)
    {
        private HashSet<string>? _index;
        private int _indexedCount;

        public bool Contains(string name)
        {
            if (members.Count <= NamesWithoutIndex)
            {
                foreach (ConfigMember member in members)
                {
                    if (member.Name == name)
                    {
                        return true;
                    }
                }

                return false;
            }

            _index ??= new HashSet<string>(StringComparer.Ordinal);
            for (; _indexedCount < members.Count; _indexedCount++)
            {
                _index.Add(members[_indexedCount].Name);
            }

            return _index.Contains(name);
        }
    }
}
