using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;

namespace FastMesh.Engine.Telemetry;

/// <summary>The quantiles Envoy reports of a histogram, in percent.</summary>
internal static class StatQuantiles
{
    public static readonly double[] Percents = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];
}

/// <summary>Envoy's text form: <c>name: value</c>, a histogram as its quantiles.</summary>
internal static class StatsText
{
    public static string Write(IReadOnlyList<StatSample> samples)
    {
        var text = new StringBuilder();
        foreach (StatSample sample in samples)
        {
            text.Append(sample.FullName).Append(": ");
            if (sample.Values is { } values)
            {
                WriteQuantiles(text, values);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"{sample.Value}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    // Envoy writes (last interval, since start); intervals are not kept here, so the first is always nan.
    private static void WriteQuantiles(StringBuilder text, Histogram values)
    {
        if (values.Count == 0)
        {
            text.Append("No recorded values");
            return;
        }

        string space = "";
        foreach (double percent in StatQuantiles.Percents)
        {
            double quantile = values.Quantile(percent / 100);
            text.Append(CultureInfo.InvariantCulture, $"{space}P{percent}(nan,{quantile})");
            space = " ";
        }
    }
}

/// <summary>Envoy's JSON form: one list of names and values, the histograms in its last element.</summary>
internal static class StatsJson
{
    public static string Write(IReadOnlyList<StatSample> samples)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("stats");
            bool hasHistograms = false;
            foreach (StatSample sample in samples)
            {
                hasHistograms |= sample.Values is not null;
                if (sample.Values is null)
                {
                    json.WriteStartObject();
                    json.WriteString("name", sample.FullName);
                    json.WriteNumber("value", sample.Value);
                    json.WriteEndObject();
                }
            }

            if (hasHistograms)
            {
                WriteHistograms(json, samples);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteHistograms(Utf8JsonWriter json, IReadOnlyList<StatSample> samples)
    {
        json.WriteStartObject();
        json.WriteStartObject("histograms");
        json.WriteStartArray("supported_quantiles");
        foreach (double percent in StatQuantiles.Percents)
        {
            json.WriteNumberValue(percent);
        }

        json.WriteEndArray();
        json.WriteStartArray("computed_quantiles");
        foreach (StatSample sample in samples)
        {
            if (sample.Values is { } values)
            {
                json.WriteStartObject();
                json.WriteString("name", sample.FullName);
                json.WriteStartArray("values");
                foreach (double percent in StatQuantiles.Percents)
                {
                    WriteQuantile(json, values.Quantile(percent / 100));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteQuantile(Utf8JsonWriter json, double value)
    {
        json.WriteStartObject();
        json.WriteNull("interval");
        if (double.IsNaN(value))
        {
            json.WriteNull("cumulative");
        }
        else
        {
            json.WriteNumber("cumulative", value);
        }

        json.WriteEndObject();
    }
}
