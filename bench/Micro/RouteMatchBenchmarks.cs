using System.Collections.Generic;
using System.Text;
using BenchmarkDotNet.Attributes;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Bench.Micro;

/// <summary>
/// Request head to route: by number of virtual hosts, by number of routes in one, and with conditions. A request
/// cycles through 64 hosts or paths, so that no run measures one warm cache line.
/// </summary>
[MemoryDiagnoser]
public class RouteMatchBenchmarks
{
    private const int Heads = 64;

    private readonly RequestHead[] _heads = new RequestHead[Heads];
    private RouteTable _table = null!;
    private int _next;

    /// <summary>What the table looks like.</summary>
    [Params(
        "1 host",
        "100 hosts",
        "10000 hosts",
        "10000 suffix hosts",
        "1 route",
        "10000 prefixes",
        "10000 paths",
        "10000 segment prefixes",
        "10000 regexes",
        "3 fields",
        "20 fields")]
    public string Shape { get; set; } = "1 host";

    [GlobalSetup]
    public void Setup()
    {
        string[] words = Shape.Split(' ', 2);
        int count = int.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture);
        List<ConfigProblem> problems = [];
        RouteConfiguration model = words[1].EndsWith("host", System.StringComparison.Ordinal)
            || words[1].EndsWith("hosts", System.StringComparison.Ordinal)
            ? HostsOf(count, words[1])
            : RoutesOf(count, words[1]);
        _table = RouteTable.Compile(model, _ => null, problems);
        for (int i = 0; i < Heads; i++)
        {
            int number = (int)((uint)i * 2654435761u % (uint)count);
            _heads[i] = Head(number, words[1]);
            if (_table.Match(_heads[i], default) is null || problems.Count > 0)
            {
                throw new System.InvalidOperationException($"{Shape}: no route, or {problems.Count} problems");
            }
        }
    }

    [Benchmark]
    public object? Match()
    {
        _next = (_next + 1) & (Heads - 1);
        return _table.Match(_heads[_next], default);
    }

    private static RouteConfiguration HostsOf(int count, string kind)
    {
        List<VirtualHost> hosts = [];
        for (int i = 0; i < count; i++)
        {
            string domain = kind.StartsWith("suffix", System.StringComparison.Ordinal)
                ? $"*.team-{i}.apps.example.com"
                : $"service-{i}.namespace.svc.cluster.local";
            hosts.Add(new VirtualHost { Name = domain, Domains = [domain], Routes = [To("/", PathMatchKind.Prefix)] });
        }

        return new RouteConfiguration { VirtualHosts = hosts, IgnorePortInHostMatching = true };
    }

    private static RouteConfiguration RoutesOf(int count, string kind)
    {
        List<Route> routes = [];
        for (int i = 0; i < count; i++)
        {
            routes.Add(kind switch
            {
                "prefixes" => To($"/api/v1/service-{i}/", PathMatchKind.Prefix),
                "paths" => To($"/api/v1/service-{i}/items", PathMatchKind.Exact),
                "segment prefixes" => To($"/api/v1/service-{i}", PathMatchKind.SegmentPrefix),
                "regexes" => To($"/api/v1/service-{i}/[a-z]+", PathMatchKind.Regex),
                "fields" => To("/", PathMatchKind.Prefix, i),
                _ => To("/", PathMatchKind.Prefix),
            });
        }

        return new RouteConfiguration
        {
            VirtualHosts = [new VirtualHost { Name = "all", Domains = ["service-0.example"], Routes = routes }],
        };
    }

    private static Route To(string path, PathMatchKind kind, int field = -1) => new()
    {
        Match = new RouteMatch
        {
            PathKind = kind,
            Path = path,
            Fields = field < 0
                ? []
                :
                [
                    new FieldMatcher
                    {
                        Name = $"x-test-{field % 5}",
                        Kind = FieldMatchKind.Value,
                        Value = new StringMatcher(StringMatchKind.Exact, $"value-{field}"),
                    },
                ],
        },
        Action = new DirectResponseAction(200, default),
    };

    private RequestHead Head(int number, string kind)
    {
        RequestHead head = new();
        string authority = kind switch
        {
            "host" or "hosts" => $"service-{number}.namespace.svc.cluster.local",
            "suffix hosts" => $"www.team-{number}.apps.example.com",
            _ => "service-0.example",
        };
        head.SetMethod(HttpMethod.Get);
        head.SetAuthority(Encoding.ASCII.GetBytes(authority));
        head.SetPath(Encoding.ASCII.GetBytes($"/api/v1/service-{number}/items?page=2"));
        foreach (string name in (string[])["user-agent", "accept", "accept-encoding", "x-request-id", "traceparent"])
        {
            head.Fields.Append(Encoding.ASCII.GetBytes(name), "some value of usual length"u8);
        }

        head.Fields.Append(Encoding.ASCII.GetBytes($"x-test-{number % 5}"), Encoding.ASCII.GetBytes($"value-{number}"));
        return head;
    }
}
