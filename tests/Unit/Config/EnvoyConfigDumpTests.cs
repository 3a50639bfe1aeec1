using System;
using System.IO;
using System.Text;
using System.Text.Json;
using FastMesh.Config;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

public sealed class EnvoyConfigDumpTests
{
    private const string Bootstrap = """
        node: { id: n, metadata: { upperCase: "1", number: 2 } }
        staticResources:
          listeners:
          - name: l
            address: { socket_address: { address: 127.0.0.1, portValue: "80" } }
            filterChains:
            - filters:
              - name: hcm
                typedConfig:
                  "@type":
                   type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  statPrefix: "10"
                  mergeSlashes: true
                  routeConfig:
                    name: r
                    virtualHosts:
                    - name: v
                      domains: ["*"]
                      routes:
                      - match: { prefix: / }
                        route: { cluster: c, timeout: 3s, retryPolicy: { numRetries: 2 } }
          clusters:
          - name: c
            connectTimeout: 0.5s
            transportSocket:
              name: tls
              typedConfig:
                "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
                commonTlsContext:
                  tlsCertificates:
                  - certificate_chain: { inline_string: public }
                    private_key: { inline_string: hidden }
                  - private_key: { filename: /key.pem }
                    password: { inline_string: hidden }
        """;

    [Fact]
    public void Write_EveryField_StandsUnderItsProtoNameAndInItsType()
    {
        using JsonDocument dump = Dump();
        JsonElement configs = dump.RootElement.GetProperty("configs");
        JsonElement listener = configs[2].GetProperty("static_listeners")[0].GetProperty("listener");
        Assert.Equal("type.googleapis.com/envoy.config.listener.v3.Listener", Text(listener, "@type"));
        JsonElement port = listener.GetProperty("address").GetProperty("socket_address").GetProperty("port_value");
        Assert.Equal(80, port.GetInt32());
        JsonElement manager =
            listener.GetProperty("filter_chains")[0].GetProperty("filters")[0].GetProperty("typed_config");
        Assert.Equal("10", Text(manager, "stat_prefix"));
        Assert.True(manager.GetProperty("merge_slashes").GetBoolean());
        JsonElement table = configs[3].GetProperty("static_route_configs")[0].GetProperty("route_config");
        JsonElement route = table.GetProperty("virtual_hosts")[0].GetProperty("routes")[0].GetProperty("route");
        Assert.Equal("3s", Text(route, "timeout"));
        JsonElement cluster = configs[1].GetProperty("static_clusters")[0].GetProperty("cluster");
        Assert.Equal("0.5s", Text(cluster, "connect_timeout"));
        JsonElement node = configs[0].GetProperty("bootstrap").GetProperty("node");
        Assert.Equal("1", Text(node.GetProperty("metadata"), "upperCase"));
        Assert.Equal(2, node.GetProperty("metadata").GetProperty("number").GetInt32());
    }

    [Fact]
    public void Write_SecretsInTheFile_AreLeftOut()
    {
        using JsonDocument dump = Dump();
        string text = dump.RootElement.GetRawText();
        Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
        Assert.Contains("[redacted]", text, StringComparison.Ordinal);
        Assert.Contains("/key.pem", text, StringComparison.Ordinal);
        Assert.Contains("public", text, StringComparison.Ordinal);
    }

    private static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();

    private static JsonDocument Dump()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            EnvoyConfigDump.Write(json, "mesh.yaml", Encoding.UTF8.GetBytes(Bootstrap));
            json.WriteEndObject();
        }

        return JsonDocument.Parse(stream.ToArray());
    }
}
