using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using FastMesh.Config.Protos;
using FastMesh.Config.Trees;

namespace FastMesh.Config;

/// <summary>
/// A bootstrap in the shape of Envoy's <c>/config_dump</c>: every field that was said, under its proto name and in
/// the protobuf JSON mapping. It is made from the text anew when somebody asks, so that no tree is kept for it.
/// Private keys, passwords and other secrets that stand in the file itself are left out.
/// </summary>
public static class EnvoyConfigDump
{
    private const string BootstrapType = "envoy.config.bootstrap.v3.Bootstrap";
    private const string ClusterType = "envoy.config.cluster.v3.Cluster";
    private const string ListenerType = "envoy.config.listener.v3.Listener";
    private const string RoutesType = "envoy.config.route.v3.RouteConfiguration";
    private const string AnyPrefix = "type.googleapis.com/";
    private const string DumpPrefix = AnyPrefix + "envoy.admin.v3.";
    private const string Redacted = "[redacted]";

    // Fields that are secret, or hold a DataSource that is: of that the file name stays.
    private static readonly HashSet<string> s_secretFields = new(StringComparer.Ordinal)
    {
        "private_key", "pkcs12", "password", "session_ticket_keys", "generic_secret", "secret", "secrets",
        "hmac_secret", "token_secret", "jwt_secret",
    };

    /// <summary>Writes the member <c>configs</c> of the object that was begun.</summary>
    /// <param name="json">Receives it.</param>
    /// <param name="path">Name of the file; ending in <c>.json</c> it is JSON, else YAML.</param>
    /// <param name="content">Its bytes; they were read without an error before.</param>
    public static void Write(Utf8JsonWriter json, string path, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(path);
        ConfigNode root = EnvoyConfigReader.ReadTree(path, content);
        ConfigNode? resources = Member(root, "static_resources");
        json.WriteStartArray("configs");
        json.WriteStartObject();
        json.WriteString("@type", DumpPrefix + "BootstrapConfigDump");
        json.WritePropertyName("bootstrap");
        WriteMessage(json, root, BootstrapType, null);
        json.WriteEndObject();
        WriteAll(json, "ClustersConfigDump", "static_clusters", "cluster", ClusterType, Items(resources, "clusters"));
        List<ConfigNode> listeners = Items(resources, "listeners");
        WriteAll(json, "ListenersConfigDump", "static_listeners", "listener", ListenerType, listeners);
        List<ConfigNode> tables = [];
        foreach (ConfigNode listener in listeners)
        {
            FindTables(listener, tables);
        }

        WriteAll(json, "RoutesConfigDump", "static_route_configs", "route_config", RoutesType, tables);
        json.WriteEndArray();
    }

    private static void WriteAll(
        Utf8JsonWriter json, string dump, string list, string member, string type, List<ConfigNode> nodes)
    {
        json.WriteStartObject();
        json.WriteString("@type", DumpPrefix + dump);
        json.WriteStartArray(list);
        foreach (ConfigNode node in nodes)
        {
            json.WriteStartObject();
            json.WritePropertyName(member);
            WriteMessage(json, node, type, AnyPrefix + type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="json">Receives it.</param>
    /// <param name="node">The message.</param>
    /// <param name="type">Its full name; empty for a map or a Struct, whose names stay as they are.</param>
    /// <param name="typeUrl">Written where the message does not say its type itself.</param>
    private static void WriteMessage(Utf8JsonWriter json, ConfigNode node, string type, string? typeUrl)
    {
        json.WriteStartObject();
        if (node.Find("@type") is { } said)
        {
            typeUrl = said.Text;
            type = typeUrl[(typeUrl.LastIndexOf('/') + 1)..];
        }

        if (typeUrl is not null)
        {
            json.WriteString("@type", typeUrl);
        }

        foreach (ConfigMember member in node.Members)
        {
            if (member.Name == "@type" || member.Value.Kind == NodeKind.Null)
            {
                continue;
            }

            ProtoField? field = ProtoSchema.FieldOf(type, member.Name);
            string name = field?.Name ?? member.Name;
            json.WritePropertyName(name);
            if (s_secretFields.Contains(name))
            {
                WriteRedacted(json, member.Value);
            }
            else
            {
                WriteValue(json, member.Value, field);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, ConfigNode node, ProtoField? field)
    {
        switch (node.Kind)
        {
            case NodeKind.Mapping:
                WriteMessage(json, node, field?.TypeName ?? "", null);
                break;
            case NodeKind.Sequence:
                json.WriteStartArray();
                foreach (ConfigNode item in node.Items)
                {
                    WriteValue(json, item, field);
                }

                json.WriteEndArray();
                break;
            case NodeKind.Null:
                json.WriteNullValue();
                break;
            default:
                WriteScalar(json, node, field);
                break;
        }
    }

    private static void WriteScalar(Utf8JsonWriter json, ConfigNode node, ProtoField? field)
    {
        bool isBare = field is null ? !node.IsQuoted : field.Value == ProtoValue.Bare;
        if (isBare && node.Text is "true" or "false")
        {
            json.WriteBooleanValue(node.Text == "true");
        }
        else if (isBare
            && long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            json.WriteNumberValue(whole);
        }
        else if (isBare
            && double.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(node.Text);
        }
    }

    private static void WriteRedacted(Utf8JsonWriter json, ConfigNode node)
    {
        if (node.Kind != NodeKind.Mapping || Member(node, "filename") is null)
        {
            json.WriteStringValue(Redacted);
            return;
        }

        json.WriteStartObject();
        json.WriteString("filename", Member(node, "filename")!.Text);
        json.WriteEndObject();
    }

    // The depth of a tree is limited when it is read, and aliases only share what was counted.
    private static void FindTables(ConfigNode node, List<ConfigNode> found)
    {
        foreach (ConfigNode item in node.Items)
        {
            FindTables(item, found);
        }

        foreach (ConfigMember member in node.Members)
        {
            if (FieldName.Matches(member.Name, "route_config") && member.Value.Kind == NodeKind.Mapping)
            {
                found.Add(member.Value);
            }
            else
            {
                FindTables(member.Value, found);
            }
        }
    }

    private static List<ConfigNode> Items(ConfigNode? node, string field) =>
        node is null ? [] : Member(node, field)?.Items ?? [];

    private static ConfigNode? Member(ConfigNode node, string field)
    {
        foreach (ConfigMember member in node.Members)
        {
            if (FieldName.Matches(member.Name, field))
            {
                return member.Value;
            }
        }

        return null;
    }
}
