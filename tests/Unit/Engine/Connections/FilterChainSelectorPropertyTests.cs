using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>The compiled steps against the rule as it is written: prune the list, criterion by criterion.</summary>
public sealed class FilterChainSelectorPropertyTests
{
    private static readonly string[] Names = ["a.com", "*.com", "*.a.com", "b.a.com", "x.org"];
    private static readonly string[] Asked = ["a.com", "b.a.com", "c.a.com", "d.c.a.com", "z.com", "x.org", "org"];
    private static readonly string[] Words = ["h2", "http/1.1", "istio"];
    private static readonly string[] Addresses = ["10.0.0.1", "10.0.0.200", "10.1.0.1", "127.0.0.1", "2001:db8::1"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Select_RandomChainsAndConnections_AgreesWithPruning(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 500; round++)
        {
            List<(string Name, ChainCriteria Criteria)> chains = [];
            int count = random.Next(1, 9);
            for (int i = 0; i < count; i++)
            {
                chains.Add(($"chain{i}", RandomCriteria(random)));
            }

            FilterChainSelector selector = FilterChainSelectorTests.Compile(chains, "default", out _);
            for (int ask = 0; ask < 20; ask++)
            {
                ConnectionFacts facts = RandomFacts(random);
                Assert.True(
                    Prune(chains, facts) == selector.Select(facts)?.Name, $"seed {seed} round {round} ask {ask}");
            }
        }
    }

    private static string Prune(List<(string Name, ChainCriteria Criteria)> chains, ConnectionFacts facts)
    {
        Func<ChainCriteria, int>[] steps =
        [
            c => Best<ushort>(c.DestinationPort is { } port ? [port] : [], p => p == facts.Local.Port ? 1 : -1),
            c => Best(c.DestinationRanges, r => InRange(facts.Local, r)),
            c => Best(c.ServerNames, n => NameRank(facts.ServerName, n)),
            c => Best<string>(
                c.TransportProtocol is { } t ? [t] : [],
                t => t == (facts.TransportProtocol ?? "raw_buffer") ? 1 : -1),
            c => Best(c.ApplicationProtocols, a => AlpnRank(facts.ApplicationProtocols!, a)),
            c => Best(c.DirectSourceRanges, r => InRange(facts.DirectRemote, r)),
            c => c.SourceType == ChainSourceType.Any ? 0 : IsLocal(facts) == (c.SourceType
                == ChainSourceType.SameIpOrLoopback) ? 1 : -1,
            c => Best(c.SourceRanges, r => InRange(facts.Remote, r)),
            c => Best(c.SourcePorts, p => p == facts.Remote.Port ? 1 : -1),
        ];
        List<(string Name, ChainCriteria Criteria)> left = chains;
        foreach (Func<ChainCriteria, int> step in steps)
        {
            left = [.. left.Where(chain => step(chain.Criteria) >= 0)];
            int best = left.Count == 0 ? 0 : left.Max(chain => step(chain.Criteria));
            left = [.. left.Where(chain => step(chain.Criteria) == best)];
        }

        return left.Count == 0 ? "default" : left[0].Name;
    }

    // 0 when nothing is stated, -1 when no stated value matches, else how specific the best one is.
    private static int Best<T>(T[] stated, Func<T, int> rank) => stated.Length == 0 ? 0 : stated.Max(rank);

    private static int InRange(NetAddress address, AddressRange range) =>
        address.IsIn(range.Address, range.PrefixLength) ? range.PrefixLength + 1 : -1;

    private static bool IsLocal(ConnectionFacts facts) =>
        facts.Remote.IsLoopback || facts.Remote.SameAddress(facts.Local);

    private static int NameRank(string? asked, string name) =>
        asked is null ? -1
            : name == asked ? 1000
            : name[0] == '*' && asked.EndsWith(name[1..], StringComparison.Ordinal) && asked.Length >= name.Length
                ? name.Length
                : -1;

    private static int AlpnRank(string[] offered, string name)
    {
        int index = Array.IndexOf(offered, name);
        return index < 0 ? -1 : 100 - index;
    }

    private static ChainCriteria RandomCriteria(Random random) => new()
    {
        DestinationPort = random.Next(2) == 0 ? null : (ushort)random.Next(80, 82),
        DestinationRanges = Some(random, RandomRange),
        ServerNames = Some(random, r => Names[r.Next(Names.Length)]),
        TransportProtocol = random.Next(4) switch { 0 => "tls", 1 => "raw_buffer", _ => null },
        ApplicationProtocols = Some(random, r => Words[r.Next(Words.Length)]),
        DirectSourceRanges = Some(random, RandomRange),
        SourceType = (ChainSourceType)random.Next(3),
        SourceRanges = Some(random, RandomRange),
        SourcePorts = Some(random, r => (ushort)r.Next(5, 8)),
    };

    private static ConnectionFacts RandomFacts(Random random) => new()
    {
        Local = RandomAddress(random, 80, 82),
        Remote = RandomAddress(random, 5, 8),
        DirectRemote = RandomAddress(random, 5, 8),
        ServerName = random.Next(3) == 0 ? null : Asked[random.Next(Asked.Length)],
        TransportProtocol = random.Next(2) == 0 ? "tls" : null,
        ApplicationProtocols = Some(random, r => Words[r.Next(Words.Length)]),
    };

    private static T[] Some<T>(Random random, Func<Random, T> create)
    {
        T[] values = new T[Math.Max(0, random.Next(5) - 2)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = create(random);
        }

        return values;
    }

    private static AddressRange RandomRange(Random random)
    {
        NetAddress address = FilterChainSelectorTests.Address(Addresses[random.Next(Addresses.Length)]);
        int[] lengths = address.Kind == NetAddressKind.IPv4 ? [0, 8, 17, 24, 32] : [0, 32, 65, 128];
        return new AddressRange(address, lengths[random.Next(lengths.Length)]);
    }

    private static NetAddress RandomAddress(Random random, int portMin, int portMax) =>
        FilterChainSelectorTests.Address(Addresses[random.Next(Addresses.Length)])
            .WithPort((ushort)random.Next(portMin, portMax));
}
