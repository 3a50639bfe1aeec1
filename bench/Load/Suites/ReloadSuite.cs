using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Machine;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>Nothing may fail when the configuration changes, the proxy drains, or an upstream comes back.</summary>
internal static class ReloadSuite
{
    private const double Rate = 5_000;
    private const int Connections = 64;
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PeerReloadInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PeerTimeMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

    public static void Run(SuiteContext context)
    {
        context.Report.Section(
            "Change under load",
            "5,000 requests/s on 64 connections, every body compared. Reload: a new file and SIGHUP every 100 ms; " +
            "for HAProxy (SIGUSR2) and nginx (SIGHUP) once a second for ten. Drain: SIGTERM after a second. " +
            "Upstream: killed after a second, back half a second later; what counts is what fails after that. " +
            "\"Cut\" are connections that ended under a request on its way; they are among the failed.");
        List<string[]> rows = [];
        foreach (string transport in (string[])["uring", "epoll"])
        {
            using ProxyList one = new();
            one.TryAdd("FastMesh", () => FastMeshFiles.Start(new(), context.Backend.Port, transport));
            if (one.Count == 0)
            {
                continue;
            }

            Reload(context, one[0], rows);
            Upstream(context, one[0], rows);
            Drain(context, one[0], rows);
        }

        Peer(context, rows, "HAProxy", LibC.SigUsr2, () => HaproxyFiles.Start(
            new(), context.Backend.Port, reloads: true));
        Peer(context, rows, "nginx", LibC.SigHup, () => NginxFiles.Start(new(), context.Backend.Port));
        context.Report.Table(
            "Failures", ["", "what", "requests", "failed", "cut", "reopened", "p99 µs", "remark"], rows);
    }

    private static void Reload(SuiteContext context, Proxy proxy, List<string[]> rows)
    {
        int generation = 0;
        var result = Under(proxy, context.Options.ReloadTime, stop =>
        {
            while (!stop.WaitOne(ReloadInterval))
            {
                FastMeshFiles.WriteConfig(proxy.Shape, proxy.Port, context.Backend.Port, ++generation);
                proxy.Signal(LibC.SigHup);
            }
        });
        bool newest = SeesGeneration(proxy, generation);
        Add(rows, proxy, "reload", result, $"{generation} reloads; {result.FirstFailure}");
        context.Report.Target($"{proxy.Name}: stale files in force", newest ? 0 : 1, 0);
        context.Report.Target($"{proxy.Name}: failures over {generation} reloads", result.Failures, 0);
        context.Report.Target($"{proxy.Name}: connections cut under a request", result.ClosedUnderRequest, 0);
    }

    /// <summary>What another proxy does on the same load over its own reloads; for the comparison only.</summary>
    private static void Peer(
        SuiteContext context, List<string[]> rows, string name, int signal, Func<Proxy> start)
    {
        using ProxyList one = new();
        one.TryAdd(name, start);
        if (one.Count == 0)
        {
            return;
        }

        int reloads = 0;
        TimeSpan time = context.Options.ReloadTime < PeerTimeMax ? context.Options.ReloadTime : PeerTimeMax;
        var result = Under(one[0], time, stop =>
        {
            while (!stop.WaitOne(PeerReloadInterval))
            {
                one[0].Signal(signal);
                reloads++;
            }
        });
        Add(rows, one[0], "reload", result, $"{reloads} reloads; {result.FirstFailure}");
    }

    /// <summary>The answer carries the field of that file, or does within a second.</summary>
    private static bool SeesGeneration(Proxy proxy, int generation)
    {
        string field = $"x-generation: {generation}\r\n";
        long started = Stopwatch.GetTimestamp();
        while (!Proxy.Ask(proxy.Port, proxy.Shape).Contains(field, StringComparison.OrdinalIgnoreCase))
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(1))
            {
                return false;
            }

            Thread.Sleep(10);
        }

        return true;
    }

    private static void Upstream(SuiteContext context, Proxy proxy, List<string[]> rows)
    {
        var down = Under(proxy, TimeSpan.FromSeconds(3), stop =>
        {
            stop.WaitOne(TimeSpan.FromSeconds(1));
            context.Backend.Kill();
            stop.WaitOne(TimeSpan.FromMilliseconds(500));
            context.Backend.Restart();
        });
        Add(rows, proxy, "upstream killed", down, $"{down.FirstFailure}");
        var after = Under(proxy, TimeSpan.FromSeconds(3), _ => { });
        Add(rows, proxy, "upstream back", after, $"{after.FirstFailure}");
        context.Report.Target($"{proxy.Name}: failures after the upstream came back", after.Failures, 0);
    }

    private static void Drain(SuiteContext context, Proxy proxy, List<string[]> rows)
    {
        var result = Under(
            proxy,
            TimeSpan.FromSeconds(4),
            stop =>
            {
                stop.WaitOne(TimeSpan.FromSeconds(1));
                proxy.Signal(LibC.SigTerm);
            },
            giveUpWhenRefused: true);
        int code = proxy.WaitForExit(DrainLimit);
        Add(rows, proxy, "drain", result, $"exit code {code}; {result.FirstFailure}");
        context.Report.Target($"{proxy.Name}: failures while draining", result.Failures, 0);
        context.Report.Target($"{proxy.Name}: exit code after the drain", Math.Abs(code), 0);
    }

    /// <summary>Load in this thread while the other does what is tested; it ends with the load.</summary>
    private static LoadResult Under(
        Proxy proxy, TimeSpan time, Action<WaitHandle> disturb, bool giveUpWhenRefused = false)
    {
        byte[] body = new byte[100];
        body.AsSpan().Fill((byte)'x');
        HttpRequest request = HttpRequest.Get(proxy.Shape.RequestHost, "/100", body.Length) with
        {
            ResponseBody = body,
        };
        using HttpLoad load = new(proxy.Port, request, Connections) { GiveUpWhenRefused = giveUpWhenRefused };
        using ManualResetEvent stop = new(false);
        Thread other = new(() => disturb(stop));
        var result = load.Run(
            Rate,
            TimeSpan.FromMilliseconds(500),
            time,
            other.Start,
            () => stop.Set());
        other.Join();
        return result;
    }

    private static void Add(List<string[]> rows, Proxy proxy, string what, LoadResult result, string remark)
    {
        var culture = CultureInfo.InvariantCulture;
        rows.Add(
        [
            proxy.Name, what, result.Requests.ToString(culture), result.Failures.ToString(culture),
            result.ClosedUnderRequest.ToString(culture),
            result.Reopened.ToString(culture), Reporting.Report.Number(result.P99Us), remark,
        ]);
    }
}
