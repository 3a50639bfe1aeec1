using System;
using FastMesh.Engine;
using Serilog.Events;

namespace FastMesh.Proxy;

/// <summary>What <c>fastmesh proxy</c> was told on its command line.</summary>
internal sealed record ProxyOptions
{
    /// <summary>How long in-flight work may take after SIGTERM; Envoy's and Istio's drainDuration.</summary>
    public static readonly TimeSpan DrainTimeDefault = TimeSpan.FromSeconds(45);

    public required string ConfigPath { get; init; }

    public bool ValidateOnly { get; init; }

    /// <summary>Reactors; 0 is one per core.</summary>
    public int Concurrency { get; init; }

    public EngineTransport Transport { get; init; } = EngineTransport.Auto;

    public LogEventLevel LogLevel { get; init; } = LogEventLevel.Information;

    public TimeSpan DrainTime { get; init; } = DrainTimeDefault;
}
