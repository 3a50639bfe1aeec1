using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Config;
using FastMesh.Model;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Bootstraps in YAML and JSON: reading never throws, is the same each time, and gives a configuration or an error
/// with a place in the file, never both and never neither.
/// </summary>
internal sealed class YamlConfigTarget : FuzzTarget
{
    public override string Name => "yaml-config";

    public override IEnumerable<byte[]> Seeds =>
        new[]
        {
            "static_resources: {clusters: [{name: a, connect_timeout: 0.25s, type: STRICT_DNS, load_assignment: "
            + "{endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: b, "
            + "port_value: 80}}}}]}]}}]}\n",
            "a: &x {b: [1, *y]}\nc:\n  <<: *x\n  d: !ignore \"e\\u0041\"\n",
            "{\"static_resources\": {\"listeners\": [{\"address\": {\"pipe\": {\"path\": \"/tmp/x\"}}, "
            + "\"filterChains\": []}]}}",
            "admin:\n  address:\n    socket_address: {address: \"::1\", port_value: 9901}\nnode: {id: n, cluster: c}\n",
            "static_resources:\n  listeners:\n  - name: l\n    address: {socket_address: {address: 127.0.0.1, "
            + "port_value: 0}}\n    filter_chains:\n    - filters:\n      - name: t\n        typed_config:\n"
            + "          \"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n"
            + "          stat_prefix: t\n          weighted_clusters: {clusters: [{name: a, weight: 1}]}\n",
        }.Select(Encoding.UTF8.GetBytes);

    public override int Run(byte[] input)
    {
        // A file named by the input must not be read.
        if (Encoding.UTF8.GetString(input).Contains("filename", System.StringComparison.Ordinal))
        {
            return 0;
        }

        return Check("a.yaml", input) * 31 + Check("a.json", input);
    }

    private static int Check(string path, byte[] input)
    {
        ConfigReading reading = EnvoyConfigReader.Load(path, input);
        Holds(reading.Config is null == reading.Errors.Count > 0, "a configuration together with errors, or neither");
        ConfigReading again = EnvoyConfigReader.Load(path, input);
        Holds(reading.Errors.SequenceEqual(again.Errors), "errors differ from time to time");
        Holds(reading.Notes.SequenceEqual(again.Notes), "notes differ from time to time");
        foreach (ConfigProblem problem in reading.Errors)
        {
            Holds(problem.Text.Length > 0 && problem.File == path, "an error without text or file");
        }

        return reading.Errors.Count == 0
            ? 1
            : (int)Wire.Hash(Encoding.Latin1.GetBytes(reading.Errors[0].Text));
    }
}
