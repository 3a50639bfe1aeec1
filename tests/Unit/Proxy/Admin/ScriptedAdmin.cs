using System.Collections.Generic;
using System.Text.Json;
using System.Text.RegularExpressions;
using FastMesh.Proxy.Admin;

namespace FastMesh.Tests.Unit.Proxy.Admin;

internal sealed class ScriptedAdmin : IAdminSource
{
    public List<string> Calls { get; } = [];

    public AdminState State { get; set; } = AdminState.Live;

    public bool Healthy { get; set; } = true;

    public string LogLevel { get; private set; } = "info";

    public IReadOnlyList<ClusterRow> Clusters { get; init; } =
        [new("api", "STATIC", [new("10.0.0.1", 8080, "", 1, true, [new("rq_active", 2)])])];

    public IReadOnlyList<ListenerRow> Listeners { get; init; } = [new("web", "127.0.0.1", 8000, true)];

    public IReadOnlyList<RouteRow> Routes { get; init; } = [new("main", "all", "*", "prefix /", "cluster api")];

    public void WriteServerInfo(Utf8JsonWriter json) => json.WriteString("version", "test");

    public void WriteConfig(Utf8JsonWriter json) => json.WriteNull("configs");

    public string Stats(StatsFormat format, Regex? filter, bool usedOnly) =>
        $"{format} {filter}{(usedOnly ? " used" : "")}";

    public bool TrySetLogLevel(string level)
    {
        LogLevel = level == "debug" ? level : LogLevel;
        return level == "debug";
    }

    public void Drain(bool graceful) => Calls.Add("drain " + graceful);

    public void Quit() => Calls.Add("quit");
}
