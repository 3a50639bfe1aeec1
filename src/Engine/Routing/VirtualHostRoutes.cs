using System;
using System.Runtime.CompilerServices;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>The routes of one virtual host, behind their index.</summary>
internal sealed class VirtualHostRoutes
{
    private readonly PathIndex _index;
    private readonly PathRule[] _rules;
    private readonly RouteEntry[] _entries;
    private readonly RouteConditions?[] _conditions;
    private readonly bool _ignoreParameters;
    private readonly TlsRequirement _requireTls;
    private readonly RouteEntry? _toHttps;

    /// <summary>Takes what the compiler made; the arrays run in parallel, in written order.</summary>
    public VirtualHostRoutes(
        PathIndex index,
        PathRule[] rules,
        RouteEntry[] entries,
        RouteConditions?[] conditions,
        bool ignoreParameters,
        TlsRequirement requireTls,
        RouteEntry? toHttps)
    {
        _index = index;
        _rules = rules;
        _entries = entries;
        _conditions = conditions;
        _ignoreParameters = ignoreParameters;
        _requireTls = requireTls;
        _toHttps = toHttps;
    }

    /// <summary>The first route that takes the request, or null.</summary>
    [SkipLocalsInit]
    public RouteEntry? Match(RequestHead head, in RouteContext context)
    {
        if (_requireTls != TlsRequirement.None && MustMoveToTls(head, context))
        {
            return _toHttps;
        }

        if (head.Method == HttpMethod.Connect)
        {
            return MatchEach(head, default, context, _index.Connect);
        }

        ReadOnlySpan<byte> path = head.PathOnly;
        if (_ignoreParameters)
        {
            int semicolon = path.IndexOf((byte)';');
            path = semicolon < 0 ? path : path[..semicolon];
        }

        Span<PathIndex.RuleRange> ranges = stackalloc PathIndex.RuleRange[PathIndex.RangesMax];
        PathIndex.Candidates candidates = _index.Find(path, ranges);
        if (candidates.Overflowed)
        {
            return MatchAll(head, path, context);
        }

        RouteScratch? scratch = null;
        while (true)
        {
            int rule = candidates.Next();
            if (rule < 0)
            {
                return null;
            }

            RouteConditions? conditions = _conditions[rule];
            if (conditions is null)
            {
                return _entries[rule];
            }

            scratch ??= BeginScratch();
            if (conditions.Hold(head, path, context, scratch))
            {
                return _entries[rule];
            }
        }
    }

    /// <summary>Asks rule by rule: what the index must come to, and the way out when prefixes nest very deep.</summary>
    public RouteEntry? MatchAll(RequestHead head, ReadOnlySpan<byte> path, in RouteContext context)
    {
        RouteScratch scratch = BeginScratch();
        for (int i = 0; i < _rules.Length; i++)
        {
            if (_rules[i].Kind != PathMatchKind.Connect
                && PathIndex.IsMatch(_rules[i], path)
                && (_conditions[i] is not { } conditions || conditions.Hold(head, path, context, scratch)))
            {
                return _entries[i];
            }
        }

        return null;
    }

    private RouteEntry? MatchEach(
        RequestHead head, ReadOnlySpan<byte> path, in RouteContext context, ReadOnlySpan<int> rules)
    {
        RouteScratch scratch = BeginScratch();
        foreach (int rule in rules)
        {
            if (_conditions[rule] is not { } conditions || conditions.Hold(head, path, context, scratch))
            {
                return _entries[rule];
            }
        }

        return null;
    }

    private bool MustMoveToTls(RequestHead head, in RouteContext context)
    {
        bool secure = head.Fields.TryGet(KnownField.XForwardedProto, out ReadOnlySpan<byte> scheme)
            ? scheme.SequenceEqual("https"u8)
            : context.IsSecure;
        return !secure && (_requireTls == TlsRequirement.All || !context.IsInternal);
    }

    private static RouteScratch BeginScratch()
    {
        RouteScratch scratch = RouteScratch.Own;
        scratch.Scan.Begin();
        return scratch;
    }
}
