using System;
using System.Collections.Generic;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>The keys of a <see cref="PathIndex"/> of one kind of comparing: with ASCII case or without.</summary>
internal sealed class PathKeys
{
    private readonly SpanTable _exact;
    private readonly (int From, int To)[] _exactRules;
    private readonly ByteTrie _prefixes;
    private readonly PrefixRules[] _prefixRules;

    private PathKeys(
        SpanTable exact, (int From, int To)[] exactRules, ByteTrie prefixes, PrefixRules[] prefixRules)
    {
        _exact = exact;
        _exactRules = exactRules;
        _prefixes = prefixes;
        _prefixRules = prefixRules;
    }

    /// <summary>Adds the rules of every key that fits.</summary>
    public void Collect(ReadOnlySpan<byte> path, ref PathIndex.Candidates candidates)
    {
        if (_exactRules.Length > 0)
        {
            int found = _exact.Find(path);
            if (found >= 0)
            {
                candidates.Add(_exactRules[found].From, _exactRules[found].To);
            }
        }

        if (_prefixes.IsEmpty)
        {
            return;
        }

        ByteTrie.Walk walk = default;
        while (_prefixes.Next(ref walk, path, out int key))
        {
            ref readonly PrefixRules rules = ref _prefixRules[key];
            candidates.Add(rules.From, rules.SegmentsFrom);
            if (walk.Depth == path.Length || path[walk.Depth] == '/')
            {
                candidates.Add(rules.SegmentsFrom, rules.To);
            }
        }
    }

    /// <summary>String prefixes are [From, SegmentsFrom), segment prefixes [SegmentsFrom, To).</summary>
    private struct PrefixRules
    {
        public int From;
        public int SegmentsFrom;
        public int To;
    }

    /// <summary>Collects rules by key.</summary>
    internal sealed class Builder
    {
        private readonly bool _fold;
        private readonly Dictionary<string, int> _exactKeys = [];
        private readonly Dictionary<string, int> _prefixKeys = [];
        private readonly List<byte[]> _exactPaths = [];
        private readonly List<byte[]> _prefixPaths = [];
        private readonly List<KeyRules> _exact = [];
        private readonly List<KeyRules> _strings = [];
        private readonly List<KeyRules> _segments = [];
        private SpanTable? _table;
        private ByteTrie? _trie;

        public Builder(bool fold) => _fold = fold;

        /// <summary>Adds a rule; numbers must rise.</summary>
        public void Add(in PathRule rule, int number)
        {
            KeyRules rules = RulesOf(rule);
            rules.Numbers.Add(number);
            if (rule.Unconditional && rule.Kind != PathMatchKind.Regex)
            {
                rules.FirstUnconditional = Math.Min(rules.FirstUnconditional, number);
            }
        }

        /// <summary>Builds what <see cref="FirstCover"/> needs; no rule may be added any more.</summary>
        public void Seal()
        {
            _table = new SpanTable(_exactPaths, _fold);
            _trie = new ByteTrie(_prefixPaths, _fold);
        }

        /// <summary>The first unconditional rule here that takes all the given one takes, or the maximum.</summary>
        public int FirstCover(in PathRule rule)
        {
            int first = int.MaxValue;
            ByteTrie.Walk walk = default;
            while (_trie!.Next(ref walk, rule.Path, out int key))
            {
                first = Math.Min(first, _strings[key].FirstUnconditional);
                bool segment = walk.Depth == rule.Path.Length
                    ? rule.Kind is PathMatchKind.Exact or PathMatchKind.SegmentPrefix
                    : rule.Path[walk.Depth] == '/';
                if (segment)
                {
                    first = Math.Min(first, _segments[key].FirstUnconditional);
                }
            }

            int exact = rule.Kind == PathMatchKind.Exact ? _table!.Find(rule.Path) : -1;
            return exact < 0 ? first : Math.Min(first, _exact[exact].FirstUnconditional);
        }

        /// <summary>Takes a rule out again.</summary>
        public void Drop(in PathRule rule, int number) => RulesOf(rule).Numbers.Remove(number);

        /// <summary>Writes the rules of all keys into the shared array.</summary>
        public PathKeys Build(List<int> flat)
        {
            (int From, int To)[] exact = new (int, int)[_exact.Count];
            for (int i = 0; i < exact.Length; i++)
            {
                int from = flat.Count;
                flat.AddRange(_exact[i].Numbers);
                exact[i] = (from, flat.Count);
            }

            PrefixRules[] prefixes = new PrefixRules[_strings.Count];
            for (int i = 0; i < prefixes.Length; i++)
            {
                prefixes[i].From = flat.Count;
                flat.AddRange(_strings[i].Numbers);
                prefixes[i].SegmentsFrom = flat.Count;
                flat.AddRange(_segments[i].Numbers);
                prefixes[i].To = flat.Count;
            }

            return new PathKeys(_table!, exact, _trie!, prefixes);
        }

        private KeyRules RulesOf(in PathRule rule)
        {
            string name = PathIndex.KeyOf(rule.Path);
            if (rule.Kind == PathMatchKind.Exact)
            {
                if (!_exactKeys.TryGetValue(name, out int exact))
                {
                    exact = _exact.Count;
                    _exactKeys.Add(name, exact);
                    _exactPaths.Add(rule.Path);
                    _exact.Add(new KeyRules());
                }

                return _exact[exact];
            }

            if (!_prefixKeys.TryGetValue(name, out int prefix))
            {
                prefix = _strings.Count;
                _prefixKeys.Add(name, prefix);
                _prefixPaths.Add(rule.Path);
                _strings.Add(new KeyRules());
                _segments.Add(new KeyRules());
            }

            return rule.Kind == PathMatchKind.SegmentPrefix ? _segments[prefix] : _strings[prefix];
        }
    }

    private sealed class KeyRules
    {
        public List<int> Numbers { get; } = [];

        public int FirstUnconditional { get; set; } = int.MaxValue;
    }
}
