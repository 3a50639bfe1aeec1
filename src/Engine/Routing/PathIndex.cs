using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>The path part of one rule, as the index takes it.</summary>
/// <param name="Kind">How the path is compared; a regex counts as a prefix that something else must confirm.</param>
/// <param name="Path">The path, prefix, or what every match of the regex begins with.</param>
/// <param name="Fold">ASCII case does not count; the path is in lower case.</param>
/// <param name="Unconditional">A match of the path alone takes the rule.</param>
internal readonly record struct PathRule(PathMatchKind Kind, byte[] Path, bool Fold, bool Unconditional);

/// <summary>
/// The rules of one virtual host by path: exact paths in a hash, prefixes in a trie. Yields the rules whose path
/// fits in written order, so that first match wins, at a cost that does not depend on how many there are.
/// </summary>
/// <remarks>
/// Every key holds its rules in rising order, in one shared array. A lookup collects the keys that fit (usually one
/// or two) as ranges of that array and merges them by the least rule, as far as somebody asks. A rule behind an
/// unconditional one that takes all its paths is left out: it can never be reached.
/// </remarks>
internal sealed class PathIndex
{
    /// <summary>Most keys on one path; more nested prefixes than that are looked up rule by rule.</summary>
    public const int RangesMax = 32;

    private readonly PathKeys _plain;
    private readonly PathKeys _folded;
    private readonly int[] _rules;
    private readonly int[] _connect;

    /// <summary>Builds the index.</summary>
    /// <param name="rules">In written order.</param>
    /// <param name="shadowed">Takes (rule, the earlier rule that takes all its requests).</param>
    public PathIndex(IReadOnlyList<PathRule> rules, List<(int Rule, int By)> shadowed)
    {
        Count = rules.Count;
        PathKeys.Builder plain = new(fold: false);
        PathKeys.Builder folded = new(fold: true);
        List<int> connect = [];
        for (int i = 0; i < rules.Count; i++)
        {
            if (rules[i].Kind == PathMatchKind.Connect)
            {
                connect.Add(i);
            }
            else
            {
                (rules[i].Fold ? folded : plain).Add(rules[i], i);
            }
        }

        plain.Seal();
        folded.Seal();
        for (int i = 0; i < rules.Count; i++)
        {
            int by = Cover(rules[i], plain, folded);
            if (rules[i].Kind != PathMatchKind.Connect && by < i)
            {
                shadowed.Add((i, by));
                (rules[i].Fold ? folded : plain).Drop(rules[i], i);
            }
        }

        List<int> flat = [];
        _plain = plain.Build(flat);
        _folded = folded.Build(flat);
        _rules = flat.ToArray();
        _connect = connect.ToArray();
    }

    /// <summary>How many rules there are.</summary>
    public int Count { get; }

    /// <summary>The rules of CONNECT requests, in written order; no other rule takes one.</summary>
    public ReadOnlySpan<int> Connect => _connect;

    /// <summary>Finds the rules whose path fits.</summary>
    /// <param name="path">Path without query.</param>
    /// <param name="ranges">Room for <see cref="RangesMax"/>; owned by the caller.</param>
    public Candidates Find(ReadOnlySpan<byte> path, Span<RuleRange> ranges)
    {
        Candidates candidates = new(_rules, ranges);
        _plain.Collect(path, ref candidates);
        _folded.Collect(path, ref candidates);
        return candidates;
    }

    /// <summary>Whether one rule's path fits: the meaning that <see cref="Find"/> has for all of them.</summary>
    public static bool IsMatch(in PathRule rule, ReadOnlySpan<byte> path)
    {
        if (path.Length < rule.Path.Length || (rule.Kind == PathMatchKind.Exact && path.Length > rule.Path.Length))
        {
            return false;
        }

        ReadOnlySpan<byte> start = path[..rule.Path.Length];
        if (rule.Fold ? !AsciiFold.EqualsLower(start, rule.Path) : !start.SequenceEqual(rule.Path))
        {
            return false;
        }

        return rule.Kind != PathMatchKind.SegmentPrefix
            || path.Length == rule.Path.Length
            || path[rule.Path.Length] == '/';
    }

    /// <summary>The first unconditional rule that takes every path that this one takes.</summary>
    private static int Cover(in PathRule rule, PathKeys.Builder plain, PathKeys.Builder folded)
    {
        int by = folded.FirstCover(rule);
        return rule.Fold ? by : Math.Min(by, plain.FirstCover(rule));
    }

    /// <summary>A part of the shared array of rules.</summary>
    internal struct RuleRange
    {
        /// <summary>The next one.</summary>
        public int Position;

        /// <summary>Past the last one.</summary>
        public int End;
    }

    /// <summary>Rules in written order, from several ranges at once.</summary>
    internal ref struct Candidates
    {
        private readonly int[] _rules;
        private readonly Span<RuleRange> _ranges;
        private int _count;

        internal Candidates(int[] rules, Span<RuleRange> ranges)
        {
            _rules = rules;
            _ranges = ranges;
        }

        /// <summary>More keys fit than there is room for: ask every rule instead.</summary>
        public bool Overflowed { get; private set; }

        /// <summary>Adds the rules [position, end) of the shared array.</summary>
        public void Add(int position, int end)
        {
            if (position == end)
            {
                return;
            }

            if (_count == _ranges.Length)
            {
                Overflowed = true;
                return;
            }

            _ranges[_count++] = new RuleRange { Position = position, End = end };
        }

        /// <summary>The next rule, or -1.</summary>
        public int Next()
        {
            int least = int.MaxValue;
            int chosen = -1;
            for (int i = 0; i < _count; i++)
            {
                ref readonly RuleRange range = ref _ranges[i];
                if (range.Position < range.End && _rules[range.Position] < least)
                {
                    least = _rules[range.Position];
                    chosen = i;
                }
            }

            if (chosen < 0)
            {
                return -1;
            }

            _ranges[chosen].Position++;
            return least;
        }
    }

    /// <summary>A key for a dictionary, from bytes.</summary>
    internal static string KeyOf(byte[] path) => Encoding.Latin1.GetString(path);
}
