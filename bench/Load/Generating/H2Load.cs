using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Generating;

/// <summary>
/// nghttp2's h2load in a closed loop: 10 connections with 100 streams each. It knows no percentiles: latencies are 0.
/// </summary>
internal sealed partial class H2Load(int port, string host, string path) : Generator
{
    public const int Connections = 10;
    public const int Streams = 100;

    /// <inheritdoc/>
    public override LoadResult Run(double rate, TimeSpan warmUp, TimeSpan duration, Action begin, Action end)
    {
        if (warmUp > TimeSpan.Zero)
        {
            Run(warmUp);
        }

        begin();
        string output = Run(duration);
        end();
        Match match = Requests().Match(output);
        if (!match.Success)
        {
            throw new InvalidOperationException("h2load said nothing of its requests:\n" + output);
        }

        long succeeded = Number(match, "ok");
        long failed = Number(match, "failed");
        return new LoadResult(
            succeeded, failed, 0, 0, duration.TotalSeconds, 0, 0, 0, 0, failed > 0 ? match.Value : null);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private static long Number(Match match, string group) =>
        long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private string Run(TimeSpan time)
    {
        string command = string.Create(
            CultureInfo.InvariantCulture,
            $"exec taskset -c {SteadyMachine.OtherCore} h2load -c{Connections} -m{Streams} -D{(long)time.TotalMilliseconds}ms "
            + $"-H ':authority: {host}' http://127.0.0.1:{port}{path}");
        ProcessStartInfo start = new("/bin/sh", ["-c", command])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    [GeneratedRegex("(?<ok>[0-9]+) succeeded, (?<failed>[0-9]+) failed, [0-9]+ errored, [0-9]+ timeout")]
    private static partial Regex Requests();
}
