using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Config;
using FastMesh.Engine;
using FastMesh.Model;
using FastMesh.Proxy.Admin;
using Microsoft.Extensions.Logging;

namespace FastMesh.Proxy.Hosting;

/// <summary>
/// A running proxy from ready to gone.
/// <code>
///   live ──SIGTERM──▶ draining ──all finished, or drain time over──▶ exit 0
///    │                   └──SIGTERM or SIGINT──▶ exit 0 at once
///    ├──SIGUSR2, and the next process is ready──▶ draining
///    ├──SIGINT, /quitquitquit──▶ exit 0 at once
///    └──SIGHUP, other file content──▶ live with the new configuration, or with the old one and the reasons logged
/// </code>
/// </summary>
internal sealed class ProxyLife : IDisposable
{
    private readonly ProxyOptions _options;
    private readonly MeshEngine _engine;
    private readonly ConfigFile _file;
    private readonly ILogger _logger;
    private readonly Signals _signals;
    // The engine takes one caller at a time.
    private readonly SemaphoreSlim _engineFree = new(1);
    private readonly TaskCompletionSource<string> _drain = NewSource();
    private readonly TaskCompletionSource<string> _leave = NewSource();

    public ProxyLife(
        ProxyOptions options, MeshEngine engine, ConfigFile file, ConfigReading reading, HostLog log, ILogger logger)
    {
        _options = options;
        _engine = engine;
        _file = file;
        _logger = logger;
        Admin = new EngineAdminSource(engine, reading, log, options)
        {
            DrainAsked = graceful => _ = DrainListenersAsync(graceful),
            QuitAsked = () => _leave.TrySetResult("/quitquitquit"),
        };
        _signals = new Signals
        {
            Terminate = () => _ = _drain.TrySetResult("SIGTERM") || _leave.TrySetResult("second SIGTERM"),
            Interrupt = () => _leave.TrySetResult("SIGINT"),
            Reload = () => _ = ApplyAsync(_file.Read()),
            ReopenLogs = ReopenLogs,
            HotRestart = () => _ = HotRestartAsync(),
        };
    }

    /// <summary>What the admin interface sees of this proxy.</summary>
    public EngineAdminSource Admin { get; }

    /// <summary>The admin interface, where there is one.</summary>
    public AdminServer? AdminServer { get; set; }

    /// <summary>Waits for the end and brings it about.</summary>
    public async Task<int> RunAsync()
    {
        _signals.Listen();
        _file.Changed = reading => _ = ApplyAsync(reading);
        if (_file.Watch() is { } trouble)
        {
            ProxyLog.Note(_logger, trouble);
        }

        Task<string> first = await Task.WhenAny(_drain.Task, _leave.Task);
        string reason = await first;
        if (first == _drain.Task)
        {
            ProxyLog.Draining(_logger, reason, _options.DrainTime);
            Task<string> leave = _leave.Task;
            if (await Task.WhenAny(DrainAsync(_options.DrainTime), leave) == leave)
            {
                ProxyLog.Leaving(_logger, await leave);
            }
        }
        else
        {
            ProxyLog.Leaving(_logger, reason);
        }

        return ExitCodes.Fine;
    }

    public void Dispose()
    {
        _signals.Dispose();
    }

    // A file that is refused, by its reader or by the engine, leaves the last good configuration in force.
    private async Task ApplyAsync(ConfigReading reading)
    {
        await _engineFree.WaitAsync();
        try
        {
            List<ConfigProblem> problems = [.. reading.Errors];
            if (reading.Config is not null)
            {
                problems.AddRange(await _engine.ApplyAsync(reading.Config));
            }

            int errors = problems.Count(problem => problem.Severity == ConfigSeverity.Error);
            foreach (ConfigProblem problem in problems)
            {
                ProxyLog.Problem(_logger, problem.ToString());
            }

            if (errors > 0 || reading.Config is null)
            {
                ProxyLog.ReloadRefused(_logger, _options.ConfigPath, errors);
                return;
            }

            if (reading.Config.Admin != Admin.Config.Admin)
            {
                ProxyLog.AdminStays(_logger);
            }

            Admin.Reading = reading;
            ProxyLog.Reloaded(_logger, _options.ConfigPath);
        }
        finally
        {
            _engineFree.Release();
        }
    }

    // While the next process starts no configuration is put in force: the sockets must stay as they were handed over.
    private async Task HotRestartAsync()
    {
        await _engineFree.WaitAsync();
        try
        {
            if (_drain.Task.IsCompleted)
            {
                ProxyLog.HotRestartFailed(_logger, "it is draining already");
                return;
            }

            (int process, string? problem) = await HotRestart.StartNextAsync(_engine, AdminServer?.Descriptor);
            if (problem is not null)
            {
                ProxyLog.HotRestartFailed(_logger, problem);
                return;
            }

            await (AdminServer?.StopAsync() ?? Task.CompletedTask);
            _drain.TrySetResult(string.Create(CultureInfo.InvariantCulture, $"process {process} serves now"));
        }
        finally
        {
            _engineFree.Release();
        }
    }

    // Envoy's /drain_listeners ends nothing: the process stays and tells that it drains.
    private Task DrainListenersAsync(bool graceful) => DrainAsync(graceful ? _options.DrainTime : TimeSpan.Zero);

    private async Task DrainAsync(TimeSpan limit)
    {
        await _engineFree.WaitAsync();
        try
        {
            await _engine.DrainAsync(limit);
        }
        finally
        {
            _engineFree.Release();
        }
    }

    private void ReopenLogs()
    {
        _engine.ReopenLogs();
        ProxyLog.LogsReopened(_logger);
    }

    private static TaskCompletionSource<string> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
