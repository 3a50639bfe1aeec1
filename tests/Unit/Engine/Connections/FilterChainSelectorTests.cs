using System.Collections.Generic;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

public sealed class FilterChainSelectorTests
{
    [Fact]
    public void Select_NoChainsNoDefault_ReturnsNull() => Assert.Null(Choose([], null, new ConnectionFacts()));

    [Fact]
    public void Select_OnlyDefault_TakesEverything() =>
        Assert.Equal("default", Choose([], "default", new ConnectionFacts()));

    [Fact]
    public void Select_SingleChainWithoutCriteria_NeedsNoSteps()
    {
        FilterChainSelector selector = Compile([("a", ChainCriteria.None)], null, out _);
        Assert.Equal("a", selector.Single?.Name);
    }

    [Fact]
    public void Select_PortNamed_BeatsChainWithoutPort() =>
        Assert.Equal("port", Choose(
            [("any", ChainCriteria.None), ("port", new() { DestinationPort = 8080 })], null, To("10.0.0.1:8080")));

    [Fact]
    public void Select_PortNamedButLaterStepFails_NeverFallsBackToChainWithoutPort()
    {
        List<(string, ChainCriteria)> chains =
        [
            ("any", ChainCriteria.None),
            ("tls", new() { DestinationPort = 8080, TransportProtocol = "tls" }),
        ];
        Assert.Null(Choose(chains, null, To("10.0.0.1:8080")));
        Assert.Equal("default", Choose(chains, "default", To("10.0.0.1:8080")));
        Assert.Equal("any", Choose(chains, null, To("10.0.0.1:8081")));
    }

    [Theory]
    [InlineData("10.1.2.3:1", "24")]
    [InlineData("10.1.9.3:1", "16")]
    [InlineData("10.9.9.9:1", "8")]
    [InlineData("11.0.0.1:1", "zero")]
    [InlineData("[2001:db8::1]:1", "six")]
    [InlineData("[2001:db9::1]:1", null)]
    public void Select_DestinationRanges_LongestPrefixWins(string to, string? expected) =>
        Assert.Equal(expected, Choose(
            [
                ("8", new() { DestinationRanges = [Range("10.0.0.0", 8)] }),
                ("24", new() { DestinationRanges = [Range("10.1.2.99", 24), Range("192.168.0.0", 16)] }),
                ("16", new() { DestinationRanges = [Range("10.1.0.0", 16)] }),
                ("zero", new() { DestinationRanges = [Range("0.0.0.0", 0)] }),
                ("six", new() { DestinationRanges = [Range("2001:db8::", 33)] }),
            ],
            null,
            To(to)));

    [Theory]
    [InlineData("www.b.com", "exact")]
    [InlineData("x.b.com", "b")]
    [InlineData("x.y.b.com", "b")]
    [InlineData("b.com", "com")]
    [InlineData("com", "none")]
    [InlineData(".b.com", "com")]
    [InlineData("b.org", "none")]
    [InlineData("b.com.", "none")]
    [InlineData(".", "none")]
    [InlineData("..", "none")]
    [InlineData(null, "none")]
    public void Select_ServerNames_ExactThenLongestWildcard(string? name, string expected) =>
        Assert.Equal(expected, Choose(
            [
                ("none", ChainCriteria.None),
                ("com", new() { ServerNames = ["*.com"] }),
                ("exact", new() { ServerNames = ["www.b.com"] }),
                ("b", new() { ServerNames = ["*.b.com"] }),
            ],
            null,
            new ConnectionFacts { ServerName = name, TransportProtocol = "tls" }));

    [Theory]
    [InlineData(null, "raw")]
    [InlineData("raw_buffer", "raw")]
    [InlineData("tls", "tls")]
    [InlineData("quic", null)]
    public void Select_TransportProtocol_UnknownIsRawBuffer(string? transport, string? expected) =>
        Assert.Equal(expected, Choose(
            [("raw", new() { TransportProtocol = "raw_buffer" }), ("tls", new() { TransportProtocol = "tls" })],
            null,
            new ConnectionFacts { TransportProtocol = transport }));

