using System;
using System.Linq;
using FastMesh.Proxy.Redirect;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy.Redirect;

public sealed class IptablesPlanTests
{
    [Fact]
    public void Defaults_IPv4_AreIstiosRulesInOrder()
    {
        Assert.Equal(
            """
            *nat
            :ISTIO_INBOUND - [0:0]
            :ISTIO_REDIRECT - [0:0]
            :ISTIO_IN_REDIRECT - [0:0]
            :ISTIO_OUTPUT - [0:0]
            -A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN
            -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
            -A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
            -A PREROUTING -p tcp -j ISTIO_INBOUND
            -A ISTIO_INBOUND -p tcp --dport 15090 -j RETURN
            -A ISTIO_INBOUND -p tcp --dport 15021 -j RETURN
            -A ISTIO_INBOUND -p tcp --dport 15020 -j RETURN
            -A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
            -A OUTPUT -j ISTIO_OUTPUT
            -A ISTIO_OUTPUT -o lo -s 127.0.0.6/32 -j RETURN
            -A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT
            -A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN
            -A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
            -A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --gid-owner 1337 -j ISTIO_IN_REDIRECT
            -A ISTIO_OUTPUT -o lo -m owner ! --gid-owner 1337 -j RETURN
            -A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
            -A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
            -A ISTIO_OUTPUT -j ISTIO_REDIRECT
            COMMIT

            """,
            Plan(new RedirectOptions()).Render());
    }

    [Fact]
    public void Defaults_IPv6_DifferOnlyInLoopbackAddresses()
    {
        string ipv4 = Plan(new RedirectOptions()).Render();
        string ipv6 = IptablesPlan.Build(new RedirectOptions(), ipv6: true).Render();
        Assert.Equal(
            ipv4.Replace("127.0.0.6/32", "::6/128", StringComparison.Ordinal)
                .Replace("127.0.0.1/32", "::1/128", StringComparison.Ordinal),
            ipv6);
    }

    [Fact]
    public void InboundPorts_AList_CapturesOnlyThose()
    {
        string[] rules = Rules(new RedirectOptions { InboundPorts = [80, 8080] }, "nat", "ISTIO_INBOUND");
        Assert.Equal(
            [
                "-p tcp --dport 15008 -j RETURN",
                "-p tcp --dport 80 -j ISTIO_IN_REDIRECT",
                "-p tcp --dport 8080 -j ISTIO_IN_REDIRECT",
            ],
            rules);
    }

    [Fact]
    public void InboundPorts_None_LeavesPreroutingAlone()
    {
        Assert.Empty(Rules(new RedirectOptions { InboundPorts = [] }, "nat", "PREROUTING"));
    }

    [Fact]
    public void OutboundRanges_AList_RedirectsOnlyTheFamilyOwnRanges()
    {
        RedirectOptions options = new()
        {
            OutboundRanges = [Range("10.0.0.0/8"), Range("fd00::/8")],
            OutboundRangesExcluded = [Range("10.9.0.0/16")],
            OutboundPorts = [443],
            OutboundPortsExcluded = [25],
        };
        string[] rules = Rules(options, "nat", "ISTIO_OUTPUT");
        Assert.Equal(["-p tcp --dport 25 -j RETURN", "-p udp --dport 25 -j RETURN"], rules[..2]);
        Assert.Equal(
            [
                "-d 127.0.0.1/32 -j RETURN",
                "-d 10.9.0.0/16 -j RETURN",
                "-p tcp --dport 443 -j ISTIO_REDIRECT",
                "-d 10.0.0.0/8 -j ISTIO_REDIRECT",
            ],
            rules[^4..]);
    }

    [Fact]
    public void OutboundRanges_IncludeLoopback_CapturesTheApplicationsCallsToItself()
    {
        string[] rules = Rules(new RedirectOptions { OutboundRanges = [Range("127.0.0.0/8")] }, "nat", "ISTIO_OUTPUT");
        Assert.DoesNotContain("-o lo -m owner ! --uid-owner 1337 -j RETURN", rules);
    }

    [Fact]
    public void Owners_Several_RepeatTheThreeRulesUsersFirst()
    {
        string[] rules = Rules(
            new RedirectOptions { ProxyUids = ["1337", "0"], ProxyGids = ["7"] }, "nat", "ISTIO_OUTPUT");
        Assert.Equal(
            ["--uid-owner 1337", "--uid-owner 0", "--gid-owner 7"],
            rules.Where(rule => rule.StartsWith("-m owner", StringComparison.Ordinal))
                .Select(rule => rule["-m owner ".Length..^" -j RETURN".Length]));
    }

