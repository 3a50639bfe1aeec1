using System;
using System.Linq;
using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>Bulk bytes through a TCP relay.</summary>
internal static class TcpSuite
{
    /// <summary>Pieces of this many bytes cross the relay; 128 are a gigabyte.</summary>
    private const double PiecesPerGigabyte = 1024.0 / 8;

    public static void Run(SuiteContext context)
    {
        context.Report.Section(
            "TCP relay", "Answers of 8 MB cross the relay on 4 connections; HAProxy with splice-auto, nginx stream.");
        ProxyShape shape = new() { Tcp = true };
        using var fleet = context.Start(
            shape, Contenders.Haproxy | Contenders.Uring | Contenders.Epoll | Contenders.Nginx);
        Work work = new(
            "8 MB through a TCP relay", HttpRequest.Get(shape.RequestHost, "/8m", Backend.Bytes8M), 4);
        var options = context.Options with { JitWarmUp = TimeSpan.FromSeconds(1) };
        var comparison = Comparison.Run(work, fleet, options);
        var report = context.Report;
        report.Add(comparison);
        report.Chart(
            "CPU seconds per GB of TCP relay",
            comparison.Contenders.Select(
                series => (series.Name, series.Of(sample => sample.CpuUs).Median * PiecesPerGigabyte / 1e6)));
        report.RatioTarget(comparison, SuiteContext.Uring, SuiteContext.Haproxy, SuiteContext.Cpu, "CPU per GB", 0.75);
        report.RatioTarget(comparison, SuiteContext.Uring, SuiteContext.Nginx, SuiteContext.Cpu, "CPU per GB", 0.75);
    }
}
