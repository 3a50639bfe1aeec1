using System.Text;
using FastMesh.Config;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>Readings of texts, and bootstraps around the part under test.</summary>
internal static class Yaml
{
    public static ConfigReading Read(string text, string path = "envoy.yaml") =>
        EnvoyConfigReader.Load(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Reads what must be good, and shows why when it is not.</summary>
    public static ConfigReading ReadGood(string text, string path = "envoy.yaml")
    {
        ConfigReading reading = Read(text, path);
        Assert.Equal("", string.Join('\n', reading.Errors));
        Assert.NotNull(reading.Config);
        return reading;
    }

    /// <summary>The texts of all errors.</summary>
    public static string[] Errors(string text, string path = "envoy.yaml")
    {
        ConfigReading reading = Read(text, path);
        Assert.Null(reading.Config);
        return [.. System.Linq.Enumerable.Select(reading.Errors, static problem => problem.ToString())];
    }

    /// <summary>A bootstrap with one cluster, its lines given without indentation.</summary>
    public static string Cluster(string lines) => "static_resources:\n  clusters:\n  - " + Indent(lines, 4);

    /// <summary>A bootstrap with one listener, its lines given without indentation, and a cluster <c>a</c>.</summary>
    public static string Listener(string lines) =>
        "static_resources:\n  clusters: [{name: a}]\n  listeners:\n  - " + Indent(lines, 4);

    /// <summary>A bootstrap with one route, its lines given without indentation, and a cluster <c>a</c>.</summary>
    public static string Route(string lines) => Listener($$"""
        address:
          socket_address: {address: 127.0.0.1, port_value: 80}
        filter_chains:
        - filters:
          - name: http
            typed_config:
              "@type":
               type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: in
              http_filters: [{{Router}}]
              route_config:
                virtual_hosts:
                - name: all
                  domains: ["*"]
                  routes:
                  - {{Indent(lines, 12)}}
        """);

    public const string Router =
        "{name: r, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}";

    private static string Indent(string lines, int columns) => lines.Replace("\n", "\n" + new string(' ', columns));
}
