using System;
using System.Globalization;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>Small configurations: one HTTP listener, or one TCP listener, on ports that the kernel picks.</summary>
internal static class Configs
{
    /// <summary>A listener <c>web</c> whose every request gets a text.</summary>
    public static string Direct(string body) => Http($"direct_response: {{ status: 200, body: {{ inline_string: \"{body}\" }} }}", "[]");

    /// <summary>A listener <c>web</c> that forwards to a Unix socket.</summary>
    /// <param name="backend">Where the upstream listens.</param>
    /// <param name="fields">More fields of the cluster, each with a comma behind it.</param>
    /// <param name="listen">A Unix socket to listen on instead of a port.</param>
    /// <param name="socket">The transport socket of the filter chain, with its field name.</param>
    public static string Forward(string backend, string fields = "", string? listen = null, string socket = "")
    {
        string config = Http("route: { cluster: backend }", Backend(backend, fields));
        config = config.Replace("  - filters:", $"  - {socket}\n          filters:", StringComparison.Ordinal);
        return listen is null
            ? config
            : config.Replace(
                "address: { socket_address: { address: 127.0.0.1, port_value: 0 } }\n      filter_chains",
                $"address: {{ pipe: {{ path: '{listen}' }} }}\n      filter_chains", StringComparison.Ordinal);
    }

    /// <summary>A listener <c>tcp</c> that relays to a Unix socket.</summary>
    /// <param name="backend">Where the upstream listens.</param>
    /// <param name="fields">More fields of the cluster, each with a comma behind it.</param>
    public static string Relay(string backend, string fields = "") => Whole(
        "tcp",
        """
        name: envoy.filters.network.tcp_proxy
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                        stat_prefix: tcp
                        cluster: backend
        """,
        Backend(backend, fields));

    private static string Http(string action, string clusters) => Whole(
        "web",
        string.Create(CultureInfo.InvariantCulture, $$"""
        name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: web
                        http_filters:
                          - name: envoy.filters.http.router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                        route_config:
                          name: main
                          virtual_hosts:
                            - name: all
                              domains: ["*"]
                              routes: [{ match: { prefix: / }, {{action}} }]
        """),
        clusters);

    private static string Whole(string listener, string filter, string clusters) => $$"""
        admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
        static_resources:
          listeners:
            - name: {{listener}}
              ignore_global_conn_limit: true
              address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
              filter_chains:
                - filters:
                    - {{filter}}
          clusters: {{clusters}}

        """;

    private static string Backend(string socket, string fields = "") => $$"""
        [{ name: backend, type: STATIC, {{fields}} connect_timeout: 2s, load_assignment: { cluster_name: backend,
             endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: "{{socket}}" } } } }] }] } }]
        """;
}
