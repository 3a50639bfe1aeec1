using System.Linq;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Model;

public sealed class MeshConfigValidatorTests
{
    [Fact]
    public void Clusters_OfOneName_AreRefused() =>
        Refused(new MeshConfig { Clusters = [Named("a"), Named("a")] }, "clusters[1].name: \"a\" names two clusters");

    [Fact]
    public void Cluster_OriginalDestinationWithRoundRobin_IsRefused() => Refused(
        new MeshConfig { Clusters = [Named("a") with { Type = ClusterType.OriginalDestination }] },
        "clusters[0].lb_policy: a cluster of type ORIGINAL_DST needs lb_policy CLUSTER_PROVIDED");

    [Fact]
    public void Cluster_StaticWithClusterProvided_IsRefused() => Refused(
        new MeshConfig { Clusters = [Named("a") with { LoadBalancing = LoadBalancing.ClusterProvided }] },
        "clusters[0].lb_policy: CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST");

    [Fact]
    public void Cluster_LogicalDnsWithTwoEndpoints_IsRefused() => Refused(
        new MeshConfig
        {
            Clusters = [Named("a") with { Type = ClusterType.LogicalDns, Endpoints = [At("x"), At("y")] }],
        },
        "clusters[0].load_assignment: a cluster of type LOGICAL_DNS has one endpoint, not 2");

    [Fact]
    public void Cluster_StaticWithName_IsRefused() => Refused(
        new MeshConfig { Clusters = [Named("a") with { Endpoints = [At("b.example")] }] },
        "clusters[0].endpoints[0].endpoint.address: \"b.example\" is not an IP address; use type STRICT_DNS or "
        + "LOGICAL_DNS");

    [Fact]
    public void Endpoint_WithoutPort_IsRefused() => Refused(
        new MeshConfig { Clusters = [Named("a") with { Endpoints = [new(new SocketTarget("::1", 0))] }] },
        "clusters[0].endpoints[0].endpoint.address: an endpoint needs a port from 1 to 65535");

    [Fact]
    public void Priorities_WithAGap_AreRefused() => Refused(
        new MeshConfig { Clusters = [Named("a") with { Endpoints = [At("::1"), At("::2") with { Priority = 2 }] }] },
        "clusters[0].load_assignment: priorities must go from 0 up without a gap");

    [Fact]
    public void Weights_PastTheirSum_AreRefused() => Refused(
        new MeshConfig
        {
            Clusters = [Named("a") with { Endpoints = [At("::1") with { Weight = uint.MaxValue }, At("::2")] }],
        },
        "clusters[0].load_assignment: the weights sum up to more than 4294967295");

    [Fact]
    public void Listeners_OfOneNameAndAddress_AreRefused() => Refused(
        new MeshConfig { Listeners = [Listening("l"), Listening("l")] },
        "listeners[1].name: \"l\" names two listeners",
        "listeners[1].address: listener \"l\" has 127.0.0.1:80 already");

    [Fact]
    public void Listeners_OnPortZeroOrUnbound_MayShareAnAddress()
    {
        Listener any = Listening("c") with { Address = new SocketTarget("127.0.0.1", 0) };
        Refused(new MeshConfig
        {
            Listeners =
            [
                Listening("a"), Listening("b") with { BindToPort = false }, any, any with { Name = "d" },
            ],
        });
    }

    [Fact]
    public void Admin_OnTheAddressOfAListener_IsRefused() => Refused(
        new MeshConfig { Listeners = [Listening("l")], Admin = new SocketTarget("127.0.0.1", 80) },
        "admin.address: listener \"l\" has 127.0.0.1:80 already");

    [Fact]
    public void Listener_WithoutChains_IsRefused() => Refused(
        new MeshConfig { Listeners = [Listening("l") with { DefaultFilterChain = null }] },
        "listeners[0].filter_chains: the listener has no filter chain");

    [Fact]
    public void Chains_WithEqualMatches_AreRefused()
    {
        FilterChain chain = Listening("l").DefaultFilterChain! with
        {
            Match = new FilterChainMatch { ServerNames = ["a.example"] },
        };
        FilterChain twin = chain with { Match = new FilterChainMatch { ServerNames = ["a.example"] } };
        Refused(
            new MeshConfig { Listeners = [Listening("l") with { FilterChains = [chain, twin] }] },
            "listeners[0].filter_chains[1].filter_chain_match: matches the same connections as filter_chains[0]");
    }

