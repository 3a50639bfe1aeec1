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
internal sealed record ProtoField(string Name, int Number, bool HasPresence);

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
            fields.Add(new ProtoField(field.Name, field.Number, hasPresence));
        }

        messages[name] = fields;
        foreach (DescriptorProto nested in message.NestedType)
        {
            Add(messages, name, nested);
        }
    }
}
