using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FastMesh.Bench.Gate;

/// <summary>
/// The gate's bootstrap: a plain listener, one with features and an access log, and one that speaks HTTP/2 to the
/// engine itself.
/// </summary>
internal static class GateConfiguration
{
    private const string Filters = "type.googleapis.com/envoy.extensions.filters";
    private const string Manager = Filters + ".network.http_connection_manager.v3.HttpConnectionManager";
    private const string Router = Filters + ".http.router.v3.Router";
    private const string FileLog =
        "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";

    /// <summary>A listener with nothing but a route.</summary>
    public const string Plain = "plain";

    /// <summary>The one with fields, rewrites, request id and access log.</summary>
    public const string Features = "features";

    /// <summary>The one whose upstream is the engine, over HTTP/2.</summary>
    public const string Hop = "hop";

    /// <summary>The plain one behind TLS.</summary>
    public const string Tls = "tls";

    private const string TlsContext =
        "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";

    private const string HttpOptions = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    /// <summary>The bootstrap.</summary>
    /// <param name="originPort">Where the origin listens.</param>
    /// <param name="hopSocket">Path of a Unix socket for the engine to reach itself.</param>
    public static string Text(int originPort, string hopSocket) => $$"""
        static_resources:
          listeners:
          - name: plain
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters: &plain
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": {{Manager}}
                  stat_prefix: plain
                  generate_request_id: false
                  http_filters: &router
                  - name: envoy.filters.http.router
                    typed_config: { "@type": {{Router}} }
                  route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [ { match: { prefix: / }, route: { cluster: origin } } ]
          - name: tls
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters: *plain
              transport_socket:
                name: tls
                typed_config:
                  "@type": {{TlsContext}}
                  common_tls_context: { tls_certificates: [ {{Certificate()}} ] }
          - name: inner
            address: { pipe: { path: "{{hopSocket}}" } }
            filter_chains: [ { filters: *plain } ]
          - name: hop
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": {{Manager}}
                  stat_prefix: hop
                  generate_request_id: false
                  http_filters: *router
                  route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [ { match: { prefix: / }, route: { cluster: self } } ]
          - name: features
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": {{Manager}}
                  stat_prefix: features
                  use_remote_address: true
                  normalize_path: true
                  merge_slashes: true
                  access_log:
                  - name: envoy.access_loggers.file
                    typed_config: { "@type": {{FileLog}}, path: /dev/null }
                  http_filters: *router
                  route_config:
                    virtual_hosts:
                    - name: gate
                      domains: [gate.test]
                      routes:
                      - match: { prefix: /app/, headers: [ { name: x-drop, present_match: true } ] }
                        route: { cluster: origin, prefix_rewrite: /, host_rewrite_literal: origin.test, timeout: 30s }
                        request_headers_to_add:
                        - header: { key: x-one, value: one }
                        - header: { key: x-client, value: "%DOWNSTREAM_REMOTE_ADDRESS%" }
                        request_headers_to_remove: [x-drop]
                        response_headers_to_add:
                        - header: { key: x-two, value: two }
          clusters:
          - name: self
            type: STATIC
            typed_extension_protocol_options:
              http: { "@type": {{HttpOptions}}, explicit_http_config: { http2_protocol_options: {} } }
            load_assignment:
              cluster_name: self
              endpoints: [ { lb_endpoints: [ { endpoint: { address: { pipe: { path: "{{hopSocket}}" } } } } ] } ]
          - name: origin
            type: STATIC
            connect_timeout: 5s
            load_assignment:
              cluster_name: origin
              endpoints:
              - lb_endpoints:
                - endpoint:
                    address: { socket_address: { address: 127.0.0.1, port_value: {{originPort}} } }

        """;

    /// <summary>One for this run, written into the configuration.</summary>
    private static string Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=gate.test", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate =
            request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{{ certificate_chain: {{ inline_string: {Quoted(certificate.ExportCertificatePem())} }}, "
            + $"private_key: {{ inline_string: {Quoted(key.ExportPkcs8PrivateKeyPem())} }} }}";
    }

    private static string Quoted(string text) => '"' + text.Replace("\n", "\\n", StringComparison.Ordinal) + '"';
}
