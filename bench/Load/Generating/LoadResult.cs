using System;

namespace FastMesh.Bench.Load.Generating;

/// <summary>What a generator saw between its two marks.</summary>
/// <param name="Requests">Answers that were complete and right.</param>
/// <param name="Failures">Wrong status, length or body, connections lost under a request, connects refused.</param>
/// <param name="ClosedUnderRequest">Of these, connections that ended under a request on its way.</param>
/// <param name="Reopened">Connections that the proxy closed in order, by announcing it or while idle.</param>
/// <param name="Seconds">Time between the marks.</param>
/// <param name="P50Us">Median latency, µs, from the intended send time in an open loop.</param>
/// <param name="P99Us">99th percentile, µs.</param>
/// <param name="P999Us">99.9th percentile, µs.</param>
/// <param name="BehindRequests">Open loop: requests that were due at the end but could not be sent.</param>
/// <param name="FirstFailure">What went wrong first, or null.</param>
internal sealed record LoadResult(
    long Requests,
    long Failures,
    long ClosedUnderRequest,
    long Reopened,
    double Seconds,
    double P50Us,
    double P99Us,
    double P999Us,
    long BehindRequests,
    string? FirstFailure)
{
    /// <summary>Answers per second.</summary>
    public double Rate => Requests / Seconds;

    /// <summary>Percentiles of latencies in units of 100 ns; sorts its argument.</summary>
    public static (double P50Us, double P99Us, double P999Us) Percentiles(Span<int> latencies)
    {
        if (latencies.IsEmpty)
        {
            return (0, 0, 0);
        }

        latencies.Sort();
        return (At(latencies, 0.5), At(latencies, 0.99), At(latencies, 0.999));
    }

    private static double At(Span<int> sorted, double quantile) => sorted[(int)((sorted.Length - 1) * quantile)] / 10.0;
}
