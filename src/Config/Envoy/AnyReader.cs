using System;
using FastMesh.Config.Trees;

namespace FastMesh.Config.Envoy;

/// <summary>Opens <c>google.protobuf.Any</c> values and what wraps them.</summary>
internal static class AnyReader
{
    private const string UrlPrefix = "type.googleapis.com/";
    private const string XdsTypedStruct = "xds.type.v3.TypedStruct";
    private const string UdpaTypedStruct = "udpa.type.v1.TypedStruct";

    /// <summary>
    /// The message in an Any: <c>"@type"</c> names it, the other members are its fields. A TypedStruct stands for the
    /// message it names (xds.type.v3).
    /// </summary>
    /// <returns>The message, or null after an error.</returns>
    public static Message? Open(Element any)
    {
        if (any.Node.Kind != NodeKind.Mapping)
        {
            any.Error($"{any.Quoted()} is not a mapping with \"@type\"");
            return null;
        }

        ConfigNode? type = any.Node.Find("@type");
        if (type is null || type.Kind != NodeKind.Scalar)
        {
            any.Error("\"@type\" is missing; write type.googleapis.com/ and the full name of the message");
            return null;
        }

        string name = NameOf(type.Text);
        return name is XdsTypedStruct or UdpaTypedStruct ? OpenTypedStruct(any, name) : new Message(any, name);
    }

    /// <summary>The message of the <c>typed_config</c> of a filter, socket or log with a name.</summary>
    public static Message? OpenTypedConfig(Message holder)
    {
        holder.Text("name");
        Element? config = holder.Take("typed_config");
        if (config is null)
        {
            holder.Element.Error("\"typed_config\" is missing");
            return null;
        }

        return Open(config);
    }

    /// <summary>Reports that a message is not supported here.</summary>
    /// <param name="message">The message.</param>
    /// <param name="role">What it would be, as "network filter".</param>
    public static void Refuse(Message message, string role) =>
        message.Element.Error($"{role} {message.TypeName} is not supported");

    private static Message? OpenTypedStruct(Element any, string wrapper)
    {
        var outer = new Message(any, wrapper);
        string name = NameOf(outer.RequiredText("type_url"));
        Element? value = outer.Take("value");
        outer.End();
        return value?.AsMessage(name) ?? new Message(any.WithoutMembers(), name);
    }

    private static string NameOf(string url)
    {
        int slash = url.LastIndexOf('/');
        return url.StartsWith(UrlPrefix, StringComparison.Ordinal) ? url[UrlPrefix.Length..] : url[(slash + 1)..];
    }
}
