using System;
using System.Collections.Generic;
using FastMesh.Config.Protos;
using FastMesh.Model;

namespace FastMesh.Config.Trees;

/// <summary>
/// One protobuf message being read. Readers take the fields they honour; <see cref="End"/> reports all that nobody
/// took: as unsupported where Envoy has such a field, else as unknown with what was probably meant.
/// </summary>
internal sealed class Message
{
    private const int SuggestionDistanceMax = 3;

    private readonly bool[] _taken;

    public Message(Element element, string typeName)
    {
        Element = element;
        TypeName = typeName;
        _taken = new bool[element.Node.Members.Count];
    }

    /// <summary>Where the message stands.</summary>
    public Element Element { get; }

    /// <summary>Full name of the protobuf message.</summary>
    public string TypeName { get; }

    /// <summary>The value of a field, or null when it is absent; marks it as honoured.</summary>
    public Element? Take(string field)
    {
        Element? found = null;
        List<ConfigMember> members = Element.Node.Members;
        for (int index = 0; index < members.Count; index++)
        {
            if (_taken[index] || !FieldName.Matches(members[index].Name, field))
            {
                continue;
            }

            _taken[index] = true;
            var value = new Element(Element.Context, members[index].Value, Element, field);
            if (found is not null)
            {
                value.Error("is given twice, in both spellings");
            }
            else if (value.Node.Kind != NodeKind.Null)
            {
                found = value;
            }
        }

        return found;
    }

    /// <summary>A string field.</summary>
    public string Text(string field, string fallback = "") => Take(field)?.AsText() ?? fallback;

    /// <summary>A string field that must be given and not be empty.</summary>
    public string RequiredText(string field)
    {
        Element? value = Take(field);
        string text = value?.AsText() ?? "";
        if (text.Length == 0 && value?.Node.Kind is null or NodeKind.Scalar)
        {
            (value ?? Element).Error(value is null ? $"\"{field}\" is missing" : "must not be empty");
        }

        return text;
    }

    /// <summary>A boolean field, wrapped or not.</summary>
    public bool Flag(string field, bool fallback = false) => Take(field)?.AsFlag(fallback) ?? fallback;

    /// <summary>A whole number of 32 bits without sign, wrapped or not.</summary>
    public uint Number(string field, uint fallback, uint min = 0, uint max = uint.MaxValue) =>
        (uint)(Take(field)?.AsInteger(min, max, fallback) ?? fallback);

    /// <summary>As <see cref="Number"/>, for limits kept in an int.</summary>
    public int Count(string field, int fallback, int min = 0, int max = int.MaxValue) =>
        (int)(Take(field)?.AsInteger(min, max, fallback) ?? fallback);

    /// <summary>A duration field.</summary>
    public TimeSpan Duration(string field, TimeSpan fallback) => Take(field)?.AsDuration(fallback) ?? fallback;

    /// <summary>A duration field, null when absent.</summary>
    public TimeSpan? Duration(string field) => Take(field)?.AsDuration();

    /// <summary>An enum field.</summary>
    public T Enum<T>(string field, T fallback, ReadOnlySpan<EnumName<T>> names)
    {
        Element? value = Take(field);
        return value is null ? fallback : value.AsEnum(fallback, names);
    }

    /// <summary>The items of a repeated field.</summary>
    public List<Element> Repeated(string field) => Take(field)?.AsList() ?? [];

    /// <summary>The items of a repeated string field.</summary>
    public ValueList<string> Texts(string field)
    {
        List<Element> items = Repeated(field);
        string[] texts = new string[items.Count];
        for (int index = 0; index < texts.Length; index++)
        {
            texts[index] = items[index].AsText();
        }

        return ValueList.Create<string>(texts);
    }

    /// <summary>Reads each item of a repeated message field; null results are left out.</summary>
    public ValueList<T> Each<T>(string field, Func<Element, T?> read)
        where T : class
    {
        List<T> results = [];
        foreach (Element item in Repeated(field))
        {
            if (read(item) is { } result)
            {
                results.Add(result);
            }
        }

        return ValueList.From(results);
    }

    /// <summary>A message field, or null.</summary>
    public Message? Sub(string field, string typeName) => Take(field)?.AsMessage(typeName);

    /// <summary>A field that changes nothing here: noted when present.</summary>
    public void Ignore(string field, string why) => Take(field)?.Note("changes nothing: " + why);

    /// <summary>A field of which only one value is supported, which is also its default.</summary>
    public void Only(string field, bool supported, string why)
    {
        if (Take(field) is { } value && value.AsFlag(supported) != supported)
        {
            value.Error(why);
        }
    }

    /// <summary>
    /// Takes the members of a oneof that are present; more than one is an error, and none is when
    /// <paramref name="required"/>.
    /// </summary>
    /// <returns>The first one present with its name, or null.</returns>
    public (string Field, Element Value)? OneOf(bool required, params ReadOnlySpan<string> fields)
    {
        (string Field, Element Value)? chosen = null;
        foreach (string field in fields)
        {
            if (Take(field) is not { } value)
            {
                continue;
            }

            if (chosen is { } first)
            {
                value.Error($"only one of {first.Field} and {field} may be given");
            }

            chosen ??= (field, value);
        }

        if (chosen is null && required && !HasKnownLeftover())
        {
            Element.Error("one of " + string.Join(", ", fields!) + " is missing");
        }

        return chosen;
    }

    /// <summary>Reports what nobody took.</summary>
    public void End()
    {
        List<ConfigMember> members = Element.Node.Members;
        for (int index = 0; index < members.Count; index++)
        {
            if (!_taken[index] && members[index].Name != "@type")
            {
                ReportLeftover(members[index]);
            }
        }
    }

    // A oneof whose member we do not support is reported by End; "is missing" besides would mislead.
    private bool HasKnownLeftover()
    {
        for (int index = 0; index < _taken.Length; index++)
        {
            if (!_taken[index] && ProtoSchema.FieldOf(TypeName, Element.Node.Members[index].Name) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private void ReportLeftover(in ConfigMember member)
    {
        ProtoField? known = ProtoSchema.FieldOf(TypeName, member.Name);
        string path = Element.Path;
        path += (path.Length == 0 ? "" : ".") + (known?.Name ?? member.Name);
        if (known is not null)
        {
            if (!IsDefault(member.Value, known.HasPresence))
            {
                string refusal = $"{TypeName}.{known.Name} is not supported";
                Element.Context.Report(ConfigSeverity.Error, path, refusal, member.Line, member.Column);
            }

            return;
        }

        string? meant = Nearest(member.Name);
        string text = $"unknown field of {TypeName}" + (meant is null ? "" : $"; did you mean {meant}?");
        Element.Context.Report(ConfigSeverity.Error, path, text, member.Line, member.Column);
    }

    // What proto3 does not tell from absence cannot ask for anything.
    private static bool IsDefault(ConfigNode value, bool hasPresence) => value.Kind switch
    {
        NodeKind.Null => true,
        NodeKind.Sequence => value.Items.Count == 0,
        NodeKind.Scalar => !hasPresence && (value.Text is "" or "false" or "0"),
        _ => false,
    };

    private string? Nearest(string name)
    {
        string? nearest = null;
        int distance = Math.Min(SuggestionDistanceMax, name.Length / 2) + 1;
        string lowered = FieldName.ToSnakeCase(name);
        foreach (ProtoField field in ProtoSchema.FieldsOf(TypeName))
        {
            int candidate = FieldName.Distance(lowered, field.Name, distance);
            if (candidate < distance)
            {
                distance = candidate;
                nearest = field.Name;
            }
        }

        return nearest;
    }
}
