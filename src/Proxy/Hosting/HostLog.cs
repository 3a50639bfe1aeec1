using System;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace FastMesh.Proxy.Hosting;

/// <summary>
/// The process's own log: Serilog to standard error, one line per event, level changeable while running.
/// </summary>
internal sealed class HostLog : IDisposable
{
    // Above Fatal: nothing is written.
    private const LogEventLevel Off = LogEventLevel.Fatal + 1;

    private const string Template =
        "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffZ} {Level:u3} {Message:lj}{NewLine}{Exception}";

    private readonly LoggingLevelSwitch _level;
    private readonly Logger _logger;

    public HostLog(LogEventLevel level)
    {
        _level = new LoggingLevelSwitch(level);
        _logger = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(_level)
            .WriteTo.Console(
                outputTemplate: Template,
                formatProvider: System.Globalization.CultureInfo.InvariantCulture,
                standardErrorFromLevel: LogEventLevel.Verbose)
            .CreateLogger();
        Factory = new SerilogLoggerFactory(_logger);
    }

    /// <summary>What the engine writes to.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>The level in force, in Envoy's words.</summary>
    public string LevelName => _level.MinimumLevel switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "info",
        LogEventLevel.Warning => "warning",
        LogEventLevel.Error => "error",
        LogEventLevel.Fatal => "critical",
        _ => "off",
    };

    /// <summary>Envoy's level names; false when it is none of them.</summary>
    public static bool TryParseLevel(string text, out LogEventLevel level)
    {
        LogEventLevel? found = text switch
        {
            "trace" => LogEventLevel.Verbose,
            "debug" => LogEventLevel.Debug,
            "info" => LogEventLevel.Information,
            "warning" or "warn" => LogEventLevel.Warning,
            "error" => LogEventLevel.Error,
            "critical" => LogEventLevel.Fatal,
            "off" => Off,
            _ => null,
        };
        level = found ?? LogEventLevel.Information;
        return found is not null;
    }

    public bool TrySetLevel(string text)
    {
        if (!TryParseLevel(text, out LogEventLevel level))
        {
            return false;
        }

        _level.MinimumLevel = level;
        return true;
    }

    public void Dispose()
    {
        Factory.Dispose();
        _logger.Dispose();
    }
}
