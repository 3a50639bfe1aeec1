using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Model;

namespace FastMesh.Tests.Support.Routing;

/// <summary>
/// Route tables and requests drawn from small alphabets, so that rules overlap, shadow and nest often. A table is a
/// pure function of the generator's state; print the seed.
/// </summary>
public sealed class RandomRoutes
{
    private static readonly string[] s_segments = ["a", "A", "b", "ab", "aB", "", "a.b"];
    private static readonly string[] s_patterns =
    [
        "/a.*", "/[ab]+", "/a/.*", ".*b", "/(a|b)/.*", "/a", "/a?b", ".*a.*", "/[^/]+/b", "(?i)/AB", "/a{2,3}", "/a|/b",
    ];


    private static readonly string[] s_values = ["", "1", "2", "10", "a", "A", "ab", "b,a", "-5"];
    private static readonly string[] s_names = ["x", "X-Long-Name", "y", "accept", ":method", "host"];
    private static readonly string[] s_hosts = ["a.x", "b.x", "a.y", "x", "a.b.x", "ab.x", "[::1]", "c"];

    private readonly Random _random;

    /// <summary>Draws from a generator with a known seed.</summary>
    public RandomRoutes(Random random) => _random = random;

    /// <summary>A table.</summary>
    public RouteConfiguration Table()
    {
        HashSet<string> used = [];
        List<VirtualHost> hosts = [];
        int count = _random.Next(1, 6);
        for (int i = 0; i < count; i++)
        {
            List<string> domains = [];
            for (int j = _random.Next(1, 4); j > 0; j--)
            {
                string domain = Domain();
                if (used.Add(domain.ToLowerInvariant()))
                {
                    domains.Add(domain);
                }
            }

            if (domains.Count > 0)
            {
                hosts.Add(new VirtualHost { Name = $"h{i}", Domains = domains, Routes = Routes(hosts.Count) });
            }
        }

        return new RouteConfiguration
        {
            VirtualHosts = hosts,
            IgnorePortInHostMatching = _random.Next(2) == 0,
            IgnorePathParameters = _random.Next(4) == 0,
        };
    }

    /// <summary>A request.</summary>
    public NaiveRequest Request()
    {
        string authority = Pick(s_hosts) + (_random.Next(3) == 0 ? ":80" : "");
        authority = _random.Next(4) == 0 ? authority.ToUpperInvariant() : authority;
        List<(string, string)> fields = [];
        for (int i = _random.Next(5); i > 0; i--)
        {
            string name = s_names[_random.Next(4)];
            fields.Add((_random.Next(2) == 0 ? name.ToUpperInvariant() : name, Pick(s_values)));
        }

        string method = _random.Next(8) == 0 ? "CONNECT" : _random.Next(2) == 0 ? "GET" : "POST";
        string path = method == "CONNECT" ? "" : Path(slashes: true) + (_random.Next(6) == 0 ? ";p" : "") + Query();
        return new NaiveRequest(method, authority, path, fields) { Random = (ulong)_random.NextInt64() };
    }

    private List<Route> Routes(int host)
    {
        List<Route> routes = [];
        int count = _random.Next(8) == 0 ? 60 : _random.Next(1, 12);
        for (int i = 0; i < count; i++)
        {
            routes.Add(new Route
            {
                Name = $"{host}/{i}",
                Match = Match(),
                Action = new DirectResponseAction(200, default),
            });
        }

        return routes;
    }

    private RouteMatch Match()
    {
        PathMatchKind kind = (PathMatchKind)_random.Next(5);
        kind = kind == PathMatchKind.Connect && _random.Next(2) == 0 ? PathMatchKind.Prefix : kind;
        string path = kind == PathMatchKind.Regex ? Pick(s_patterns) : Path(kind != PathMatchKind.SegmentPrefix);
        return new RouteMatch
        {
            PathKind = kind,
            Path = path,
            CaseSensitive = kind == PathMatchKind.Regex || _random.Next(3) > 0,
            Fields = _random.Next(3) == 0 ? Enumerable.Range(0, _random.Next(1, 3)).Select(_ => Field()).ToArray() : [],
            QueryParameters = _random.Next(5) == 0 ? [Parameter()] : [],
            Fraction = _random.Next(8) == 0 ? new RuntimeFraction((uint)_random.Next(101)) : null,
        };
    }

    private FieldMatcher Field() => new()
    {
        Name = Pick(s_names),
        Kind = (FieldMatchKind)_random.Next(3),
        Present = _random.Next(3) > 0,
        Value = Text(),
        RangeStart = _random.Next(-6, 3),
        RangeEnd = _random.Next(3, 12),
        Invert = _random.Next(4) == 0,
        TreatMissingAsEmpty = _random.Next(4) == 0,
    };

    private QueryParameterMatcher Parameter() => new()
    {
        Name = _random.Next(2) == 0 ? "q" : "r",
        Value = _random.Next(2) == 0 ? Text() : null,
        Present = _random.Next(3) > 0,
    };

    private StringMatcher Text()
    {
        StringMatchKind kind = (StringMatchKind)_random.Next(5);
        return kind == StringMatchKind.Regex
            ? new StringMatcher(kind, _random.Next(2) == 0 ? "[0-9]+" : "a.*")
            : new StringMatcher(kind, _random.Next(2) == 0 ? "a" : "1", _random.Next(3) == 0);
    }

    private string Query() => _random.Next(4) switch
    {
        0 => "?q=" + Pick(s_values),
        1 => "?r&q=1&q=a",
        2 => "?&&rr=1&r==a",
        _ => "",
    };

    /// <summary>One to five segments, deep enough now and then to nest more prefixes than are held inline.</summary>
    private string Path(bool slashes)
    {
        int count = _random.Next(20) == 0 ? 40 : _random.Next(1, 5);
        string path = "";
        for (int i = 0; i < count; i++)
        {
            path += "/" + (count == 40 ? "a" : Pick(s_segments));
        }

        return slashes ? path : path.TrimEnd('/').Length == 0 ? "/a" : path.TrimEnd('/');
    }

    private string Domain() => _random.Next(5) switch
    {
        0 => "*",
        1 => "*." + Pick(s_hosts),
        2 => Pick(s_hosts) + "*",
        3 => Pick(s_hosts) + ":80",
        _ => Pick(s_hosts),
    };

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