    [Theory]
    [InlineData("h2,http/1.1", "two")]
    [InlineData("http/1.1,h2", "one")]
    [InlineData("spdy,h2", "two")]
    [InlineData("spdy", "none")]
    [InlineData("", "none")]
    public void Select_ApplicationProtocols_FirstOfTheClientsListWins(string offered, string expected) =>
        Assert.Equal(expected, Choose(
            [
                ("none", ChainCriteria.None),
                ("one", new() { ApplicationProtocols = ["http/1.1", "http/1.0"] }),
                ("two", new() { ApplicationProtocols = ["h2"] }),
            ],
            null,
            new ConnectionFacts { ApplicationProtocols = offered.Split(',') }));

    [Theory]
    [InlineData("127.0.0.9:5", "10.0.0.1:80", "local")]
    [InlineData("10.0.0.1:5", "10.0.0.1:80", "local")]
    [InlineData("10.0.0.2:5", "10.0.0.1:80", "external")]
    public void Select_SourceType_ComparesRestoredAddresses(string from, string to, string expected) =>
        Assert.Equal(expected, Choose(
            [
                ("local", new() { SourceType = ChainSourceType.SameIpOrLoopback }),
                ("external", new() { SourceType = ChainSourceType.External }),
                ("any", ChainCriteria.None),
            ],
            null,
            To(to, from)));

    [Fact]
    public void Select_SourceRangeThenPort_NoBacktrackBetweenThem()
    {
        List<(string, ChainCriteria)> chains =
        [
            ("wide", new() { SourceRanges = [Range("10.0.0.0", 8)] }),
            ("narrow", new() { SourceRanges = [Range("10.0.0.0", 24)], SourcePorts = [5] }),
        ];
        Assert.Equal("narrow", Choose(chains, null, To("1.1.1.1:1", "10.0.0.7:5")));
        Assert.Null(Choose(chains, null, To("1.1.1.1:1", "10.0.0.7:6")));
        Assert.Equal("wide", Choose(chains, null, To("1.1.1.1:1", "10.0.9.7:6")));
    }

    [Fact]
    public void Select_DirectSource_IsTheSocketsPeerNotTheRestoredOne()
    {
        ConnectionFacts facts = To("1.1.1.1:1", "203.0.113.9:5");
        facts.DirectRemote = Address("10.0.0.1:9");
        Assert.Equal("lb", Choose([("lb", new() { DirectSourceRanges = [Range("10.0.0.0", 8)] })], null, facts));
        Assert.Null(Choose([("lb", new() { SourceRanges = [Range("10.0.0.0", 8)] })], null, facts));
    }

    [Fact]
    public void Compile_EqualMatches_ReportsTheSecondChain()
    {
        Compile(
            [
                ("a", new() { DestinationPort = 80, ServerNames = ["x.com", "y.com"] }),
                ("b", new() { DestinationPort = 81, ServerNames = ["y.com"] }),
                ("c", new() { DestinationPort = 80, ServerNames = ["y.com"] }),
            ],
            null,
            out List<int> conflicts);
        Assert.Equal([2], conflicts);
    }

    internal static FilterChainSelector Compile(
        List<(string Name, ChainCriteria Criteria)> chains, string? defaultChain, out List<int> conflicts)
    {
        conflicts = [];
        List<ChainCandidate> candidates =
            chains.ConvertAll(static chain => new ChainCandidate(Chain(chain.Name), chain.Criteria));
        return FilterChainSelector.Compile(
            candidates, defaultChain is null ? null : Chain(defaultChain), conflicts);
    }

    internal static NetAddress Address(string text) =>
        NetAddress.TryParse(text, out NetAddress address) ? address : throw new Xunit.Sdk.XunitException(text);

    internal static AddressRange Range(string text, int prefixLength) => new(Address(text), prefixLength);

    private static CompiledFilterChain Chain(string name) =>
        new(name, static _ => { }, isOpaque: false);

    private static ConnectionFacts To(string to, string from = "192.0.2.1:1000") => new()
    {
        Local = Address(to),
        Remote = Address(from),
        DirectRemote = Address(from),
    };

    private static string? Choose(
        List<(string Name, ChainCriteria Criteria)> chains, string? defaultChain, ConnectionFacts facts) =>
        Compile(chains, defaultChain, out _).Select(facts)?.Name;
}
