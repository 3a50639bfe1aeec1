using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>FastMesh under measurement, from an Envoy bootstrap file.</summary>
internal static class FastMeshFiles
{
    /// <summary>The executable to measure: set from the command line, else what the build made.</summary>
    public static string Executable { get; set; } =
        Path.Combine(Workspace.Root, "src/Proxy/bin/Release/net10.0/fastmesh");

    public static bool Exists => File.Exists(Executable) || File.Exists(Executable + ".dll");

    public static string ConfigPath(int port) => Path.Combine(Workspace.Folder, $"fastmesh-{port}.yaml");

    /// <summary>Starts it on io_uring or epoll ("uring", "epoll").</summary>
    public static Proxy Start(
        ProxyShape shape, int backendPort, string transport, string? name = null, string? executable = null)
    {
        int port = ChildProcess.FreePort();
        WriteConfig(shape, port, backendPort, 0);
        return Proxy.Start(
            name ?? (transport == "uring" ? "FastMesh io_uring" : "FastMesh epoll"),
            port,
            shape,
            $"{executable ?? Executable} proxy -c {ConfigPath(port)} --concurrency 1 --transport {transport}",
            new Dictionary<string, string> { ["DOTNET_TieredPGO"] = "1" });
    }

    /// <summary>Writes the file; each generation differs in one answer header, so that a reload has work.</summary>
    public static void WriteConfig(ProxyShape shape, int port, int backendPort, int generation)
    {
        string filters = shape.Tcp ? TcpFilter(shape) : HttpFilter(shape, generation);
        Workspace.Write($"fastmesh-{port}.yaml", $$"""
            static_resources:
              listeners:
              - name: bench
                address: { socket_address: { address: 127.0.0.1, port_value: {{port}} } }
                filter_chains:
                - filters:
            {{filters}}
              clusters:
              - name: backend
                type: STATIC
                {{(shape.Http2Upstream ? "http2_protocol_options: { max_concurrent_streams: 100 }" : "")}}
                connect_timeout: 5s
                load_assignment:
                  cluster_name: backend
                  endpoints:
                  - lb_endpoints:
                    - endpoint:
                        address: { socket_address: { address: 127.0.0.1, port_value: {{backendPort}} } }

            """);
    }

    private static string TcpFilter(ProxyShape shape) => $$"""
              - name: envoy.filters.network.tcp_proxy
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                  stat_prefix: bench
                  cluster: backend
        {{(shape.AccessLog ? AccessLog : "")}}
        """;

    private static string HttpFilter(ProxyShape shape, int generation)
    {
        StringBuilder text = new();
        text.AppendLine($$"""
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": {{ManagerType}}
                      stat_prefix: bench
                      server_header_transformation: PASS_THROUGH
                      generate_request_id: {{(shape.Features ? "true" : "false")}}
                      use_remote_address: {{(shape.Features ? "true" : "false")}}
                      normalize_path: {{(shape.Features ? "true" : "false")}}
                      merge_slashes: {{(shape.Features ? "true" : "false")}}
            {{(shape.AccessLog ? AccessLog : "")}}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                      route_config:
                        name: bench
            """);
        if (generation > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $$"""
                            response_headers_to_add:
                            - header: { key: x-generation, value: "{{generation}}" }
                """);
        }

        text.AppendLine("            virtual_hosts:");
        for (int i = 0; i < shape.VirtualHosts; i++)
        {
            AppendHost(text, shape, i);
        }

        return text.ToString();
    }

    private static void AppendHost(StringBuilder text, ProxyShape shape, int host)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"            - name: host{host}");
        text.AppendLine(CultureInfo.InvariantCulture, $"              domains: [host{host}.bench]");
        text.AppendLine("              routes:");
        for (int i = 1; i < shape.RoutesPerHost; i++)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"              - {{ match: {{ prefix: /route{i}/ }}, route: {{ cluster: backend }} }}");
        }

        text.AppendLine(shape.Features ? FeatureRoute : PlainRoute);
    }

    private const string PlainRoute = "              - { match: { prefix: / }, route: { cluster: backend } }";

    /// <summary>
    /// Beside request id, X-Forwarded-For, path normalisation and slash merging: three header matchers, a path
    /// rewrite, a host rewrite, fields added and removed both ways.
    /// </summary>
    private const string FeatureRoute = """
                      - match:
                          prefix: /app/
                          headers:
                          - { name: x-a, string_match: { exact: "1" } }
                          - { name: x-b, string_match: { prefix: "y" } }
                          - { name: x-c, present_match: true }
                        route: { cluster: backend, prefix_rewrite: /, host_rewrite_literal: backend.bench }
                        request_headers_to_add:
                        - header: { key: x-bench-one, value: one }
                        - header: { key: x-bench-two, value: two }
                        request_headers_to_remove: [x-drop]
                        response_headers_to_add:
                        - header: { key: x-bench-answer, value: answer }
                        response_headers_to_remove: [x-backend]
                      - { match: { prefix: / }, route: { cluster: backend } }
        """;

    private const string ManagerType =
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

    /// <summary>Istio's default line, given in full.</summary>
    private static string AccessLog => $$"""
                  access_log:
                  - name: envoy.access_loggers.file
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                      path: {{Workspace.Folder}}/fastmesh-access.log
                      log_format:
                        text_format_source:
                          inline_string: "{{IstioFormat}}\n"
        """;

    private const string IstioFormat =
        @"[%START_TIME%] \""%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\"" %RESPONSE_CODE% " +
        @"%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% " +
        @"\""%UPSTREAM_TRANSPORT_FAILURE_REASON%\"" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% " +
        @"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \""%REQ(X-FORWARDED-FOR)%\"" \""%REQ(USER-AGENT)%\"" " +
        @"\""%REQ(X-REQUEST-ID)%\"" \""%REQ(:AUTHORITY)%\"" \""%UPSTREAM_HOST%\"" %UPSTREAM_CLUSTER% " +
        @"%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% " +
        @"%REQUESTED_SERVER_NAME% %ROUTE_NAME%";
}
