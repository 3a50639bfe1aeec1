using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using FastMesh.Bench.Load.Measuring;

namespace FastMesh.Bench.Load.Reporting;

/// <summary>Gathers what suites measure; writes REPORT.md with tables and charts; prints a summary.</summary>
internal sealed class Report(BenchOptions options)
{
    private readonly StringBuilder _text = new();
    private readonly List<(string Line, bool Met)> _targets = [];
    private int _charts;

    public void Section(string title, string method)
    {
        Console.WriteLine($"\n## {title}");
        _text.AppendLine($"\n## {title}\n\n{method}");
    }

    /// <summary>A comparison as a table, with ratios to the first contender, and a chart of CPU per request.</summary>
    public void Add(Comparison comparison)
    {
        var first = comparison.Contenders[0];
        List<string[]> rows = [];
        foreach (var series in comparison.Contenders)
        {
            var ratio = series.RatioTo(first, sample => sample.CpuUs);
            rows.Add(
            [
                series.Name,
                Number(series.Of(sample => sample.CpuUs).Median),
                ratio.Median.ToString("0.00", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{ratio.Min:0.00}–{ratio.Max:0.00}"),
                Number(series.Of(sample => sample.Rate).Median),
                Number(series.Of(sample => sample.P50Us).Median),
                Number(series.Of(sample => sample.P99Us).Median),
                Number(series.Of(sample => sample.P999Us).Median),
                (series.Of(sample => sample.Busy).Median * 100).ToString("0", CultureInfo.InvariantCulture) + " %",
                series.Failures.ToString(CultureInfo.InvariantCulture),
            ]);
        }

        Table(
            $"{comparison.Work.Title} ({first.Samples.Count} rounds, {comparison.Discarded} thrown away)",
            ["", "CPU µs/request", "ratio", "min–max", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", "core", "failed"],
            rows);
        var bars = comparison.Contenders.Select(series => (series.Name, series.Of(sample => sample.CpuUs).Median));
        Chart($"CPU µs per request, {comparison.Work.Title}", bars);
    }

    public void Table(string title, string[] head, IReadOnlyList<string[]> rows)
    {
        _text.AppendLine($"\n### {title}\n");
        _text.AppendLine("| " + string.Join(" | ", head) + " |");
        _text.AppendLine("|" + string.Concat(Enumerable.Repeat("---|", head.Length)));
        foreach (string[] row in rows)
        {
            _text.AppendLine("| " + string.Join(" | ", row) + " |");
        }

        Console.WriteLine($"\n{title}");
        int[] widths = [.. head.Select((_, column) => rows.Append(head).Max(row => row[column].Length))];
        foreach (string[] row in rows.Prepend(head))
        {
            Console.WriteLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))));
        }
    }

    public void Chart(string title, IEnumerable<(string Name, double Value)> bars)
    {
        Directory.CreateDirectory(options.ReportFolder);
        string file = string.Create(CultureInfo.InvariantCulture, $"chart-{options.Suite}-{++_charts}.svg");
        File.WriteAllText(Path.Combine(options.ReportFolder, file), BarChart.Svg(title, [.. bars]));
        _text.AppendLine($"\n![{title}]({file})");
    }

    /// <summary>A demand of the form "figure at most limit".</summary>
    public void Target(string what, double figure, double limit, string unit = "")
    {
        bool met = figure <= limit;
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{what}: {figure:0.00}{unit} (at most {limit:0.00}{unit})");
        _targets.Add((line, met));
        Console.WriteLine($"  {(met ? '✓' : '✗')} {line}");
    }

    /// <summary>Demands a ratio of medians to a peer; says nothing when one of the two did not take part.</summary>
    public void RatioTarget(
        Comparison comparison, string mine, string peer, Func<Sample, double> figure, string what, double limit)
    {
        if (comparison.Find(mine) is { } ours && comparison.Find(peer) is { } theirs)
        {
            Target($"{comparison.Work.Title}: {what}, {mine} / {peer}", ours.RatioTo(theirs, figure).Median, limit);
        }
    }

    /// <summary>Writes the report and prints every demand.</summary>
    public void Finish()
    {
        StringBuilder head = new();
        head.AppendLine("# Measured: FastMesh and its peers\n");
        head.AppendLine(
            CultureInfo.InvariantCulture,
            $"{Environment.OSVersion.VersionString}, {Machine.MachineFacts.Processor}, .NET {Environment.Version}; " +
            $"{Machine.MachineFacts.Versions}.");
        head.AppendLine(
            "One core for the proxy, one for generator and backend. CPU is user and system time of all processes of " +
            "a proxy. Ratios are medians of samples of the same round; absolute figures depend on the machine.\n");
        head.AppendLine("| demand | met |\n|---|---|");
        foreach (var (line, met) in _targets)
        {
            head.AppendLine($"| {line} | {(met ? '✓' : '✗')} |");
        }

        Directory.CreateDirectory(options.ReportFolder);
        string name = options.Suite == "all" ? "REPORT.md" : $"REPORT-{options.Suite}.md";
        string path = Path.Combine(options.ReportFolder, name);
        File.WriteAllText(path, head.Append(_text).ToString());
        Console.WriteLine($"\n== {_targets.Count(target => target.Met)} of {_targets.Count} demands met");
        foreach (var (line, met) in _targets)
        {
            Console.WriteLine($"  {(met ? '✓' : '✗')} {line}");
        }

        Console.WriteLine($"report: {path}");
    }

    public static string Number(double value) => value.ToString(
        Math.Abs(value) >= 100 ? "#,0" : "0.0", CultureInfo.InvariantCulture);
}
