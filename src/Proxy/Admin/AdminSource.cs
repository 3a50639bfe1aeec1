using System.Collections.Generic;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FastMesh.Proxy.Admin;

/// <summary>Where the process stands, in the words of /server_info.</summary>
internal enum AdminState
{
    Initializing,
    Live,
    Draining,
}

/// <summary>How statistics are written.</summary>
internal enum StatsFormat
{
    Text,
    Json,
    Prometheus,
}

/// <summary>A number of an endpoint under Envoy's name.</summary>
internal readonly record struct AdminStat(string Name, long Value);

/// <summary>One endpoint as /clusters shows it; the port is 0 for a Unix socket.</summary>
internal sealed record EndpointRow(
    string Address, int Port, string Hostname, int Weight, bool Healthy, IReadOnlyList<AdminStat> Stats);

/// <summary>One cluster as /clusters shows it.</summary>
internal sealed record ClusterRow(string Name, string Kind, IReadOnlyList<EndpointRow> Endpoints);

/// <summary>One listener as /listeners shows it; not bound ones are reached by hand-over.</summary>
internal sealed record ListenerRow(string Name, string Address, int Port, bool Bound);

/// <summary>One route as /routes shows it.</summary>
internal sealed record RouteRow(string Table, string VirtualHost, string Domains, string Match, string Action);

/// <summary>What the admin interface shows and may change; the engine behind it, or a script in tests.</summary>
internal interface IAdminSource
{
    AdminState State { get; }

    /// <summary>False after /healthcheck/fail: readiness says no, traffic goes on.</summary>
    bool Healthy { get; set; }

    string LogLevel { get; }

    IReadOnlyList<ClusterRow> Clusters { get; }

    IReadOnlyList<ListenerRow> Listeners { get; }

    IReadOnlyList<RouteRow> Routes { get; }

    void WriteServerInfo(Utf8JsonWriter json);

    void WriteConfig(Utf8JsonWriter json);

    /// <summary>Counters whose names match; <paramref name="usedOnly"/> leaves out what is zero.</summary>
    string Stats(StatsFormat format, Regex? filter, bool usedOnly);

    /// <summary>Sets the level; false when there is none of that name.</summary>
    bool TrySetLogLevel(string level);

    /// <summary>Takes nothing new; <paramref name="graceful"/> lets keep-alive connections finish first.</summary>
    void Drain(bool graceful);

    /// <summary>Ends the process as SIGTERM does, without waiting for what is in flight.</summary>
    void Quit();
}
