using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using FastMesh.Bench.Load.Machine;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Measuring;

/// <summary>Counts a proxy's system calls with perf(1) while it works.</summary>
internal static class Syscalls
{
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(2);

    /// <summary>System calls per request, or NaN where perf cannot count them.</summary>
    public static double PerRequest(Work work, Proxy proxy)
    {
        string members = string.Join(',', ProcessTree.Members(proxy.Id));
        using Process perf = new()
        {
            StartInfo = new ProcessStartInfo(
                "perf", ["stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", members, "sleep", "1"])
            {
                RedirectStandardError = true,
            },
        };
        try
        {
            using var load = work.Open(proxy);
            var result = load.Run(work.Rate, TimeSpan.FromMilliseconds(200), LoadTime, () => perf.Start(), () => { });
            string count = perf.StandardError.ReadToEnd().Split('\n')
                .FirstOrDefault(line => line.Contains("sys_enter", StringComparison.Ordinal), "").Split(',')[0];
            perf.WaitForExit();
            return double.TryParse(count, CultureInfo.InvariantCulture, out double calls)
                ? calls / result.Rate
                : double.NaN;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return double.NaN;
        }
    }
}
