using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using FastMesh.Model;

namespace FastMesh.Tests.Support.Routing;

/// <summary>A request as the naive matcher sees it: text, in the order sent.</summary>
public sealed record NaiveRequest(
    string Method, string Authority, string Path, IReadOnlyList<(string Name, string Value)> Fields)
{
    /// <summary>The random number of runtime_fraction.</summary>
    public ulong Random { get; init; }
}

/// <summary>
/// The meaning of a route table written down as plainly as possible: rule by rule, over strings, with no index.
/// The compiled table must agree with it on every input.
/// </summary>
public static class NaiveRouteMatcher
{
    /// <summary>Indexes of the virtual host and route that take the request; the route is -1 for none.</summary>
    public static (int Host, int Route) Match(RouteConfiguration table, NaiveRequest request)
    {
        int host = FindHost(table, request.Authority);
        if (host < 0)
        {
            return (-1, -1);
        }

        IReadOnlyList<Route> routes = table.VirtualHosts[host].Routes;
        for (int i = 0; i < routes.Count; i++)
        {
            if (Takes(table, routes[i].Match, request))
            {
                return (host, i);
            }
        }

        return (host, -1);
    }

    private static int FindHost(RouteConfiguration table, string authority)
    {
        string host = authority.ToLowerInvariant();
        int colon = host.LastIndexOf(':');
        if (table.IgnorePortInHostMatching && colon >= 0 && !host[colon..].Contains(']', StringComparison.Ordinal))
        {
            host = host[..colon];
        }

        (int Rank, int Length, int Host) best = (-1, -1, -1);
        for (int i = 0; i < table.VirtualHosts.Count; i++)
        {
            foreach (string domain in table.VirtualHosts[i].Domains.Select(d => d.ToLowerInvariant()))
            {
                int rank = Rank(domain, host);
                if (rank > best.Rank || (rank == best.Rank && rank >= 0 && domain.Length > best.Length))
                {
                    best = (rank, domain.Length, i);
                }
            }
        }

        return best.Host;
    }

    private static int Rank(string domain, string host)
    {
        if (domain == "*")
        {
            return 0;
        }

        if (domain.EndsWith('*'))
        {
            return host.Length > domain.Length - 1 && host.StartsWith(domain[..^1], StringComparison.Ordinal) ? 1 : -1;
        }

        if (domain.StartsWith('*'))
        {
            return host.Length > domain.Length - 1 && host.EndsWith(domain[1..], StringComparison.Ordinal) ? 2 : -1;
        }

        return domain == host ? 3 : -1;
    }

    private static bool Takes(RouteConfiguration table, RouteMatch match, NaiveRequest request)
    {
        bool isConnect = request.Method == "CONNECT";
        if (isConnect != (match.PathKind == PathMatchKind.Connect))
        {
            return false;
        }

        int mark = request.Path.IndexOf('?', StringComparison.Ordinal);
        string path = mark < 0 ? request.Path : request.Path[..mark];
        string query = mark < 0 ? "" : request.Path[(mark + 1)..];
        int semicolon = path.IndexOf(';', StringComparison.Ordinal);
        if (table.IgnorePathParameters && semicolon >= 0)
        {
            path = path[..semicolon];
        }

        return (isConnect || TakesPath(match, path))
            && (match.Fraction is null || request.Random % match.Fraction.Denominator < match.Fraction.Numerator)
            && match.Fields.All(field => TakesField(field, request))
            && match.QueryParameters.All(parameter => TakesParameter(parameter, query));
    }

    private static bool TakesPath(RouteMatch match, string path)
    {
        StringComparison comparison =
            match.CaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return match.PathKind switch
        {
            PathMatchKind.Prefix => path.StartsWith(match.Path, comparison),
            PathMatchKind.Exact => path.Equals(match.Path, comparison),
            PathMatchKind.SegmentPrefix =>
                path.Equals(match.Path, comparison) || path.StartsWith(match.Path + "/", comparison),
            _ => IsWholeMatch(match.Path, path),
        };
    }

    private static bool TakesField(FieldMatcher matcher, NaiveRequest request)
    {
        string[] values = matcher.Name.ToLowerInvariant() switch
        {
            ":method" => [request.Method],
            ":path" => [request.Path],
            ":authority" or "host" => request.Authority.Length == 0 ? [] : [request.Authority],
            _ => request.Fields.Where(f => f.Name.Equals(matcher.Name, StringComparison.OrdinalIgnoreCase))
                .Select(f => f.Value).ToArray(),
        };
        if (matcher.Kind == FieldMatchKind.Present)
        {
            return (values.Length > 0 == matcher.Present) != matcher.Invert;
        }

        if (values.Length == 0 && !matcher.TreatMissingAsEmpty)
        {
            return false;
        }

        string joined = string.Join(',', values);
        bool matches = matcher.Kind == FieldMatchKind.Range
            ? long.TryParse(joined, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                && number >= matcher.RangeStart && number < matcher.RangeEnd
            : TakesText(matcher.Value!, joined);
        return matches != matcher.Invert;
    }

    private static bool TakesParameter(QueryParameterMatcher matcher, string query)
    {
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            if (parts[0] == matcher.Name)
            {
                string value = parts.Length > 1 ? parts[1] : "";
                return matcher.Value is null ? matcher.Present : TakesText(matcher.Value, value);
            }
        }

        return matcher.Value is null && !matcher.Present;
    }

    private static bool TakesText(StringMatcher matcher, string text)
    {
        StringComparison comparison =
            matcher.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return matcher.Kind switch
        {
            StringMatchKind.Exact => text.Equals(matcher.Value, comparison),
            StringMatchKind.Prefix => text.StartsWith(matcher.Value, comparison),
            StringMatchKind.Suffix => text.EndsWith(matcher.Value, comparison),
            StringMatchKind.Contains => text.Contains(matcher.Value, comparison),
            _ => IsWholeMatch(matcher.Value, text),
        };
    }

    private static bool IsWholeMatch(string pattern, string text) =>
        Regex.IsMatch(text, $@"\A(?:{pattern})\z", RegexOptions.CultureInvariant);
}
