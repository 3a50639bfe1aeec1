using System;
using System.Globalization;
using System.IO;

namespace FastMesh.Bench.Load.Machine;

/// <summary>Time that the hypervisor took from this machine's cores, from /proc/stat.</summary>
/// <param name="StealTicks">Stolen ticks of all cores.</param>
/// <param name="AllTicks">All ticks of all cores.</param>
internal readonly record struct Stolen(long StealTicks, long AllTicks)
{
    public static Stolen Now()
    {
        string line = File.ReadAllText("/proc/stat").Split('\n')[0];
        string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long all = 0;

        // user nice system idle iowait irq softirq steal; guest time is part of user.
        for (int i = 1; i <= 8; i++)
        {
            all += long.Parse(parts[i], CultureInfo.InvariantCulture);
        }

        return new Stolen(long.Parse(parts[8], CultureInfo.InvariantCulture), all);
    }

    /// <summary>Share of the time since an earlier reading, 0 to 1.</summary>
    public double ShareSince(Stolen earlier)
    {
        long all = AllTicks - earlier.AllTicks;
        return all <= 0 ? 0 : (StealTicks - earlier.StealTicks) / (double)all;
    }
}