    [Fact]
    public void TcpProxy_ToNoCluster_IsWarnedOf()
    {
        Listener listener = Listening("l") with
        {
            DefaultFilterChain = new FilterChain
            {
                Filter = new TcpProxySettings { StatPrefix = "t", Clusters = [new TcpClusterShare("x")] },
            },
        };
        Refused(
            new MeshConfig { Listeners = [listener] },
            "warning: listeners[0].default_filter_chain.filter.cluster: there is no cluster \"x\"; connections will be "
            + "closed");
    }

    [Theory]
    [InlineData("", "is not a domain; write a.example, *.example, a.* or *")]
    [InlineData("a.*.b", "is not a domain; write a.example, *.example, a.* or *")]
    [InlineData("*a*", "is not a domain; write a.example, *.example, a.* or *")]
    public void Domain_InNoForm_IsRefused(string domain, string expected) => Refused(
        Routing(new RouteConfiguration { VirtualHosts = [new VirtualHost { Name = "v", Domains = [domain] }] }),
        $"{RoutesPath}.virtual_hosts[0].domains[0]: \"{domain}\" {expected}");

    [Fact]
    public void Domain_InTwoVirtualHosts_IsRefused() => Refused(
        Routing(new RouteConfiguration
        {
            VirtualHosts =
            [
                new VirtualHost { Name = "v", Domains = ["a.example"] },
                new VirtualHost { Name = "w", Domains = ["A.example"] },
                new VirtualHost { Name = "x" },
            ],
        }),
        $"{RoutesPath}.virtual_hosts[1].domains[0]: virtual host \"v\" has \"A.example\" already",
        $"{RoutesPath}.virtual_hosts[2].domains: the virtual host has no domains");

    [Fact]
    public void Route_ToNoCluster_IsRefusedOnlyWhereClustersAreValidated()
    {
        var host = new VirtualHost
        {
            Name = "v",
            Domains = ["*"],
            Routes = [new Route { Match = new RouteMatch(), Action = new ForwardAction { Cluster = "x" } }],
        };
        Refused(Routing(new RouteConfiguration { VirtualHosts = [host] }));
        Refused(
            Routing(new RouteConfiguration { VirtualHosts = [host], ValidateClusters = true }),
            $"{RoutesPath}.virtual_hosts[0].routes[0].route.cluster: there is no cluster \"x\"");
    }

    [Fact]
    public void DirectResponse_LongerThanAllowed_IsRefused()
    {
        var reply = new Route { Match = new RouteMatch(), Action = new DirectResponseAction(200, new byte[11]) };
        Refused(
            Routing(new RouteConfiguration
            {
                VirtualHosts = [new VirtualHost { Name = "v", Domains = ["*"], Routes = [reply] }],
                MaxDirectResponseBodyBytes = 10,
            }),
            $"{RoutesPath}.virtual_hosts[0].routes[0].direct_response.body: has 11 bytes; "
            + "max_direct_response_body_size_bytes is 10");
    }

    private const string RoutesPath = "listeners[0].default_filter_chain.filter.route_config";

    private static void Refused(MeshConfig config, params string[] expected) =>
        Assert.Equal(expected, MeshConfigValidator.Validate(config).Select(static problem => problem.ToString()));

    private static Cluster Named(string name) => new() { Name = name };

    private static Endpoint At(string host) => new(new SocketTarget(host, 80));

    private static Listener Listening(string name) => new()
    {
        Name = name,
        Address = new SocketTarget("127.0.0.1", 80),
        DefaultFilterChain = new FilterChain
        {
            Filter = new HttpConnectionManagerSettings { StatPrefix = "h", Routes = new RouteConfiguration() },
        },
    };

    private static MeshConfig Routing(RouteConfiguration routes) => new()
    {
        Listeners =
        [
            Listening("l") with
            {
                DefaultFilterChain = new FilterChain
                {
                    Filter = new HttpConnectionManagerSettings { StatPrefix = "h", Routes = routes },
                },
            },
        ],
    };
}
