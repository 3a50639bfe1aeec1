namespace FastMesh.Tests.Unit.Config;

/// <summary>Whole bootstraps, as the documents of Envoy and a sidecar injector shape them.</summary>
internal static class Bootstraps
{
    public const string EnvoyStyle = """
        admin:
          address:
            socket_address: { address: 127.0.0.1, port_value: 9901 }
        static_resources:
          listeners:
          - name: listener_0
            address:
              socket_address: { address: 127.0.0.1, port_value: 10000 }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type":
                   type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: ingress_http
                  codec_type: AUTO
                  route_config:
                    name: local_route
                    virtual_hosts:
                    - name: local_service
                      domains: ["*"]
                      routes:
                      - match: { prefix: "/" }
                        route: { cluster: some_service }
                  http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          clusters:
          - name: some_service
            connect_timeout: 0.25s
            type: STATIC
            lb_policy: ROUND_ROBIN
            load_assignment:
              cluster_name: some_service
              endpoints:
              - lb_endpoints:
                - endpoint:
                    address:
                      socket_address: { address: 127.0.0.1, port_value: 1234 }
        """;

    public const string SidecarStyle = """
        node: {id: sidecar~10.0.0.1~a.ns~ns.svc, cluster: a.ns, metadata: {NAMESPACE: ns}}
        templates: !ignore
          router: &router
          - name: envoy.filters.http.fault
            typedConfig: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}
          - name: envoy.filters.http.router
            typedConfig: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        staticResources:
          listeners:
          - name: virtualOutbound
            address: {socketAddress: {address: 0.0.0.0, portValue: 15001}}
            useOriginalDst: true
            trafficDirection: OUTBOUND
            defaultFilterChain:
              name: virtualOutbound-blackhole
              filters:
              - name: istio.metadata_exchange
                typedConfig:
                  "@type": type.googleapis.com/udpa.type.v1.TypedStruct
                  typeUrl: type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange
                  value: {protocol: istio-peer-exchange}
              - name: envoy.filters.network.tcp_proxy
                typedConfig:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                  statPrefix: BlackHoleCluster
                  cluster: PassthroughCluster
          - name: 0.0.0.0_8080
            address: {socketAddress: {address: 0.0.0.0, portValue: 8080}}
            bindToPort: false
            continueOnListenerFiltersTimeout: true
            listenerFiltersTimeout: 0s
            listenerFilters:
            - name: envoy.filters.listener.http_inspector
              typedConfig:
                "@type": type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector
            filterChains:
            - filterChainMatch: {transportProtocol: raw_buffer, applicationProtocols: [http/1.1, h2c]}
              filters:
              - name: envoy.filters.network.http_connection_manager
                typedConfig:
                  "@type":
                   type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  statPrefix: outbound_0.0.0.0_8080
                  useRemoteAddress: false
                  normalizePath: true
                  pathWithEscapedSlashesAction: KEEP_UNCHANGED
                  streamIdleTimeout: 0s
                  proxy100Continue: true
                  upgradeConfigs: [{upgradeType: websocket}]
                  requestIdExtension:
                    typedConfig:
                      "@type": type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig
                      useRequestIdForTraceSampling: true
                  routeConfig:
                    validateClusters: false
                    ignorePortInHostMatching: true
                    virtualHosts:
                    - name: b
                      domains: [b, b.ns]
                      includeRequestAttemptCount: true
                      routes:
                      - name: default
                        match: {prefix: /}
                        route: {cluster: outbound|8080||b, timeout: 0s}
                        decorator: {operation: b:8080/*}
                  httpFilters: *router
          clusters:
          - name: PassthroughCluster
            type: ORIGINAL_DST
            lbPolicy: CLUSTER_PROVIDED
            connectTimeout: 10s
            upstreamBindConfig: {sourceAddress: {address: 127.0.0.6, portValue: 0}}
            circuitBreakers:
              thresholds: [{maxConnections: 4294967295, trackRemaining: true}]
          - name: outbound|8080||b
            altStatName: outbound|8080||b;
            type: STRICT_DNS
            lbPolicy: LEAST_REQUEST
            typedExtensionProtocolOptions:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                commonHttpProtocolOptions: {idleTimeout: 60s}
                explicitHttpConfig: {httpProtocolOptions: {}}
            loadAssignment:
              endpoints:
              - lbEndpoints:
                - {endpoint: {address: {socketAddress: {address: b.ns, portValue: 8080}}}, loadBalancingWeight: 3}
        """;
}
