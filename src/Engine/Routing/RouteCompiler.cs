using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>Checks and compiles the virtual hosts of one table.</summary>
internal sealed class RouteCompiler
{
    /// <summary>
    /// Most path automata built with the table, at up to a millisecond each; beyond that, the first request that comes
    /// to one builds it, so that ten thousand do not hold up a reload.
    /// </summary>
    public const int PreparedPatternsMax = 64;

    private readonly RouteConfiguration _table;
    private readonly ActionCompiler _actions;
    private readonly List<ConfigProblem> _problems;
    private readonly FieldMutationLevel? _tableRequest;
    private readonly FieldMutationLevel? _tableResponse;
    private int _prepared;

    /// <summary>Takes the table and compiles what all its virtual hosts share.</summary>
    public RouteCompiler(RouteConfiguration table, ClusterNames clusters, List<ConfigProblem> problems)
    {
        _table = table;
        _problems = problems;
        _actions = new ActionCompiler(table, clusters, problems);
        _tableRequest = FieldMutationCompiler.Compile(table.RequestFields, "", "request", problems);
        _tableResponse = FieldMutationCompiler.Compile(table.ResponseFields, "", "response", problems);
    }

    /// <summary>The names of all fields that are tested.</summary>
    public FieldNames Names { get; } = new();

