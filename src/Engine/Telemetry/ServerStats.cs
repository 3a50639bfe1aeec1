using System;

namespace FastMesh.Engine.Telemetry;

/// <summary>Envoy's <c>server.*</c> and a few more numbers of the whole process.</summary>
internal static class ServerStats
{
    /// <summary>Adds them to a registry.</summary>
    /// <param name="registry">Shows them.</param>
    /// <param name="status">Says where the engine stands; called on every scrape, on the scraping thread.</param>
    /// <param name="sinks">The access logs.</param>
    public static void Register(MetricsRegistry registry, Func<EngineStatus> status, AccessLogSinks sinks)
    {
        long startMs = Environment.TickCount64;
        registry.AddProcess("server.uptime", StatKind.Gauge, () => (Environment.TickCount64 - startMs) / 1000);
        registry.AddProcess("server.live", StatKind.Gauge, () => status().State == EngineState.Live ? 1 : 0);
        registry.AddProcess("server.state", StatKind.Gauge, () => StateNumber(status().State));
        registry.AddProcess("server.concurrency", StatKind.Gauge, () => status().Concurrency);
        registry.AddProcess("server.total_connections", StatKind.Gauge, () => status().DownstreamConnections);
        registry.AddProcess("server.snapshot_version", StatKind.Gauge, () => status().Version);
        registry.AddProcess(
            "server.memory_allocated", StatKind.Gauge, static () => GC.GetTotalMemory(forceFullCollection: false));
        registry.AddProcess("server.memory_heap_size", StatKind.Gauge, static () => GC.GetGCMemoryInfo().HeapSizeBytes);
        registry.AddProcess("server.memory_physical_size", StatKind.Gauge, static () => Environment.WorkingSet);
        registry.AddProcess(
            "listener_manager.total_listeners_active", StatKind.Gauge, () => status().Listeners.Count);
        registry.AddProcess("access_log.dropped_lines", StatKind.Counter, () => sinks.DroppedLines);
    }

    // envoy.admin.v3.ServerInfo.State: LIVE 0, DRAINING 1, PRE_INITIALIZING 2.
    private static long StateNumber(EngineState state) => state switch
    {
        EngineState.Live => 0,
        EngineState.Starting => 2,
        _ => 1,
    };
}
