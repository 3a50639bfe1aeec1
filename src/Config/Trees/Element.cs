using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Config.Trees;

/// <summary>A name of an enum value; <paramref name="IsSupported"/> is false for those we refuse.</summary>
internal readonly record struct EnumName<T>(string Name, int Number, T Value, bool IsSupported = true);

/// <summary>
/// A value of the tree as seen from the message it stands in: its path, and the readings of it as a protobuf type.
/// A reading that fails reports an error at the place of the value and returns the default.
/// </summary>
internal sealed class Element
{
    private const int QuotedTextMax = 60;

    private readonly Element? _parent;
    private readonly string _name;
    private readonly int _index;

    public Element(ReadingContext context, ConfigNode node, Element? parent, string name, int index = -1)
    {
        Context = context;
        Node = node;
        _parent = parent;
        _name = name;
        _index = index;
    }

    /// <summary>What gathers the problems.</summary>
    public ReadingContext Context { get; }

    /// <summary>The value.</summary>
    public ConfigNode Node { get; }

    /// <summary>Path from the root of the file, as <c>static_resources.listeners[0].name</c>.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder();
            AppendPath(path);
            return path.ToString();
        }
    }

    /// <summary>Reports what refuses the configuration.</summary>
    public void Error(string text) => Report(ConfigSeverity.Error, text);

    /// <summary>Reports what is probably not meant.</summary>
    public void Warn(string text) => Report(ConfigSeverity.Warning, text);

    /// <summary>Reports what changes nothing.</summary>
    public void Note(string text) => Report(ConfigSeverity.Note, text);

    /// <summary>A string; numbers and booleans written without quotes are taken as written.</summary>
    public string AsText()
    {
        if (Node.Kind == NodeKind.Scalar)
        {
            return Node.Text;
        }

        Error($"{Quoted()} is not a string");
        return "";
    }

    /// <summary>A boolean.</summary>
    public bool AsFlag(bool fallback = false)
    {
        if (Node is { Kind: NodeKind.Scalar, IsQuoted: false })
        {
            switch (Node.Text)
            {
                case "true" or "True" or "TRUE":
                    return true;
                case "false" or "False" or "FALSE":
                    return false;
            }
        }

        Error($"{Quoted()} is not a boolean; write true or false");
        return fallback;
    }

    /// <summary>A whole number within a range.</summary>
    public long AsInteger(long min, long max, long fallback = 0)
    {
        if (Node.Kind == NodeKind.Scalar && Scalars.TryInteger(Node.Text, min, max, out long value))
        {
            return value;
        }

        Error(string.Create(CultureInfo.InvariantCulture, $"{Quoted()} is not a whole number from {min} to {max}"));
        return fallback;
    }

    /// <summary>A number within a range.</summary>
    public double AsDouble(double min, double max, double fallback = 0)
    {
        if (Node.Kind == NodeKind.Scalar
            && Scalars.TryDouble(Node.Text, out double value)
            && value >= min
            && value <= max)
        {
            return value;
        }

        Error(string.Create(CultureInfo.InvariantCulture, $"{Quoted()} is not a number from {min} to {max}"));
        return fallback;
    }

    /// <summary>A duration that is not negative.</summary>
    public TimeSpan AsDuration(TimeSpan fallback = default)
    {
        if (Node.Kind != NodeKind.Scalar || !Scalars.TryDuration(Node.Text, out TimeSpan value))
        {
            Error($"{Quoted()} is not a duration; write 5s or 500ms");
            return fallback;
        }

        if (value < TimeSpan.Zero)
        {
            Error($"{Quoted()} is negative; a duration is zero or more");
            return fallback;
        }

        return value;
    }

    /// <summary>An enum by name or number.</summary>
    public T AsEnum<T>(T fallback, ReadOnlySpan<EnumName<T>> names)
    {
        bool isNumber = Scalars.TryInteger(Node.Text, int.MinValue, int.MaxValue, out long number);
        foreach (EnumName<T> name in names)
        {
            if (Node.Kind != NodeKind.Scalar || (isNumber ? name.Number != number : name.Name != Node.Text))
            {
                continue;
            }

            if (!name.IsSupported)
            {
                Error($"{name.Name} is not supported; use {Supported(names)}");
                return fallback;
            }

            return name.Value;
        }

        Error($"{Quoted()} is none of {Supported(names)}");
        return fallback;
    }

    /// <summary>The items of a list.</summary>
    public List<Element> AsList()
    {
        List<Element> items = new(Node.Items.Count);
        if (Node.Kind != NodeKind.Sequence)
        {
            Error($"{Quoted()} is not a list");
            return items;
        }

        for (int index = 0; index < Node.Items.Count; index++)
        {
            var item = new Element(Context, Node.Items[index], _parent, _name, index);
            if (item.Node.Kind == NodeKind.Null)
            {
                item.Error("the item is empty");
            }
            else
            {
                items.Add(item);
            }
        }

        return items;
    }

    /// <summary>A message; an empty one where the value is no mapping, which is reported.</summary>
    /// <param name="typeName">Full name of the protobuf message.</param>
    public Message AsMessage(string typeName)
    {
        if (Node.Kind != NodeKind.Mapping)
        {
            Error($"{Quoted()} is not a mapping of fields of {typeName}");
            return new Message(WithoutMembers(), typeName);
        }

        return new Message(this, typeName);
    }

    /// <summary>An empty mapping at the same place.</summary>
    public Element WithoutMembers() =>
        new(Context, new ConfigNode(NodeKind.Mapping, Node.Line, Node.Column), _parent, _name, _index);

    /// <summary>The member of a map field under this element.</summary>
    public Element Member(in ConfigMember member) => new(Context, member.Value, this, member.Name);

    /// <summary>The value as messages show it.</summary>
    public string Quoted() => Node.Kind switch
    {
        NodeKind.Null => "null",
        NodeKind.Sequence => "a list",
        NodeKind.Mapping => "a mapping",
        _ when Node.Text.Length > QuotedTextMax => $"\"{Node.Text.AsSpan(0, QuotedTextMax)}...\"",
        _ => $"\"{Node.Text}\"",
    };

    /// <summary>The place of a field below this element, as far down as the file goes.</summary>
    /// <param name="field">Path from here, as <c>match.headers[2].name</c>; empty for the element itself.</param>
    public ConfigPlace PlaceOf(string field)
    {
        ConfigNode node = Node;
        int line = node.Line;
        int column = node.Column;
        foreach (Range part in field.AsSpan().SplitAny('.', '[', ']'))
        {
            ReadOnlySpan<char> segment = field.AsSpan()[part];
            if (segment.IsEmpty)
            {
                continue;
            }

            ConfigNode? next = Descend(node, segment, ref line, ref column);
            if (next is null)
            {
                break;
            }

            node = next;
        }

        string path = field.Length == 0 ? Path : field.StartsWith('[') ? Path + field : Path + "." + field;
        return new ConfigPlace(path, line, column);
    }

    private static ConfigNode? Descend(ConfigNode node, ReadOnlySpan<char> segment, ref int line, ref int column)
    {
        if (node.Kind == NodeKind.Sequence
            && int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && index < node.Items.Count)
        {
            line = node.Items[index].Line;
            column = node.Items[index].Column;
            return node.Items[index];
        }

        foreach (ConfigMember member in node.Members)
        {
            if (FieldName.Matches(member.Name, segment))
            {
                line = member.Line;
                column = member.Column;
                return member.Value;
            }
        }

        return null;
    }

    private static string Supported<T>(ReadOnlySpan<EnumName<T>> names)
    {
        var text = new StringBuilder();
        foreach (EnumName<T> name in names)
        {
            if (name.IsSupported)
            {
                text.Append(text.Length == 0 ? "" : ", ").Append(name.Name);
            }
        }

        return text.ToString();
    }

    private void Report(ConfigSeverity severity, string text) =>
        Context.Report(severity, Path, text, Node.Line, Node.Column);

    private void AppendPath(StringBuilder path)
    {
        _parent?.AppendPath(path);
        if (_name.Length > 0)
        {
            path.Append(path.Length == 0 ? "" : ".").Append(_name);
        }

        if (_index >= 0)
        {
            path.Append('[').Append(_index).Append(']');
        }
    }
}
