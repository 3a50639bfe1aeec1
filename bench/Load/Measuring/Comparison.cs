using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Machine;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Measuring;

/// <summary>What is sent in a comparison.</summary>
/// <param name="Title">As tables show it.</param>
/// <param name="Open">Connects to a proxy what asks it.</param>
/// <param name="Rate">Requests per second of an open loop, or 0 for a closed one.</param>
internal sealed record Work(string Title, Func<Proxy, Generator> Open, double Rate = 0)
{
    /// <summary>One request of HTTP/1.1, by what the proxy is asked to do, over keep-alive connections.</summary>
    public Work(string title, Func<ProxyShape, HttpRequest> request, int connections, double rate = 0)
        : this(title, proxy => new HttpLoad(proxy.Port, request(proxy.Shape), connections), rate)
    {
    }

    public Work(string title, HttpRequest request, int connections, double rate = 0)
        : this(title, _ => request, connections, rate)
    {
    }
}

/// <summary>
/// Alternating rounds A B C A B C… of short samples: machines drift, so only samples of the same round are compared.
/// A round in which the hypervisor took too much is thrown away and repeated.
/// </summary>
internal sealed class Comparison
{
    private const double StolenShareMax = 0.12;
    private const int RepeatsMax = 6;
    private const int WarmSlicesMax = 24;
    private const int FlatSlices = 3;
    private const double FlatShare = 0.05;
    private static readonly TimeSpan WarmSlice = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(150);
    private readonly BenchOptions _options;

    private Comparison(Work work, BenchOptions options)
    {
        Work = work;
        _options = options;
    }

    public Work Work { get; }

    public List<Series> Contenders { get; } = [];

    /// <summary>Rounds thrown away.</summary>
    public int Discarded { get; private set; }

    public Series? Find(string name) => Contenders.FirstOrDefault(series => series.Name == name);

    /// <summary>
    /// Runs the rounds. The proxy named first is measured once more at the end of each round, as "… again": what that
    /// row shows is noise.
    /// </summary>
    public static Comparison Run(
        Work work, IReadOnlyList<Proxy> proxies, BenchOptions options, bool again = true, TimeSpan? warmUp = null)
    {
        Comparison comparison = new(work, options);
        double seconds = options.Rounds * (proxies.Count + (again ? 1 : 0)) * (options.RoundTime + WarmUp).TotalSeconds;
        Console.Error.WriteLine(
            $"  … {work.Title}: {options.Rounds} rounds of {proxies.Count} proxies, about {seconds:0} s");
        List<(Proxy Proxy, Series Series)> order = [];
        foreach (var proxy in proxies)
        {
            order.Add((proxy, new Series(proxy.Name)));
            Warm(work, proxy, warmUp ?? options.JitWarmUp);
        }

        if (again)
        {
            order.Add((proxies[0], new Series(proxies[0].Name + " again")));
        }

        comparison.Contenders.AddRange(order.Select(pair => pair.Series));
        comparison.Rounds(order);
        return comparison;
    }

    private void Rounds(List<(Proxy Proxy, Series Series)> order)
    {
        for (int round = 0; round < _options.Rounds;)
        {
            Sample[] samples = [.. order.Select(pair => Measure(Work, pair.Proxy, _options.RoundTime))];
            bool noisy = samples.Max(sample => sample.StolenShare) > StolenShareMax;
            if (noisy && Discarded < RepeatsMax)
            {
                Discarded++;
                continue;
            }

            for (int i = 0; i < samples.Length; i++)
            {
                order[i].Series.Samples.Add(samples[i]);
            }

            round++;
        }
    }

    /// <summary>One sample.</summary>
    public static Sample Measure(Work work, Proxy proxy, TimeSpan time)
    {
        using Generator load = work.Open(proxy);
        long cpu = 0;
        double stolen = 0;
        Stolen before = default;
        proxy.Refresh();
        var result = load.Run(
            work.Rate,
            WarmUp,
            time,
            () =>
            {
                before = Stolen.Now();
                cpu = proxy.CpuNs;
            },
            () =>
            {
                cpu = proxy.CpuNs - cpu;
                stolen = Stolen.Now().ShareSince(before);
            });
        if (result.Failures > 0)
        {
            Console.Error.WriteLine($"  {proxy.Name}: {result.Failures} failures, first: {result.FirstFailure}");
        }

        double cpuUs = cpu / 1000.0;
        return new Sample(
            cpuUs / result.Requests, result.Rate, result.P50Us, result.P99Us, result.P999Us,
            cpuUs / 1e6 / result.Seconds, result.Failures, stolen);
    }

    /// <summary>
    /// Loads a proxy for the time given and then until its cost per request is flat: a just-in-time compiler works
    /// beside the load for as long as it finds something, and its own cost is not the steady state's.
    /// </summary>
    private static void Warm(Work work, Proxy proxy, TimeSpan time)
    {
        using Generator load = work.Open(proxy);
        proxy.Refresh();
        load.Run(work.Rate, TimeSpan.Zero, time, () => { }, () => { });
        double best = double.MaxValue;
        int flat = 0;
        for (int slice = 0; slice < WarmSlicesMax && flat < FlatSlices; slice++)
        {
            long cpu = proxy.CpuNs;
            var result = load.Run(work.Rate, TimeSpan.Zero, WarmSlice, () => { }, () => { });
            double cost = (proxy.CpuNs - cpu) / (double)Math.Max(result.Requests, 1);
            flat = cost > best * (1 - FlatShare) ? flat + 1 : 0;
            best = Math.Min(best, cost);
        }
    }
}
