using System;
using System.Globalization;
using System.IO;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load;

/// <summary>The command line.</summary>
internal sealed record BenchOptions
{
    /// <summary>The suite, or "all".</summary>
    public string Suite { get; private init; } = "all";

    /// <summary>Rounds of each comparison.</summary>
    public int Rounds { get; init; } = 10;

    /// <summary>Time of one sample.</summary>
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Load on each proxy before the first round, so that just-in-time compilers are done.</summary>
    public TimeSpan JitWarmUp { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Time of the reload suite's load.</summary>
    public TimeSpan ReloadTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Measure beside other work instead of before it.</summary>
    public bool Gentle { get; private init; }

    /// <summary>Where the report goes.</summary>
    public string ReportFolder { get; private init; } = Path.Combine(Workspace.Root, "bench/report");

    /// <summary>An executable published ahead of time, or null.</summary>
    public string? AheadOfTime { get; private init; }

    /// <summary>Contenders by the start of their name, comma-separated; null is all.</summary>
    public string? Only { get; private init; }

    public const string Usage = """
        bench/Load [suite] [options]

        suites    quick http1 http2 open bulk tcp scale features log idle start reload all
        --rounds N          rounds of each comparison (10)
        --seconds S         time of one sample (2)
        --warm-up S         load on each proxy before the first round, at least (4)
        --reload-seconds S  length of the reload suite (60)
        --fastmesh PATH     executable to measure (src/Proxy/bin/Release/net10.0/fastmesh)
        --aot PATH          executable published ahead of time, for start and idle
        --gentle            take no precedence over other programs: noisier, but the machine stays usable
        --only A,B          contenders whose names start so (FastMesh, HAProxy, nginx, nghttpx, YARP)
        --report DIR        where REPORT.md goes (bench/report)
        """;

    /// <summary>Reads arguments; null when they make no sense.</summary>
    public static BenchOptions? Parse(string[] arguments)
    {
        BenchOptions options = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                options = options with { Suite = name };
                continue;
            }

            if (name == "--gentle")
            {
                options = options with { Gentle = true };
                continue;
            }

            if (++i == arguments.Length || options.With(name, arguments[i]) is not { } next)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    private BenchOptions? With(string name, string value) => name switch
    {
        "--rounds" => this with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
        "--seconds" => this with { RoundTime = Seconds(value) },
        "--warm-up" => this with { JitWarmUp = Seconds(value) },
        "--reload-seconds" => this with { ReloadTime = Seconds(value) },
        "--fastmesh" => WithFastMesh(value),
        "--aot" => this with { AheadOfTime = Path.GetFullPath(value) },
        "--only" => this with { Only = value },
        "--report" => this with { ReportFolder = Path.GetFullPath(value) },
        _ => null,
    };

    private BenchOptions WithFastMesh(string path)
    {
        Peers.FastMeshFiles.Executable = Path.GetFullPath(path);
        return this;
    }

    private static TimeSpan Seconds(string value) =>
        TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture));
}
