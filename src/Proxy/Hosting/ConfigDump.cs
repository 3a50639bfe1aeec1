using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using FastMesh.Model;

namespace FastMesh.Proxy.Hosting;

/// <summary>The model in force in the shape of Envoy's /config_dump: what decides where traffic goes.</summary>
internal static class ConfigDump
{
    private const string TypePrefix = "type.googleapis.com/envoy.admin.v3.";

    /// <summary>Every route table of every HTTP connection manager, each name once.</summary>
    public static IEnumerable<RouteConfiguration> RouteTables(MeshConfig config) =>
        config.Listeners.SelectMany(Chains)
            .Select(chain => chain.Filter)
            .OfType<HttpConnectionManagerSettings>()
            .Select(manager => manager.Routes)
            .Distinct();

    public static void Write(Utf8JsonWriter json, MeshConfig config)
    {
        json.WriteStartArray("configs");
        WriteClusters(json, config);
        WriteListeners(json, config);
        WriteRoutes(json, config);
        json.WriteEndArray();
    }

    private static void WriteClusters(Utf8JsonWriter json, MeshConfig config)
    {
        Start(json, "ClustersConfigDump", "static_clusters");
        foreach (Cluster cluster in config.Clusters)
        {
            json.WriteStartObject();
            json.WriteStartObject("cluster");
            json.WriteString("name", cluster.Name);
            json.WriteString("type", TypeName(cluster.Type));
            json.WriteString("lb_policy", LoadBalancingName(cluster.LoadBalancing));
            json.WriteString("connect_timeout", Seconds(cluster.ConnectTimeout));
            json.WriteStartArray("endpoints");
            foreach (Endpoint endpoint in cluster.Endpoints)
            {
                json.WriteStartObject();
                WriteAddress(json, endpoint.Target);
                json.WriteNumber("load_balancing_weight", endpoint.Weight);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        End(json);
    }

    private static void WriteListeners(Utf8JsonWriter json, MeshConfig config)
    {
        Start(json, "ListenersConfigDump", "static_listeners");
        foreach (Listener listener in config.Listeners)
        {
            json.WriteStartObject();
            json.WriteStartObject("listener");
            json.WriteString("name", listener.Name);
            WriteAddress(json, listener.Address);
            json.WriteBoolean("bind_to_port", listener.BindToPort);
            json.WriteBoolean("use_original_dst", listener.UseOriginalDestination);
            json.WriteStartArray("filter_chains");
            foreach (FilterChain chain in Chains(listener))
            {
                WriteChain(json, chain);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        End(json);
    }

    private static void WriteChain(Utf8JsonWriter json, FilterChain chain)
    {
        json.WriteStartObject();
        json.WriteString("name", chain.Name);
        json.WriteStartObject("filter_chain_match");
        if (chain.Match.DestinationPort != 0)
        {
            json.WriteNumber("destination_port", chain.Match.DestinationPort);
        }

        WriteTexts(json, "prefix_ranges", chain.Match.DestinationRanges.Select(range => range.ToString()));
        WriteTexts(json, "server_names", chain.Match.ServerNames);
        WriteTexts(json, "application_protocols", chain.Match.ApplicationProtocols);
        if (chain.Match.TransportProtocol.Length > 0)
        {
            json.WriteString("transport_protocol", chain.Match.TransportProtocol);
        }

        json.WriteEndObject();
        json.WriteStartObject("filter");
        switch (chain.Filter)
        {
            case HttpConnectionManagerSettings manager:
                json.WriteString("name", "envoy.filters.network.http_connection_manager");
                json.WriteString("stat_prefix", manager.StatPrefix);
                json.WriteString("route_config_name", manager.Routes.Name);
                break;
            case TcpProxySettings tcp:
                json.WriteString("name", "envoy.filters.network.tcp_proxy");
                json.WriteString("stat_prefix", tcp.StatPrefix);
                WriteTexts(json, "clusters", tcp.Clusters.Select(share => share.Cluster));
                break;
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRoutes(Utf8JsonWriter json, MeshConfig config)
    {
        Start(json, "RoutesConfigDump", "static_route_configs");
        foreach (RouteConfiguration table in RouteTables(config))
        {
            json.WriteStartObject();
            json.WriteStartObject("route_config");
            json.WriteString("name", table.Name);
            json.WriteStartArray("virtual_hosts");
            foreach (VirtualHost host in table.VirtualHosts)
            {
                json.WriteStartObject();
                json.WriteString("name", host.Name);
                WriteTexts(json, "domains", host.Domains);
                json.WriteStartArray("routes");
                foreach (Route route in host.Routes)
                {
                    json.WriteStartObject();
                    json.WriteString("name", route.Name);
                    json.WriteString("match", RouteText.Match(route.Match));
                    json.WriteString("action", RouteText.Action(route.Action));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        End(json);
    }

    public static string TypeName(ClusterType type) => type switch
    {
        ClusterType.StrictDns => "STRICT_DNS",
        ClusterType.LogicalDns => "LOGICAL_DNS",
        ClusterType.OriginalDestination => "ORIGINAL_DST",
        _ => "STATIC",
    };

    private static string LoadBalancingName(LoadBalancing balancing) => balancing switch
    {
        LoadBalancing.LeastRequest => "LEAST_REQUEST",
        LoadBalancing.Random => "RANDOM",
        LoadBalancing.ClusterProvided => "CLUSTER_PROVIDED",
        _ => "ROUND_ROBIN",
    };

    private static string Seconds(System.TimeSpan time) => System.FormattableString.Invariant($"{time.TotalSeconds}s");

    private static IEnumerable<FilterChain> Chains(Listener listener) =>
        listener.DefaultFilterChain is { } last ? listener.FilterChains.Append(last) : listener.FilterChains;

    private static void WriteAddress(Utf8JsonWriter json, SocketTarget target)
    {
        json.WriteStartObject("address");
        if (target.Path is { } path)
        {
            json.WriteStartObject("pipe");
            json.WriteString("path", path);
        }
        else
        {
            json.WriteStartObject("socket_address");
            json.WriteString("address", target.Host);
            json.WriteNumber("port_value", target.Port);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        string[] all = [.. texts];
        if (all.Length == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (string text in all)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Start(Utf8JsonWriter json, string type, string list)
    {
        json.WriteStartObject();
        json.WriteString("@type", TypePrefix + type);
        json.WriteStartArray(list);
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
