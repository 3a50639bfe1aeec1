using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Bench.Load.Machine;
using FastMesh.Bench.Load.Peers;
using FastMesh.Bench.Load.Reporting;
using FastMesh.Bench.Load.Suites;

namespace FastMesh.Bench.Load;

/// <summary>Whole proxies against each other: see docs/internals/benchmarks.md.</summary>
internal static class Program
{
    private static readonly Dictionary<string, Action<SuiteContext>> Suites = new()
    {
        ["quick"] = Http1Suite.Quick,
        ["http1"] = Http1Suite.Saturated,
        ["http2"] = Http2Suite.Run,
        ["open"] = Http1Suite.OpenLoop,
        ["bulk"] = Http1Suite.Bulk,
        ["tcp"] = TcpSuite.Run,
        ["scale"] = CostSuite.Scale,
        ["features"] = CostSuite.Features,
        ["log"] = CostSuite.AccessLog,
        ["idle"] = IdleSuite.Memory,
        ["start"] = IdleSuite.StartTime,
        ["reload"] = ReloadSuite.Run,
    };

    public static int Main(string[] arguments)
    {
        if (arguments is ["yarp", ..])
        {
            return YarpProxy.Run(arguments[1..]);
        }

        if (BenchOptions.Parse(arguments) is not { } options ||
            (options.Suite != "all" && !Suites.ContainsKey(options.Suite)))
        {
            Console.Error.WriteLine(BenchOptions.Usage);
            return 2;
        }

        return Run(options);
    }

    private static int Run(BenchOptions options)
    {
        try
        {
            using SteadyMachine steady = new(first: !options.Gentle);
            using var backend = Backend.Start();
            Report report = new(options);
            SuiteContext context = new(options, backend, report);
            foreach (var suite in Suites.Where(suite => options.Suite == suite.Key || IsPartOfAll(options, suite.Key)))
            {
                suite.Value(context);
            }

            report.Finish();
            return 0;
        }
        finally
        {
            Workspace.Remove();
        }
    }

    private static bool IsPartOfAll(BenchOptions options, string suite) => options.Suite == "all" && suite != "quick";
}
