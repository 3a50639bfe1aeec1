using System;
using System.Globalization;
using System.Linq;
using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>HTTP/1.1 keep-alive: saturation, fixed rates, large bodies.</summary>
internal static class Http1Suite
{
    /// <summary>One short comparison: does everything run?</summary>
    public static void Quick(SuiteContext context)
    {
        context.Report.Section("Quick look", "Three short rounds of the smallest answer; not for figures.");
        var options = context.Options with
        {
            Rounds = Math.Min(context.Options.Rounds, 3),
            RoundTime = TimeSpan.FromSeconds(Math.Min(context.Options.RoundTime.TotalSeconds, 1)),
            JitWarmUp = TimeSpan.FromSeconds(Math.Min(context.Options.JitWarmUp.TotalSeconds, 2)),
        };
        ProxyShape shape = new();
        using var fleet = context.Start(shape, Contenders.All);
        Work work = new("100 B, 64 connections", HttpRequest.Get(shape.RequestHost, "/100", 100), 64);
        Judge(context, Comparison.Run(work, fleet, options));
    }

    public static void Saturated(SuiteContext context)
    {
        context.Report.Section("HTTP/1.1 at saturation", "Closed loop, 100 virtual hosts.");
        ProxyShape shape = new();
        using var fleet = context.Start(shape, Contenders.All);
        foreach (int connections in (int[])[64, 256])
        {
            foreach (var (name, path, length) in ((string, string, int)[])
                     [("100 B", "/100", 100), ("16 KB", "/16k", Backend.Bytes16K)])
            {
                var request = HttpRequest.Get(shape.RequestHost, path, length);
                Work work = new($"{name}, {connections} connections", request, connections);
                Judge(context, Comparison.Run(work, fleet, context.Options));
            }
        }

        CountSyscalls(context, shape, fleet);
    }

    public static void OpenLoop(SuiteContext context)
    {
        context.Report.Section(
            "HTTP/1.1 at a fixed rate", "Evenly spaced intended send times; latency counts from the intended time.");
        ProxyShape shape = new();
        using var fleet = context.Start(shape, Contenders.All);
        foreach (int rate in (int[])[8_000, 20_000])
        {
            Work work = new($"{rate} requests/s", HttpRequest.Get(shape.RequestHost, "/100", 100), 64, rate);
            var comparison = Comparison.Run(work, fleet, context.Options);
            var report = context.Report;
            report.Add(comparison);
            report.RatioTarget(
                comparison, SuiteContext.Uring, SuiteContext.Haproxy, SuiteContext.Cpu, "CPU per request", 0.92);
            report.RatioTarget(
                comparison, SuiteContext.Uring, SuiteContext.Haproxy, sample => sample.P50Us, "p50", 1.00);
            report.RatioTarget(
                comparison, SuiteContext.Uring, SuiteContext.Haproxy, sample => sample.P99Us, "p99", 1.00);
        }
    }

    public static void Bulk(SuiteContext context)
    {
        context.Report.Section("Large bodies", "1 MB each way, 16 connections, closed loop.");
        ProxyShape shape = new();
        using var fleet = context.Start(shape, Contenders.All);
        string host = shape.RequestHost;
        Work[] works =
        [
            new("GET 1 MB", HttpRequest.Get(host, "/1m", Backend.Bytes1M), 16),
            new("POST 1 MB, counted", HttpRequest.PostCounted(host, "/sink", Backend.Bytes1M, 100), 16),
            new("POST 1 MB, chunked", HttpRequest.PostChunked(host, "/sink", Backend.Bytes1M, 100), 16),
        ];
        foreach (var work in works)
        {
            var comparison = Comparison.Run(work, fleet, context.Options);
            context.Report.Add(comparison);
            context.Report.RatioTarget(
                comparison, SuiteContext.Uring, SuiteContext.Haproxy, SuiteContext.Cpu, "CPU per request", 0.85);
        }
    }

    private static void CountSyscalls(SuiteContext context, ProxyShape shape, ProxyList fleet)
    {
        var request = HttpRequest.Get(shape.RequestHost, "/100", 100);
        Work[] works = [new("", request, 64), new("", request, 64, 8_000)];
        var rows = fleet.Select(proxy => (string[])
        [
            proxy.Name,
            .. works.Select(work => Syscalls.PerRequest(work, proxy).ToString("0.00", CultureInfo.InvariantCulture)),
        ]);
        context.Report.Table("System calls per request", ["", "saturated", "8,000/s"], [.. rows]);
    }

    private static void Judge(SuiteContext context, Comparison comparison)
    {
        var report = context.Report;
        report.Add(comparison);
        const string What = "CPU per request";
        report.RatioTarget(comparison, SuiteContext.Uring, SuiteContext.Haproxy, SuiteContext.Cpu, What, 0.75);
        report.RatioTarget(comparison, SuiteContext.Uring, SuiteContext.Nginx, SuiteContext.Cpu, What, 0.75);
        report.RatioTarget(comparison, SuiteContext.Uring, SuiteContext.Yarp, SuiteContext.Cpu, What, 0.40);
        report.RatioTarget(comparison, SuiteContext.Epoll, SuiteContext.Haproxy, SuiteContext.Cpu, What, 0.90);
    }
}