    /// <summary>Compiles one virtual host.</summary>
    public VirtualHostRoutes Compile(VirtualHost host, int number)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"virtual_hosts[{number}]");
        FieldMutationLevel? request = FieldMutationCompiler.Compile(host.RequestFields, path, "request", _problems);
        FieldMutationLevel? response = FieldMutationCompiler.Compile(host.ResponseFields, path, "response", _problems);
        int count = host.Routes.Count;
        PathRule[] rules = new PathRule[count];
        RouteEntry[] entries = new RouteEntry[count];
        RouteConditions?[] conditions = new RouteConditions?[count];
        for (int i = 0; i < count; i++)
        {
            Route route = host.Routes[i];
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}.routes[{i}]");
            (rules[i], conditions[i]) = CompileMatch(route.Match, place + ".match");
            FieldMutationLevel? ownRequest =
                FieldMutationCompiler.Compile(route.RequestFields, place, "request", _problems);
            FieldMutationLevel? ownResponse =
                FieldMutationCompiler.Compile(route.ResponseFields, place, "response", _problems);
            entries[i] = _actions.Compile(
                route,
                host,
                Levels(ownRequest, request, _tableRequest),
                Levels(ownResponse, response, _tableResponse),
                place);
        }

        List<(int Rule, int By)> shadowed = [];
        PathIndex index = new(rules, shadowed);
        foreach ((int rule, int by) in shadowed)
        {
            _problems.Add(new ConfigProblem(
                string.Create(CultureInfo.InvariantCulture, $"{path}.routes[{rule}]"),
                string.Create(CultureInfo.InvariantCulture, $"is never reached: routes[{by}] takes all its requests"),
                ConfigSeverity.Warning));
        }

        RouteEntry? toHttps = host.RequireTls == TlsRequirement.None ? null : ToHttps(host);
        return new VirtualHostRoutes(
            index, rules, entries, conditions, _table.IgnorePathParameters, host.RequireTls, toHttps);
    }

    private static RouteEntry ToHttps(VirtualHost host) => new()
    {
        VirtualHostName = host.Name,
        Kind = RouteKind.Redirect,
        Redirect = new RedirectTarget { Status = 301, Scheme = "https"u8.ToArray() },
    };

    /// <summary>Later levels win: the table by default, the route when the most specific one shall.</summary>
    private FieldMutations Levels(FieldMutationLevel? route, FieldMutationLevel? host, FieldMutationLevel? table)
    {
        List<FieldMutationLevel> levels = [];
        ReadOnlySpan<FieldMutationLevel?> order =
            _table.MostSpecificMutationsWin ? [table, host, route] : [route, host, table];
        foreach (FieldMutationLevel? level in order)
        {
            if (level is not null)
            {
                levels.Add(level);
            }
        }

        return levels.Count == 0 ? FieldMutations.None : new FieldMutations(levels.ToArray());
    }

    private (PathRule Rule, RouteConditions? Conditions) CompileMatch(RouteMatch match, string path)
    {
        bool fold = !match.CaseSensitive && match.PathKind != PathMatchKind.Regex;
        byte[] text = Encoding.UTF8.GetBytes(match.Path);
        PathMatchKind kind = match.PathKind;
        Re2Pattern? pattern = null;
        if (kind == PathMatchKind.Regex)
        {
            (kind, text, pattern) = CompilePattern(match.Path, path);
        }
        else
        {
            CheckPath(match, path);
        }

        RouteConditions conditions = new()
        {
            Pattern = pattern,
            Names = Names,
            Fields = CompileFields(match, path),
            Query = CompileQuery(match, path),
            Grpc = match.Grpc,
            Fraction = match.Fraction,
        };
        if (match.Fraction is { Denominator: 0 })
        {
            _problems.Add(new ConfigProblem(path + ".runtime_fraction", "has a denominator of 0"));
        }

        PathRule rule = new(kind, fold ? AsciiFold.ToLower(text) : text, fold, conditions.IsEmpty);
        return (rule, conditions.IsEmpty ? null : conditions);
    }

    /// <summary>An expression that is only a literal, or one and then anything, needs no automaton at all.</summary>
    private (PathMatchKind Kind, byte[] Literal, Re2Pattern? Pattern) CompilePattern(string text, string path)
    {
        if (!Re2Pattern.TryCompile(text, out Re2Pattern? pattern, out string problem))
        {
            _problems.Add(new ConfigProblem(path + ".safe_regex.regex", problem));
            return (PathMatchKind.Regex, [], null);
        }

        if (pattern.Shape is Re2Shape.General && _prepared++ < PreparedPatternsMax)
        {
            pattern.Prepare();
        }

        return pattern.Shape switch
        {
            Re2Shape.Exact => (PathMatchKind.Exact, pattern.Literal, null),
            Re2Shape.Prefix => (PathMatchKind.Prefix, pattern.Literal, null),
            Re2Shape.General => (PathMatchKind.Regex, pattern.Literal, pattern),
            _ => (PathMatchKind.Regex, [], pattern),
        };
    }

    private void CheckPath(RouteMatch match, string path)
    {
        string? problem = match.PathKind switch
        {
            PathMatchKind.SegmentPrefix when match.Path.Length == 0 || match.Path[0] != '/' =>
                $"path_separated_prefix: \"{match.Path}\" does not begin with /",
            PathMatchKind.SegmentPrefix when match.Path.EndsWith('/') =>
                $"path_separated_prefix: \"{match.Path}\" ends in /; leave it out",
            PathMatchKind.SegmentPrefix or PathMatchKind.Exact when match.Path.AsSpan().ContainsAny('?', '#') =>
                $"\"{match.Path}\" has ? or #; the query is not part of the path, match it by query_parameters",
            _ => null,
        };
        if (problem is not null)
        {
            _problems.Add(new ConfigProblem(path, problem));
        }
    }

    private FieldTest[] CompileFields(RouteMatch match, string path)
    {
        FieldTest[] tests = new FieldTest[match.Fields.Count];
        for (int i = 0; i < tests.Length; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}.headers[{i}]");
            tests[i] = FieldTest.Compile(match.Fields[i], Names, place, _problems);
        }

        return tests;
    }

    private QueryTest[] CompileQuery(RouteMatch match, string path)
    {
        QueryTest[] tests = new QueryTest[match.QueryParameters.Count];
        for (int i = 0; i < tests.Length; i++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}.query_parameters[{i}]");
            tests[i] = QueryTest.Compile(match.QueryParameters[i], place, _problems);
        }

        return tests;
    }
}
