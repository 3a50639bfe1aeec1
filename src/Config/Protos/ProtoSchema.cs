using System;
using System.Collections.Generic;
using System.IO;
using FastMesh.Config.Trees;
using Google.Protobuf.Reflection;

namespace FastMesh.Config.Protos;

/// <summary>A field of a message of our .proto set.</summary>
/// <param name="Name">Proto name.</param>
/// <param name="Number">Number on the wire.</param>
/// <param name="HasPresence">Absent differs from zero: a message, and so a wrapper, or a member of a oneof.</param>
internal sealed record ProtoField(string Name, int Number, bool HasPresence)
{
    /// <summary>How its values stand in JSON.</summary>
    public ProtoValue Value { get; init; }

    /// <summary>Full name of the message it holds; empty for none, and for maps, whose keys are no fields.</summary>
    public string TypeName { get; init; } = "";
}

/// <summary>How the protobuf JSON mapping writes a value.</summary>
internal enum ProtoValue
{
    /// <summary>In quotes: strings, bytes, enums, whole numbers of 64 bits.</summary>
    Text,

    /// <summary>Bare: numbers and booleans.</summary>
    Bare,

    /// <summary>An object, or, for the well-known types, what each is.</summary>
    Message,
}

/// <summary>
/// The messages and fields of our .proto set, read from the descriptor set that the build embeds. Only asked once
/// something is wrong with a file, so it costs nothing at start.
/// </summary>
internal static class ProtoSchema
{
    private const string ResourceName = "protos.binpb";

    private static readonly Lazy<Dictionary<string, List<ProtoField>>> s_messages = new(Load);

    /// <summary>The field that a name in a file means, or null where the message has none such.</summary>
    public static ProtoField? FieldOf(string typeName, string written)
    {
        foreach (ProtoField field in FieldsOf(typeName))
        {
            if (FieldName.Matches(written, field.Name))
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>The fields of a message; none for an unknown one.</summary>
    public static IReadOnlyList<ProtoField> FieldsOf(string typeName) =>
        s_messages.Value.TryGetValue(typeName, out List<ProtoField>? fields) ? fields : [];

    /// <summary>True when the set holds a message of this full name.</summary>
    public static bool HasMessage(string typeName) => s_messages.Value.ContainsKey(typeName);

    private static Dictionary<string, List<ProtoField>> Load()
    {
        Dictionary<string, List<ProtoField>> messages = new(StringComparer.Ordinal);
        using Stream stream = typeof(ProtoSchema).Assembly.GetManifestResourceStream(ResourceName)!;
        foreach (FileDescriptorProto file in FileDescriptorSet.Parser.ParseFrom(stream).File)
        {
            foreach (DescriptorProto message in file.MessageType)
            {
                Add(messages, file.Package, message);
            }
        }

        return messages;
    }

    private static void Add(Dictionary<string, List<ProtoField>> messages, string scope, DescriptorProto message)
    {
        string name = scope + "." + message.Name;
        List<ProtoField> fields = [];
        foreach (FieldDescriptorProto field in message.Field)
        {
            bool hasPresence = field.HasOneofIndex || field.Type == FieldDescriptorProto.Types.Type.Message;
            fields.Add(new ProtoField(field.Name, field.Number, hasPresence)
            {
                Value = ValueOf(field),
                TypeName = IsMap(message, field) ? "" : field.TypeName.TrimStart('.'),
            });
        }

        messages[name] = fields;
        foreach (DescriptorProto nested in message.NestedType)
        {
            Add(messages, name, nested);
        }
    }

    // A map is a repeated message that the compiler nests into the one that has the map.
    private static bool IsMap(DescriptorProto message, FieldDescriptorProto field)
    {
        foreach (DescriptorProto nested in message.NestedType)
        {
            if (nested.Options is { MapEntry: true }
                && field.TypeName.EndsWith("." + nested.Name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static ProtoValue ValueOf(FieldDescriptorProto field)
    {
        switch (field.Type)
        {
            case FieldDescriptorProto.Types.Type.Message:
                return field.TypeName switch
                {
                    ".google.protobuf.BoolValue" or ".google.protobuf.UInt32Value" or ".google.protobuf.Int32Value"
                        or ".google.protobuf.DoubleValue" or ".google.protobuf.FloatValue" => ProtoValue.Bare,
                    _ => ProtoValue.Message,
                };
            case FieldDescriptorProto.Types.Type.String:
            case FieldDescriptorProto.Types.Type.Bytes:
            case FieldDescriptorProto.Types.Type.Enum:
            case FieldDescriptorProto.Types.Type.Int64:
            case FieldDescriptorProto.Types.Type.Uint64:
                return ProtoValue.Text;
            default:
                return ProtoValue.Bare;
        }
    }
}
