using System;
using System.Collections.Generic;
using FastMesh.Engine.Downstream;

namespace FastMesh.Engine.Connections;

/// <summary>A filter chain and what it asks for.</summary>
internal readonly record struct ChainCandidate(CompiledFilterChain Chain, ChainCriteria Criteria);

/// <summary>
/// Chooses the filter chain of a connection as Envoy does (FilterChainManagerImpl::findFilterChain): nine criteria in a
/// fixed order, the most specific value that matches wins each step, and a step is never taken back. So a connection to
/// a port that some chain names never falls back to the chains without a port.
/// </summary>
/// <remarks>Immutable; a choice costs a few hash look-ups and allocates nothing.</remarks>
internal sealed class FilterChainSelector
{
    private readonly MatchStep? _first;
    private readonly CompiledFilterChain? _default;

    private FilterChainSelector(MatchStep? first, CompiledFilterChain? defaultChain)
    {
        _first = first;
        _default = defaultChain;
        Single = first is null ? defaultChain : (first as ChainStep)?.Chain;
    }

    /// <summary>The chain that takes every connection, when there is no choice at all.</summary>
    public CompiledFilterChain? Single { get; }

    /// <summary>Builds the steps.</summary>
    /// <param name="candidates">The chains in the order of the configuration.</param>
    /// <param name="defaultChain">Takes what no chain takes; null closes it.</param>
    /// <param name="conflicts">Receives, for each pair of chains with equal matches, the second one's index.</param>
    public static FilterChainSelector Compile(
        IReadOnlyList<ChainCandidate> candidates, CompiledFilterChain? defaultChain, List<int> conflicts)
    {
        List<int> all = [];
        for (int i = 0; i < candidates.Count; i++)
        {
            all.Add(i);
        }

        Builder builder = new(candidates, conflicts);
        return new FilterChainSelector(builder.Build(0, all), defaultChain);
    }

    /// <summary>The chain for this connection; null when it must be closed.</summary>
    public CompiledFilterChain? Select(in ConnectionFacts facts) => Single ?? _first?.Find(facts) ?? _default;

    /// <summary>Groups the chains step by step: each stated value leads to the chains that state it.</summary>
    private sealed class Builder(IReadOnlyList<ChainCandidate> candidates, List<int> conflicts)
    {
        /// <summary>Destination port, range, name, transport, application, direct source, type, source, port.</summary>
        private const int StepCount = 9;

        public MatchStep? Build(int step, List<int> chains)
        {
            if (chains.Count == 0)
            {
                return null;
            }

            return step switch
            {
                0 => Ports(step, chains, ofSource: false),
                1 => Ranges(step, chains, AddressPart.Destination),
                2 => Names(step, chains),
                3 => Words(step, chains, static c => c.TransportProtocol is { Length: > 0 } word ? [word] : [],
                    static (exact, rest) => new TransportStep(exact, rest)),
                4 => Words(step, chains, static c => c.ApplicationProtocols,
                    static (exact, rest) => new ApplicationStep(exact, rest)),
                5 => Ranges(step, chains, AddressPart.DirectSource),
                6 => SourceTypes(step, chains),
                7 => Ranges(step, chains, AddressPart.Source),
                8 => Ports(step, chains, ofSource: true),
                _ => Leaf(chains),
            };
        }

        private ChainStep Leaf(List<int> chains)
        {
            for (int i = 1; i < chains.Count; i++)
            {
                if (!conflicts.Contains(chains[i]))
                {
                    conflicts.Add(chains[i]);
                }
            }

            return new ChainStep(candidates[chains[0]].Chain);
        }

        private MatchStep? Ports(int step, List<int> chains, bool ofSource)
        {
            Groups<ushort> groups = new();
            foreach (int chain in chains)
            {
                ChainCriteria criteria = candidates[chain].Criteria;
                ushort[] stated = ofSource ? criteria.SourcePorts
                    : criteria.DestinationPort is { } port ? [port] : [];
                groups.Add(chain, stated);
            }

            return groups.Stated.Count == 0
                ? Build(step + 1, groups.Rest)
                : new PortStep(ofSource, Children(step, groups), Build(step + 1, groups.Rest));
        }

