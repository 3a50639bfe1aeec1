using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using FastMesh.Config;
using FastMesh.Engine;
using FastMesh.Model;
using FastMesh.Proxy.Admin;
using FastMesh.Proxy.Commands;

namespace FastMesh.Proxy.Hosting;

/// <summary>The admin interface's view of a running engine. Asked from any thread.</summary>
internal sealed class EngineAdminSource : IAdminSource
{
    private readonly MeshEngine _engine;
    private readonly HostLog _log;
    private readonly ProxyOptions _options;
    private volatile ConfigReading _reading;

    public EngineAdminSource(MeshEngine engine, ConfigReading reading, HostLog log, ProxyOptions options)
    {
        _engine = engine;
        _reading = reading;
        _log = log;
        _options = options;
    }

    public required Action<bool> DrainAsked { get; init; }

    public required Action QuitAsked { get; init; }

    /// <summary>What the configuration in force was read from.</summary>
    public ConfigReading Reading
    {
        get => _reading;
        set => _reading = value;
    }

    /// <summary>The configuration in force.</summary>
    public MeshConfig Config => _reading.Config!;

    public AdminState State => _engine.Status.State switch
    {
        EngineState.Starting => AdminState.Initializing,
        EngineState.Live => AdminState.Live,
        _ => AdminState.Draining,
    };

    public bool Healthy { get; set; } = true;

    public string LogLevel => _log.LevelName;

    public IReadOnlyList<ClusterRow> Clusters => EngineFacts.Clusters(_engine);

    public IReadOnlyList<ListenerRow> Listeners
    {
        get
        {
            EngineStatus status = _engine.Status;
            return
            [
                .. Config.Listeners.Select(listener =>
                {
                    bool bound = status.Listeners.Any(one => one.Name == listener.Name && one.Address is not null);
                    int port = status.Listeners.Where(one => one.Name == listener.Name)
                        .Select(one => (one.Address as System.Net.IPEndPoint)?.Port ?? 0)
                        .FirstOrDefault();
                    return new ListenerRow(
                        listener.Name, listener.Address.Path ?? listener.Address.Host,
                        listener.Address.Path is not null ? 0 : port == 0 ? listener.Address.Port : port, bound);
                }),
            ];
        }
    }

    public IReadOnlyList<RouteRow> Routes => [.. RouteText.Tables(Config).SelectMany(RouteText.Rows)];

    public void WriteServerInfo(Utf8JsonWriter json)
    {
        EngineStatus status = _engine.Status;
        TimeSpan up = DateTime.UtcNow - Process.GetCurrentProcess().StartTime.ToUniversalTime();
        json.WriteString("version", VersionCommand.Text);
        json.WriteString("uptime_current_epoch", FormattableString.Invariant($"{(long)up.TotalSeconds}s"));
        json.WriteString("transport", status.Transport);
        json.WriteString("transport_reason", status.TransportReason);
        json.WriteNumber("config_version", status.Version);
        json.WriteNumber("downstream_connections", status.DownstreamConnections);
        json.WriteStartObject("command_line_options");
        json.WriteNumber("concurrency", status.Concurrency);
        json.WriteString("config_path", _options.ConfigPath);
        json.WriteString("log_level", LogLevel);
        json.WriteString("drain_time", FormattableString.Invariant($"{_options.DrainTime.TotalSeconds}s"));
        json.WriteEndObject();
        json.WriteStartObject("node");
        json.WriteString("id", Config.Node.Id);
        json.WriteString("cluster", Config.Node.Cluster);
        json.WriteEndObject();
    }

    public void WriteConfig(Utf8JsonWriter json) => EnvoyConfigDump.Write(json, _reading.Path, _reading.Content.Span);

    public string Stats(StatsFormat format, Regex? filter, bool usedOnly) =>
        EngineFacts.Stats(_engine, format, filter, usedOnly);

    public bool TrySetLogLevel(string level) => _log.TrySetLevel(level);

    public void Drain(bool graceful) => DrainAsked(graceful);

    public void Quit() => QuitAsked();
}
