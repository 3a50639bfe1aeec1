namespace FastMesh.Bench.Load.Measuring;

/// <summary>One contender's part of one round.</summary>
/// <param name="CpuUs">User and system µs of the proxy per request.</param>
/// <param name="Rate">Requests per second.</param>
/// <param name="P50Us">Median latency.</param>
/// <param name="P99Us">99th percentile.</param>
/// <param name="P999Us">99.9th percentile.</param>
/// <param name="Busy">Share of its core that the proxy used.</param>
/// <param name="Failures">Requests that failed.</param>
/// <param name="StolenShare">Time that the hypervisor took.</param>
internal sealed record Sample(
    double CpuUs,
    double Rate,
    double P50Us,
    double P99Us,
    double P999Us,
    double Busy,
    long Failures,
    double StolenShare);