        private MatchStep? Words(
            int step,
            List<int> chains,
            Func<ChainCriteria, string[]> stated,
            Func<Dictionary<string, MatchStep>, MatchStep?, MatchStep> create)
        {
            Groups<string> groups = new();
            foreach (int chain in chains)
            {
                groups.Add(chain, stated(candidates[chain].Criteria));
            }

            return groups.Stated.Count == 0
                ? Build(step + 1, groups.Rest)
                : create(Children(step, groups), Build(step + 1, groups.Rest));
        }

        private MatchStep? Names(int step, List<int> chains) =>
            Words(step, chains, static c => WithoutStars(c.ServerNames),
                static (exact, rest) => new ServerNameStep(exact, rest));

        private static string[] WithoutStars(string[] names) =>
            Array.ConvertAll(names, static name => name.StartsWith("*.", StringComparison.Ordinal) ? name[1..] : name);

        private MatchStep? SourceTypes(int step, List<int> chains)
        {
            Groups<ChainSourceType> groups = new();
            foreach (int chain in chains)
            {
                ChainSourceType type = candidates[chain].Criteria.SourceType;
                groups.Add(chain, type == ChainSourceType.Any ? [] : [type]);
            }

            if (groups.Stated.Count == 0)
            {
                return Build(step + 1, groups.Rest);
            }

            Dictionary<ChainSourceType, MatchStep> stated = Children(step, groups);
            return new SourceTypeStep(
                stated.GetValueOrDefault(ChainSourceType.SameIpOrLoopback),
                stated.GetValueOrDefault(ChainSourceType.External),
                Build(step + 1, groups.Rest));
        }

        private MatchStep? Ranges(int step, List<int> chains, AddressPart part)
        {
            Groups<AddressRange> groups = new();
            foreach (int chain in chains)
            {
                ChainCriteria criteria = candidates[chain].Criteria;
                AddressRange[] stated = part switch
                {
                    AddressPart.Destination => criteria.DestinationRanges,
                    AddressPart.DirectSource => criteria.DirectSourceRanges,
                    _ => criteria.SourceRanges,
                };
                groups.Add(chain, Array.ConvertAll(stated, static range =>
                    range with { Address = RangeStep.Mask(range.Address, range.PrefixLength) }));
            }

            return groups.Stated.Count == 0
                ? Build(step + 1, groups.Rest)
                : new RangeStep(part, ByLength(Children(step, groups)), Build(step + 1, groups.Rest));
        }

        private static RangeStep.LengthGroup[] ByLength(Dictionary<AddressRange, MatchStep> children)
        {
            List<RangeStep.LengthGroup> lengths = [];
            foreach ((AddressRange range, MatchStep next) in children)
            {
                int at = lengths.FindIndex(group =>
                    group.Kind == range.Address.Kind && group.PrefixLength == range.PrefixLength);
                if (at < 0)
                {
                    at = lengths.Count;
                    lengths.Add(new RangeStep.LengthGroup(range.Address.Kind, range.PrefixLength, []));
                }

                lengths[at].Networks[range.Address] = next;
            }

            lengths.Sort(static (a, b) => b.PrefixLength.CompareTo(a.PrefixLength));
            return [.. lengths];
        }

        private Dictionary<TKey, MatchStep> Children<TKey>(int step, Groups<TKey> groups)
            where TKey : notnull
        {
            System.Diagnostics.Debug.Assert(step < StepCount);
            Dictionary<TKey, MatchStep> children = [];
            foreach ((TKey key, List<int> chains) in groups.Stated)
            {
                children[key] = Build(step + 1, chains)!;
            }

            return children;
        }
    }

    private sealed class Groups<TKey>
        where TKey : notnull
    {
        public Dictionary<TKey, List<int>> Stated { get; } = [];

        public List<int> Rest { get; } = [];

        public void Add(int chain, TKey[] stated)
        {
            if (stated.Length == 0)
            {
                Rest.Add(chain);
            }

            foreach (TKey key in stated)
            {
                if (!Stated.TryGetValue(key, out List<int>? chains))
                {
                    chains = [];
                    Stated.Add(key, chains);
                }

                // Chains come in order, so a value that one chain states twice is the last entry.
                if (chains.Count == 0 || chains[^1] != chain)
                {
                    chains.Add(chain);
                }
            }
        }
    }
}
