using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;
using FastMesh.Proxy.Admin;

namespace FastMesh.Proxy.Commands;

/// <summary>Commands that ask a running proxy's admin interface: tables for people, JSON with <c>-o json</c>.</summary>
internal static class AdminCommands
{
    private const string DefaultAdmin = "127.0.0.1:15000";

    public static void BuildConfig(Command command) =>
        Add(command, _ => ("GET", "/config_dump", "/config_dump"), text => text);

    public static void BuildClusters(Command command) =>
        Add(command, _ => ("GET", "/clusters?format=json", "/clusters?format=json"), ClusterTable);

    public static void BuildListeners(Command command) =>
        Add(command, _ => ("GET", "/listeners?format=json", "/listeners?format=json"), ListenerTable);

    public static void BuildRoutes(Command command) =>
        Add(command, _ => ("GET", "/routes?format=json", "/routes?format=json"), RouteTable);

    public static void BuildStats(Command command)
    {
        Argument<string> filter = new("filter")
        {
            Description = "Only names that this regular expression finds.",
            DefaultValueFactory = _ => string.Empty,
        };
        command.Arguments.Add(filter);
        Add(
            command,
            parsed =>
            {
                string query = "filter=" + Uri.EscapeDataString(parsed.GetValue(filter)!);
                return ("GET", "/stats?" + query, "/stats?format=json&" + query);
            },
            text => text);
    }

    public static void BuildLogging(Command command)
    {
        Argument<string> level = new("level")
        {
            Description = "trace, debug, info, warning, error, critical or off; none shows the level in force.",
            DefaultValueFactory = _ => string.Empty,
        };
        command.Arguments.Add(level);
        Add(
            command,
            parsed =>
            {
                string wanted = parsed.GetValue(level)!;
                string target = wanted.Length == 0 ? "/logging" : "/logging?level=" + Uri.EscapeDataString(wanted);
                return ("POST", target, target);
            },
            text => text);
    }

    public static void BuildDrain(Command command)
    {
        Option<bool> now = new("--now") { Description = "Close the listeners at once instead of gracefully." };
        command.Options.Add(now);
        Add(
            command,
            parsed =>
            {
                string target = parsed.GetValue(now) ? "/drain_listeners" : "/drain_listeners?graceful";
                return ("POST", target, target);
            },
            text => text);
    }

    private static void Add(
        Command command,
        Func<ParseResult, (string Method, string Target, string JsonTarget)> ask,
        Func<string, string> render)
    {
        Option<string> admin = new("--admin")
        {
            Description = "Address of the admin interface, or the path of its Unix socket.",
            DefaultValueFactory = _ => DefaultAdmin,
        };
        Option<string> format = new("--output", "-o")
        {
            Description = "table or json.",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        command.Options.Add(admin);
        command.Options.Add(format);
        command.SetAction(async (parsed, _) =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (!AdminClient.TryParseAddress(parsed.GetValue(admin)!, out EndPoint address))
            {
                await error.WriteLineAsync($"fastmesh {command.Name}: --admin: expected HOST:PORT or a path");
                return ExitCodes.Usage;
            }

            bool json = parsed.GetValue(format) == "json";
            (string method, string target, string jsonTarget) = ask(parsed);
            return await PrintAsync(
                parsed.InvocationConfiguration, command.Name, address, method, json ? jsonTarget : target,
                json ? text => text : render);
        });
    }

    private static async Task<int> PrintAsync(
        InvocationConfiguration console, string name, EndPoint address, string method, string target,
        Func<string, string> render)
    {
        try
        {
            (int status, string body) = await AdminClient.AskAsync(address, method, target);
            if (status != 200)
            {
                await console.Error.WriteLineAsync($"fastmesh {name}: {body.TrimEnd()}");
                return ExitCodes.Failed;
            }

            await console.Output.WriteLineAsync(render(body).TrimEnd());
            return ExitCodes.Fine;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            await console.Error.WriteLineAsync(
                $"fastmesh {name}: no answer from {address}: {e.Message}; is a proxy with an admin interface running?");
            return ExitCodes.Failed;
        }
    }

    private static string ClusterTable(string text)
    {
        TextTable table = new("CLUSTER", "TYPE", "ENDPOINT", "HEALTH", "WEIGHT", "ACTIVE", "TOTAL");
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (JsonElement cluster in document.RootElement.GetProperty("cluster_statuses").EnumerateArray())
        {
            string name = Text(cluster, "name");
            string kind = Text(cluster, "type");
            bool empty = true;
            foreach (JsonElement host in cluster.GetProperty("host_statuses").EnumerateArray())
            {
                empty = false;
                Dictionary<string, string> stats = Stats(host);
                table.Add(
                    name, kind, Address(host.GetProperty("address")),
                    Text(host.GetProperty("health_status"), "eds_health_status"), Text(host, "weight"),
                    stats.GetValueOrDefault("rq_active", "-"), stats.GetValueOrDefault("rq_total", "-"));
            }

            if (empty)
            {
                table.Add(name, kind, "-", "-", "-", "-", "-");
            }
        }

        return table.ToString();
    }

    private static Dictionary<string, string> Stats(JsonElement host)
    {
        Dictionary<string, string> stats = [];
        foreach (JsonElement stat in host.GetProperty("stats").EnumerateArray())
        {
            stats[Text(stat, "name")] = Text(stat, "value");
        }

        return stats;
    }

    private static string ListenerTable(string text)
    {
        TextTable table = new("LISTENER", "ADDRESS", "BOUND");
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (JsonElement listener in document.RootElement.GetProperty("listener_statuses").EnumerateArray())
        {
            table.Add(
                Text(listener, "name"), Address(listener.GetProperty("local_address")),
                listener.GetProperty("bound").GetBoolean() ? "yes" : "by hand-over");
        }

        return table.ToString();
    }

    private static string RouteTable(string text)
    {
        TextTable table = new("TABLE", "VIRTUAL HOST", "DOMAINS", "MATCH", "ACTION");
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (JsonElement route in document.RootElement.GetProperty("routes").EnumerateArray())
        {
            table.Add(
                Text(route, "table"), Text(route, "virtual_host"), Text(route, "domains"), Text(route, "match"),
                Text(route, "action"));
        }

        return table.ToString();
    }

    private static string Address(JsonElement address) =>
        address.TryGetProperty("socket_address", out JsonElement socket)
            ? $"{Text(socket, "address")}:{Text(socket, "port_value")}"
            : Text(address.GetProperty("pipe"), "path");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).ToString();
}
