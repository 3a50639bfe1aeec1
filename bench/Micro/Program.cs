using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FastMesh.Bench.Micro;

// In this process: a generated project would have to satisfy the repository's build rules.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
BenchmarkSwitcher.FromAssembly(typeof(RouteMatchBenchmarks).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
