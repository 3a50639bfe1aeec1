using System;
using System.Diagnostics;

namespace FastMesh.Engine.Reactors;

/// <summary>The clocks themselves; everything else asks its reactor.</summary>
internal static class SystemClock
{
#pragma warning disable RS0030 // The one place that reads clocks.
    private static readonly long s_start = Stopwatch.GetTimestamp();
    private static readonly double s_usPerTick = 1e6 / Stopwatch.Frequency;

    /// <summary>Microseconds since the process began to count.</summary>
    public static long MonotonicUs() => (long)((Stopwatch.GetTimestamp() - s_start) * s_usPerTick);

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public static long UtcMs() => (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
#pragma warning restore RS0030
}
