using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Config;
using FastMesh.Engine;
using FastMesh.Model;
using FastMesh.Proxy.Admin;
using Microsoft.Extensions.Logging;

namespace FastMesh.Proxy.Hosting;

/// <summary>Configuration in, a running engine out; then waits for a signal and lets it end.</summary>
internal static class Bootstrap
{
    /// <summary>Runs to the end of the process's life; returns its exit code.</summary>
    public static async Task<int> RunAsync(ProxyOptions options, TextWriter output, TextWriter error)
    {
        long started = Stopwatch.GetTimestamp();
        using ConfigFile file = new(options.ConfigPath);
        ConfigReading reading = file.Read();
        if (reading.Config is null)
        {
            await TellAsync(error, reading.Errors);
            return ExitCodes.Usage;
        }

        using HostLog log = new(options.LogLevel);
        HotRestart.Prepare();
        Handover? handover = Handover.Take();
        MeshEngine engine;
        try
        {
            engine = NewEngine(options, handover, log);
        }
        catch (InvalidOperationException e)
        {
            await error.WriteLineAsync($"fastmesh proxy: {e.Message}; --transport auto takes what works here");
            return ExitCodes.MissingRight;
        }

        await using MeshEngine owned = engine;
        return options.ValidateOnly
            ? await ValidateAsync(options.ConfigPath, reading, engine, output, error)
            : await ServeAsync(options, file, reading, engine, handover, log, error, started);
    }

    private static MeshEngine NewEngine(ProxyOptions options, Handover? handover, HostLog log) => new(
        new EngineOptions
        {
            Concurrency = options.ValidateOnly ? 1 : options.Concurrency,
            Transport = options.Transport,
            DrainTime = options.DrainTime,
            Handed = handover?.Sockets ?? [],
        },
        options.ValidateOnly ? null : log.Factory);

    private static async Task<int> ValidateAsync(
        string path, ConfigReading reading, MeshEngine engine, TextWriter output, TextWriter error)
    {
        MeshConfig config = reading.Config!;
        IReadOnlyList<ConfigProblem> problems = engine.Check(config);
        await TellAsync(error, reading.Notes.Concat(problems));
        if (problems.Any(problem => problem.Severity == ConfigSeverity.Error))
        {
            return ExitCodes.Usage;
        }

        await output.WriteLineAsync(
            $"{path}: good, {config.Listeners.Count} listeners, {config.Clusters.Count} clusters");
        return ExitCodes.Fine;
    }

    private static async Task<int> ServeAsync(
        ProxyOptions options, ConfigFile file, ConfigReading reading, MeshEngine engine, Handover? handover,
        HostLog log, TextWriter error, long started)
    {
        MeshConfig config = reading.Config!;
        ILogger logger = log.Factory.CreateLogger("fastmesh");
        foreach (ConfigProblem note in reading.Notes)
        {
            ProxyLog.Note(logger, note.ToString());
        }

        if (handover is not null && handover.Transport != engine.Status.Transport)
        {
            await error.WriteLineAsync(
                $"fastmesh proxy: a hot restart cannot go from {handover.Transport} to {engine.Status.Transport}: "
                + "the sockets are set up for the one; stop and start instead");
            return ExitCodes.Usage;
        }

        using ProxyLife life = new(options, engine, file, reading, log, logger);
        AdminServer? admin = null;
        try
        {
            // Before the listeners, so that readiness can say "not yet".
            if (config.Admin is { } address)
            {
                admin = handover?.Admin is { } descriptor
                    ? AdminServer.Adopt(descriptor, life.Admin)
                    : AdminServer.Start(EndPointOf(address), life.Admin);
                life.AdminServer = admin;
                ProxyLog.Admin(logger, admin.Address.ToString()!);
            }

            IReadOnlyList<ConfigProblem> problems = await engine.ApplyAsync(config);
            if (problems.Any(problem => problem.Severity == ConfigSeverity.Error))
            {
                await TellAsync(error, problems);
                return IsMissingRight(problems) ? ExitCodes.MissingRight : ExitCodes.Usage;
            }

            EngineStatus status = engine.Status;
            long milliseconds = (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            ProxyLog.Ready(logger, milliseconds, status.Transport, status.Concurrency);
            if (handover is not null)
            {
                ProxyLog.TookOver(logger, handover.Sockets.Count, handover.Process);
                handover.TellReady();
            }

            // Reading the file left more garbage than the engine makes in its life: give those pages back once.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return await life.RunAsync();
        }
        catch (SocketException e)
        {
            await error.WriteLineAsync($"fastmesh proxy: admin address {config.Admin}: {e.Message}");
            return e.SocketErrorCode == SocketError.AccessDenied ? ExitCodes.MissingRight : ExitCodes.Usage;
        }
        finally
        {
            if (admin is not null)
            {
                await admin.DisposeAsync();
            }
        }
    }

    // A port below 1024, or a transparent socket without CAP_NET_ADMIN.
    private static bool IsMissingRight(IReadOnlyList<ConfigProblem> problems) =>
        problems.Any(problem => problem.Text.Contains("ermission denied", StringComparison.Ordinal)
            || problem.Text.Contains("not permitted", StringComparison.Ordinal));

    private static EndPoint EndPointOf(SocketTarget target) =>
        target.Path is { } path
            ? new UnixDomainSocketEndPoint(path)
            : new IPEndPoint(IPAddress.Parse(target.Host), target.Port);

    private static async Task TellAsync(TextWriter error, IEnumerable<ConfigProblem> problems)
    {
        foreach (ConfigProblem problem in problems)
        {
            await error.WriteLineAsync(problem.ToString());
        }
    }
}
