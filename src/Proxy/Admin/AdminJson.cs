using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;

namespace FastMesh.Proxy.Admin;

/// <summary>The JSON answers, in Envoy's shapes where Envoy has one.</summary>
internal static class AdminJson
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>The state in Envoy's words.</summary>
    public static string StateName(AdminState state) => state switch
    {
        AdminState.Live => "LIVE",
        AdminState.Draining => "DRAINING",
        _ => "INITIALIZING",
    };

    public static AdminReply ServerInfo(IAdminSource source) => Write(json =>
    {
        json.WriteString("state", StateName(source.State));
        source.WriteServerInfo(json);
    });

    public static AdminReply Config(IAdminSource source) => Write(source.WriteConfig);

    public static AdminReply Memory() => Write(json =>
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        json.WriteNumber("allocated", GC.GetTotalMemory(false));
        json.WriteNumber("heap_size", memory.HeapSizeBytes);
        json.WriteNumber("total_committed", memory.TotalCommittedBytes);
        json.WriteNumber("total_physical_bytes", Environment.WorkingSet);
    });

    public static AdminReply Listeners(IReadOnlyList<ListenerRow> listeners) => Write(json =>
    {
        json.WriteStartArray("listener_statuses");
        foreach (ListenerRow listener in listeners)
        {
            json.WriteStartObject();
            json.WriteString("name", listener.Name);
            json.WriteStartObject("local_address");
            WriteAddress(json, listener.Address, listener.Port);
            json.WriteEndObject();
            json.WriteBoolean("bound", listener.Bound);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static AdminReply Clusters(IReadOnlyList<ClusterRow> clusters) => Write(json =>
    {
        json.WriteStartArray("cluster_statuses");
        foreach (ClusterRow cluster in clusters)
        {
            json.WriteStartObject();
            json.WriteString("name", cluster.Name);
            json.WriteString("type", cluster.Kind);
            json.WriteStartArray("host_statuses");
            foreach (EndpointRow endpoint in cluster.Endpoints)
            {
                WriteEndpoint(json, endpoint);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static AdminReply Routes(IReadOnlyList<RouteRow> routes) => Write(json =>
    {
        json.WriteStartArray("routes");
        foreach (RouteRow route in routes)
        {
            json.WriteStartObject();
            json.WriteString("table", route.Table);
            json.WriteString("virtual_host", route.VirtualHost);
            json.WriteString("domains", route.Domains);
            json.WriteString("match", route.Match);
            json.WriteString("action", route.Action);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void WriteEndpoint(Utf8JsonWriter json, EndpointRow endpoint)
    {
        json.WriteStartObject();
        json.WriteStartObject("address");
        WriteAddress(json, endpoint.Address, endpoint.Port);
        json.WriteEndObject();
        json.WriteStartArray("stats");
        foreach (AdminStat stat in endpoint.Stats)
        {
            json.WriteStartObject();
            json.WriteString("name", stat.Name);
            json.WriteNumber("value", stat.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("health_status");
        json.WriteString("eds_health_status", endpoint.Healthy ? "HEALTHY" : "UNHEALTHY");
        json.WriteEndObject();
        json.WriteNumber("weight", endpoint.Weight);
        json.WriteString("hostname", endpoint.Hostname);
        json.WriteEndObject();
    }

    private static void WriteAddress(Utf8JsonWriter json, string address, int port)
    {
        if (port == 0)
        {
            json.WriteStartObject("pipe");
            json.WriteString("path", address);
        }
        else
        {
            json.WriteStartObject("socket_address");
            json.WriteString("address", address);
            json.WriteNumber("port_value", port);
        }

        json.WriteEndObject();
    }

    private static AdminReply Write(Action<Utf8JsonWriter> body)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Indented))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        return AdminReply.Json(stream.ToArray());
    }
}
