using System;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Telemetry;

/// <summary>The engine's log messages with their stable ids; nothing of this lies on the request path.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Error, "reactor {reactor}: unexpected fault; the connection that caused it is closed")]
    public static partial void ReactorFault(ILogger log, Exception exception, int reactor);

    [LoggerMessage(2, LogLevel.Warning,
        "cluster {cluster}: {host} was not resolved ({reason}); the last addresses stay in use")]
    public static partial void DnsFailed(ILogger log, string host, string cluster, string reason);

    [LoggerMessage(3, LogLevel.Information, "listener {listener} is listening on {address}")]
    public static partial void Listening(ILogger log, string listener, string address);

    [LoggerMessage(4, LogLevel.Information,
        "configuration {version} is in force: {listeners} listeners, {clusters} clusters")]
    public static partial void Applied(ILogger log, long version, int listeners, int clusters);

    [LoggerMessage(5, LogLevel.Information,
        "draining: no new connections, at most {seconds} s for {connections} open ones")]
    public static partial void Draining(ILogger log, double seconds, int connections);

    [LoggerMessage(6, LogLevel.Warning, "access log {path}: {reason}; {lines} lines were dropped so far")]
    public static partial void AccessLogFailed(ILogger log, string path, string reason, long lines);

    [LoggerMessage(7, LogLevel.Error, "reactor {reactor} has not finished a turn for {seconds} s")]
    public static partial void ReactorStuck(ILogger log, int reactor, long seconds);

    [LoggerMessage(8, LogLevel.Information, "transport {transport}: {reason}")]
    public static partial void Transport(ILogger log, string transport, string reason);
}
