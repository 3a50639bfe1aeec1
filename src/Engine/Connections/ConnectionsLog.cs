using System;
using FastMesh.Protocols;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Connections;

/// <summary>Log lines of the accept path; event ids 3000 to 3099.</summary>
internal static partial class ConnectionsLog
{
    [LoggerMessage(3000, LogLevel.Warning,
        "listener {Listener} refused a connection from {Remote} to itself at {Destination}; "
        + "the redirect rules may not exempt the proxy's own user")]
    public static partial void LoopRefused(ILogger logger, string listener, NetAddress destination, NetAddress remote);

    [LoggerMessage(3001, LogLevel.Debug,
        "listener {Listener} has no filter chain for a connection from {Remote} to {Destination}")]
    public static partial void NoFilterChain(
        ILogger logger, string listener, NetAddress destination, NetAddress remote);

    [LoggerMessage(3002, LogLevel.Debug, "listener {Listener} closed {Remote}: its first bytes were refused")]
    public static partial void FilterRejected(ILogger logger, string listener, NetAddress remote);

    [LoggerMessage(3003, LogLevel.Error, "filter chain {Chain} of listener {Listener} failed; this is a bug")]
    public static partial void HandlerFailed(ILogger logger, Exception failure, string listener, string chain);

    [LoggerMessage(3006, LogLevel.Information,
        "listener {Listener}: TLS handshake with {Remote} failed: {Reason} ({LeftOut} such lines left out before it)")]
    public static partial void HandshakeFailed(
        ILogger logger, string listener, NetAddress remote, string reason, long leftOut);

    [LoggerMessage(3004, LogLevel.Information, "listener {Listener} no longer listens on {Address}")]
    public static partial void Stopped(ILogger logger, string listener, string address);

    [LoggerMessage(3005, LogLevel.Warning,
        "listener {Listener} rests: descriptors (it accepts up to number {Last}) or socket memory have run out; new "
        + "connections wait in the kernel; raise the limit of open files (ulimit -n), or lower connection limits")]
    public static partial void AcceptRests(ILogger logger, string listener, long last);
}
