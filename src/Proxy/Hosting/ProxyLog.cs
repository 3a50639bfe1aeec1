using System;
using Microsoft.Extensions.Logging;

namespace FastMesh.Proxy.Hosting;

/// <summary>What the process tells of its life; ids from 100, apart from the engine's.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(100, LogLevel.Information, "ready in {milliseconds} ms on {transport} with {reactors} reactors")]
    public static partial void Ready(ILogger log, long milliseconds, string transport, int reactors);

    [LoggerMessage(101, LogLevel.Information, "admin interface on {address}")]
    public static partial void Admin(ILogger log, string address);

    [LoggerMessage(102, LogLevel.Information, "{signal}: draining for at most {time}")]
    public static partial void Draining(ILogger log, string signal, TimeSpan time);

    [LoggerMessage(103, LogLevel.Information, "{signal}: leaving at once")]
    public static partial void Leaving(ILogger log, string signal);

    [LoggerMessage(104, LogLevel.Information, "{path} read again and in force")]
    public static partial void Reloaded(ILogger log, string path);

    [LoggerMessage(105, LogLevel.Error, "{problem}")]
    public static partial void Problem(ILogger log, string problem);

    [LoggerMessage(106, LogLevel.Error, "{path} is refused for {count} problems; the last good configuration stays")]
    public static partial void ReloadRefused(ILogger log, string path, int count);

    [LoggerMessage(107, LogLevel.Error, "SIGUSR2: no hot restart, this process goes on: {problem}")]
    public static partial void HotRestartFailed(ILogger log, string problem);

    [LoggerMessage(108, LogLevel.Warning, "{note}")]
    public static partial void Note(ILogger log, string note);

    [LoggerMessage(109, LogLevel.Information, "log files reopened")]
    public static partial void LogsReopened(ILogger log);

    [LoggerMessage(111, LogLevel.Information, "hot restart: {sockets} listening addresses taken over from process {process}")]
    public static partial void TookOver(ILogger log, int sockets, int process);

    [LoggerMessage(110, LogLevel.Warning, "admin address cannot change while running; it stays as it was at start")]
    public static partial void AdminStays(ILogger log);
}
