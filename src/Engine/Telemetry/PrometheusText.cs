using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// The Prometheus text format, version 0.0.4, with Envoy's metric names and the tags Envoy takes out of its names, so
/// that dashboards made for Envoy read it.
/// </summary>
internal static class PrometheusText
{
    /// <summary>Envoy's default upper bounds of a histogram, in the unit of its values.</summary>
    private static readonly double[] s_bounds =
    [
        0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
    ];

    public static string Write(IReadOnlyList<StatSample> samples)
    {
        var families = new SortedDictionary<string, List<StatSample>>(StringComparer.Ordinal);
        foreach (StatSample sample in samples)
        {
            string name = MetricName(sample);
            if (!families.TryGetValue(name, out List<StatSample>? family))
            {
                families.Add(name, family = []);
            }

            family.Add(sample);
        }

        var text = new StringBuilder();
        foreach ((string name, List<StatSample> family) in families)
        {
            text.Append("# TYPE ").Append(name).Append(' ').Append(TypeName(family[0].Kind)).Append('\n');
            foreach (StatSample sample in family)
            {
                WriteSample(text, name, sample);
            }
        }

        return text.ToString();
    }

    private static string TypeName(StatKind kind) => kind switch
    {
        StatKind.Counter => "counter",
        StatKind.Gauge => "gauge",
        _ => "histogram",
    };

    /// <summary>
    /// Letters, digits and underscores; the response class becomes a tag: <c>rq_2xx</c> → <c>rq_xx</c>.
    /// </summary>
    private static string MetricName(in StatSample sample)
    {
        var name = new StringBuilder("envoy_");
        name.Append(sample.Scope switch
        {
            StatScope.Cluster => "cluster_",
            StatScope.Http => "http_",
            StatScope.Listener => "listener_",
            StatScope.Tcp => "tcp_",
            StatScope.Http2 => "http2_",
            StatScope.ClusterHttp2 => "cluster_http2_",
            _ => "",
        });
        bool hasClass = ResponseClass(sample) != '\0';
        ReadOnlySpan<char> own = hasClass ? sample.Name.AsSpan(0, sample.Name.Length - 3) : sample.Name;
        foreach (char c in own)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        return name.Append(hasClass ? "xx" : "").ToString();
    }

    private static char ResponseClass(in StatSample sample)
    {
        string name = sample.Name;
        return name.EndsWith("xx", StringComparison.Ordinal) && name.Length > 3
            && name[^3] is >= '1' and <= '5' && name[^4] == '_'
            ? name[^3]
            : '\0';
    }

    private static void WriteSample(StringBuilder text, string name, in StatSample sample)
    {
        string tags = Tags(sample);
        if (sample.Values is not { } values)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{{{tags}}} {sample.Value}\n");
            return;
        }

        string comma = tags.Length > 0 ? "," : "";
        foreach (double bound in s_bounds)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{name}_bucket{{{tags}{comma}le=\"{bound}\"}} {values.CountUpTo(bound)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{tags}{comma}le=\"+Inf\"}} {values.Count}\n");
        text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{{tags}}} {values.Sum}\n");
        text.Append(CultureInfo.InvariantCulture, $"{name}_count{{{tags}}} {values.Count}\n");
    }

    private static string Tags(in StatSample sample)
    {
        string tag = sample.Scope switch
        {
            StatScope.Cluster or StatScope.ClusterHttp2 => "envoy_cluster_name",
            StatScope.Http => "envoy_http_conn_manager_prefix",
            StatScope.Listener => "envoy_listener_address",
            StatScope.Tcp => "envoy_tcp_prefix",
            _ => "",
        };
        var tags = new StringBuilder();
        if (ResponseClass(sample) is not '\0' and char digit)
        {
            tags.Append("envoy_response_code_class=\"").Append(digit).Append("\",");
        }

        if (tag.Length > 0)
        {
            tags.Append(tag).Append("=\"");
            foreach (char c in sample.Subject)
            {
                tags.Append(c switch { '\\' => "\\\\", '"' => "\\\"", '\n' => "\\n", _ => c.ToString() });
            }

            tags.Append('"');
        }

        return tags.ToString();
    }
}