    [Fact]
    public void Tproxy_Inbound_IsMarkedDivertedAndGuardedAgainstLoops()
    {
        RedirectOptions options = new() { Mode = InterceptionMode.Tproxy, InboundPortsExcluded = [] };
        Assert.Equal(
            ["-j MARK --set-mark 1337", "-j ACCEPT"], Rules(options, "mangle", "ISTIO_DIVERT"));
        Assert.Equal(
            ["! -d 127.0.0.1/32 -p tcp -j TPROXY --tproxy-mark 1337/0xffffffff --on-port 15006"],
            Rules(options, "mangle", "ISTIO_TPROXY"));
        Assert.Equal(
            [
                "-p tcp -m mark --mark 1337 -j RETURN",
                "-p tcp -s 127.0.0.6/32 -i lo -j RETURN",
                "-p tcp -i lo -m mark ! --mark 1338 -j RETURN",
                "-p tcp -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT",
                "-p tcp -j ISTIO_TPROXY",
            ],
            InOrderOfMatching(options, "mangle", "ISTIO_INBOUND"));
        Assert.Equal(
            ["rule add fwmark 1337 lookup 133", "route add local default dev lo table 133"],
            Plan(options).PolicyRouting);
        Assert.Empty(Rules(options, "nat", "PREROUTING"));
    }

    [Fact]
    public void RedirectDns_Resolvers_GetRedirectsAndConntrackZones()
    {
        RedirectOptions options = new() { RedirectDns = true, DnsServers = [Range("10.0.0.10")], ProxyGids = [] };
        Assert.Equal(
            [
                "-p tcp --dport 53 -d 10.0.0.10/32 -j REDIRECT --to-ports 15053",
                "-p udp --dport 53 -d 10.0.0.10/32 -j REDIRECT --to-ports 15053",
            ],
            Rules(options, "nat", "ISTIO_OUTPUT_DNS"));
        Assert.Equal(
            [
                "-p udp --dport 53 -m owner --uid-owner 1337 -j CT --zone 1",
                "-p udp --sport 15053 -m owner --uid-owner 1337 -j CT --zone 2",
                "-p udp --dport 53 -d 10.0.0.10/32 -j CT --zone 2",
            ],
            Rules(options, "raw", "ISTIO_OUTPUT_DNS"));
        Assert.Equal(
            ["-p udp --sport 53 -s 10.0.0.10/32 -j CT --zone 1"], Rules(options, "raw", "ISTIO_INBOUND"));
        Assert.Contains(
            "-o lo ! -d 127.0.0.1/32 -p tcp -m multiport ! --dports 53,15008 -m owner --uid-owner 1337"
            + " -j ISTIO_IN_REDIRECT",
            Rules(options, "nat", "ISTIO_OUTPUT"));
    }

    [Fact]
    public void DropInvalid_IsSet_DropsInMangle()
    {
        Assert.StartsWith(
            "*mangle\n:ISTIO_DROP - [0:0]\n-A PREROUTING -m conntrack --ctstate INVALID -j ISTIO_DROP\n"
            + "-A ISTIO_DROP -j DROP\nCOMMIT\n*nat\n",
            Plan(new RedirectOptions { DropInvalid = true }).Render(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void VirtualInterfaces_TheirInboundTraffic_CountsAsOutbound()
    {
        Assert.Equal(
            ["-i kube0 -j ISTIO_REDIRECT", "-i kube0 -j RETURN", "-p tcp -j ISTIO_INBOUND"],
            InOrderOfMatching(new RedirectOptions { VirtualInterfaces = ["kube0"] }, "nat", "PREROUTING"));
    }

    private static IptablesPlan Plan(RedirectOptions options) => IptablesPlan.Build(options, ipv6: false);

    private static string[] Rules(RedirectOptions options, string table, string chain) =>
        [.. Plan(options).Tables.Where(candidate => candidate.Name == table)
            .SelectMany(candidate => candidate.Rules)
            .Where(rule => rule.Chain == chain)
            .Select(rule => rule.Text)];

    private static string[] InOrderOfMatching(RedirectOptions options, string table, string chain)
    {
        System.Collections.Generic.List<string> rules = [];
        foreach (IptablesRule rule in Plan(options).Tables.Single(candidate => candidate.Name == table).Rules)
        {
            if (rule.Chain == chain)
            {
                rules.Insert(rule.AtHead ? 0 : rules.Count, rule.Text);
            }
        }

        return [.. rules];
    }

    private static Cidr Range(string text)
    {
        Assert.True(Cidr.TryParse(text, out Cidr range));
        return range;
    }
}
