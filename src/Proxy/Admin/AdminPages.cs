using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace FastMesh.Proxy.Admin;

/// <summary>Path and parameters in, answer out: the table of everything the admin interface can do.</summary>
internal sealed class AdminPages
{
    // A filter is the operator's own, but a slow one must not hold the interface.
    private static readonly TimeSpan FilterTime = TimeSpan.FromMilliseconds(200);

    private readonly IAdminSource _source;
    private readonly Page[] _pages;

    public AdminPages(IAdminSource source)
    {
        _source = source;
        _pages =
        [
            new("/", "this page", false, _ => Help()),
            new("/clusters", "clusters and endpoints (?format=json)", false, Clusters),
            new("/config_dump", "the configuration in force, JSON", false, _ => AdminJson.Config(source)),
            new("/drain_listeners", "take nothing new (?graceful lets connections finish first)", true, Drain),
            new("/healthcheck/fail", "let /ready say no", true, _ => Health(false)),
            new("/healthcheck/ok", "let /ready say yes again", true, _ => Health(true)),
            new("/help", "this page", false, _ => Help()),
            new("/listeners", "listeners (?format=json)", false, Listeners),
            new("/logging", "show the log level, or set it (?level=debug)", true, Logging),
            new("/memory", "memory of the process, JSON", false, _ => AdminJson.Memory()),
            new("/quitquitquit", "end the process", true, _ => Quit()),
            new("/ready", "200 when listening, 503 otherwise", false, _ => Ready()),
            new("/routes", "routes (?format=json)", false, Routes),
            new("/server_info", "version, state and options, JSON", false, _ => AdminJson.ServerInfo(source)),
            new("/stats", "counters (?filter=REGEX, ?usedonly, ?format=json|prometheus)", false, Stats),
            new("/stats/prometheus", "counters for Prometheus", false, query => StatsAs(StatsFormat.Prometheus, query)),
        ];
    }

    /// <summary>Answers one request; <paramref name="target"/> is path and query as sent.</summary>
    public AdminReply Answer(string method, string target)
    {
        int question = target.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? target : target[..question];
        Page? page = _pages.FirstOrDefault(candidate => candidate.Path == path);
        if (page is null)
        {
            return AdminReply.Text("no such path; /help lists what there is\n", 404);
        }

        if (page.Changes && method != "POST")
        {
            return AdminReply.MethodNotAllowed("POST");
        }

        if (!page.Changes && method is not ("GET" or "HEAD"))
        {
            return AdminReply.MethodNotAllowed("GET");
        }

        return page.Answer(new AdminQuery(question < 0 ? string.Empty : target[(question + 1)..]));
    }

    private AdminReply Help()
    {
        StringBuilder text = new("FastMesh admin; a path marked POST changes something.\n\n");
        foreach (Page page in _pages)
        {
            string post = page.Changes ? "POST" : string.Empty;
            text.Append(CultureInfo.InvariantCulture, $"  {post,-4} {page.Path,-20} {page.Description}\n");
        }

        return AdminReply.Text(text.ToString());
    }

    private AdminReply Ready() =>
        _source.State == AdminState.Live && _source.Healthy
            ? AdminReply.Text("LIVE\n")
            : AdminReply.Text((_source.Healthy ? AdminJson.StateName(_source.State) : "UNHEALTHY") + "\n", 503);

    private AdminReply Health(bool healthy)
    {
        _source.Healthy = healthy;
        return AdminReply.Text("OK\n");
    }

    private AdminReply Drain(AdminQuery query)
    {
        _source.Drain(query.Has("graceful"));
        return AdminReply.Text("OK\n");
    }

    private AdminReply Quit()
    {
        _source.Quit();
        return AdminReply.Text("OK\n");
    }

    private AdminReply Logging(AdminQuery query)
    {
        if (query["level"] is { } level && !_source.TrySetLogLevel(level))
        {
            return AdminReply.Text($"no such level: {level}; trace, debug, info, warning, error, critical or off\n", 400);
        }

        return AdminReply.Text($"level: {_source.LogLevel}\n");
    }

    private AdminReply Clusters(AdminQuery query)
    {
        if (query["format"] == "json")
        {
            return AdminJson.Clusters(_source.Clusters);
        }

        StringBuilder text = new();
        foreach (ClusterRow cluster in _source.Clusters)
        {
            foreach (EndpointRow endpoint in cluster.Endpoints)
            {
                string address = endpoint.Port == 0
                    ? endpoint.Address
                    : string.Create(CultureInfo.InvariantCulture, $"{endpoint.Address}:{endpoint.Port}");
                string start = $"{cluster.Name}::{address}::";
                foreach (AdminStat stat in endpoint.Stats)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{start}{stat.Name}::{stat.Value}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{start}hostname::{endpoint.Hostname}\n");
                text.Append(CultureInfo.InvariantCulture, $"{start}weight::{endpoint.Weight}\n");
                text.Append(start).Append("health_flags::").Append(endpoint.Healthy ? "healthy\n" : "/failed\n");
            }
        }

        return AdminReply.Text(text.ToString());
    }

    private AdminReply Listeners(AdminQuery query) =>
        query["format"] == "json"
            ? AdminJson.Listeners(_source.Listeners)
            : AdminReply.Text(string.Concat(_source.Listeners.Select(listener => string.Create(
                CultureInfo.InvariantCulture,
                $"{listener.Name}::{listener.Address}:{listener.Port}{(listener.Bound ? "" : " (by hand-over)")}\n"))));

    private AdminReply Routes(AdminQuery query) =>
        query["format"] == "json"
            ? AdminJson.Routes(_source.Routes)
            : AdminReply.Text(string.Concat(_source.Routes.Select(route =>
                $"{route.Table}::{route.VirtualHost}::{route.Domains}::{route.Match}::{route.Action}\n")));

    private AdminReply Stats(AdminQuery query) => query["format"] switch
    {
        null or "" or "text" => StatsAs(StatsFormat.Text, query),
        "json" => StatsAs(StatsFormat.Json, query),
        "prometheus" => StatsAs(StatsFormat.Prometheus, query),
        string other => AdminReply.Text($"no such format: {other}; text, json or prometheus\n", 400),
    };

    private AdminReply StatsAs(StatsFormat format, AdminQuery query)
    {
        Regex? filter = null;
        try
        {
            if (query["filter"] is { Length: > 0 } pattern)
            {
                filter = new Regex(pattern, RegexOptions.CultureInvariant, FilterTime);
            }

            string text = _source.Stats(format, filter, query.Has("usedonly"));
            return format switch
            {
                StatsFormat.Prometheus => AdminReply.Metrics(text),
                StatsFormat.Json => AdminReply.Json(Encoding.UTF8.GetBytes(text)),
                _ => AdminReply.Text(text),
            };
        }
        catch (RegexParseException e)
        {
            return AdminReply.Text($"filter is not a regular expression: {e.Message}\n", 400);
        }
        catch (RegexMatchTimeoutException)
        {
            return AdminReply.Text("filter took too long\n", 400);
        }
    }

    private sealed record Page(string Path, string Description, bool Changes, Func<AdminQuery, AdminReply> Answer);
}
