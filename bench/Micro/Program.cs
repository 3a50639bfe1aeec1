using BenchmarkDotNet.Running;
using FastMesh.Bench.Micro;

BenchmarkSwitcher.FromAssembly(typeof(RouteMatchBenchmarks).Assembly).Run(args);
return 0;
