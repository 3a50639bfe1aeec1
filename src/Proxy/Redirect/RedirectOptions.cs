using System.Collections.Generic;

namespace FastMesh.Proxy.Redirect;

/// <summary>How captured inbound connections reach the proxy.</summary>
internal enum InterceptionMode
{
    /// <summary>nat REDIRECT; the application sees the proxy's address.</summary>
    Redirect,

    /// <summary>mangle TPROXY; the client's address stays, the proxy needs CAP_NET_ADMIN.</summary>
    Tproxy,
}

/// <summary>
/// What to capture, in istio-iptables' terms. Every text in here has been checked: it goes into rules.
/// </summary>
internal sealed record RedirectOptions
{
    public int OutboundPort { get; init; } = 15001;

    public int InboundPort { get; init; } = 15006;

    public int TunnelPort { get; init; } = 15008;

    public IReadOnlyList<string> ProxyUids { get; init; } = ["1337"];

    public IReadOnlyList<string> ProxyGids { get; init; } = ["1337"];

    public InterceptionMode Mode { get; init; } = InterceptionMode.Redirect;

    /// <summary>Inbound ports to capture; null is all, empty is none.</summary>
    public IReadOnlyList<int>? InboundPorts { get; init; }

    public IReadOnlyList<int> InboundPortsExcluded { get; init; } = [15090, 15021, 15020];

    /// <summary>Outbound ranges to capture; null is all, empty is none.</summary>
    public IReadOnlyList<Cidr>? OutboundRanges { get; init; }

    public IReadOnlyList<Cidr> OutboundRangesExcluded { get; init; } = [];

    public IReadOnlyList<int> OutboundPorts { get; init; } = [];

    public IReadOnlyList<int> OutboundPortsExcluded { get; init; } = [];

    /// <summary>Interfaces of virtual machines or containers whose inbound traffic counts as outbound.</summary>
    public IReadOnlyList<string> VirtualInterfaces { get; init; } = [];

    public IReadOnlyList<string> InterfacesExcluded { get; init; } = [];

    /// <summary>Groups whose outbound traffic is captured; null is every group.</summary>
    public IReadOnlyList<string>? OwnerGroups { get; init; }

    public IReadOnlyList<string> OwnerGroupsExcluded { get; init; } = [];

    public int TproxyMark { get; init; } = 1337;

    public int TproxyRouteTable { get; init; } = 133;

    public bool RedirectDns { get; init; }

    public bool CaptureAllDns { get; init; }

    public int DnsPort { get; init; } = 15053;

    /// <summary>Resolvers whose traffic is captured with <see cref="RedirectDns"/>, unless all DNS is.</summary>
    public IReadOnlyList<Cidr> DnsServers { get; init; } = [];

    public bool DropInvalid { get; init; }

    /// <summary>Write the IPv6 rules even where the host has no IPv6 address of its own now.</summary>
    public bool DualStack { get; init; }

    /// <summary>The namespace the rules are for.</summary>
    public NetworkNamespace Namespace { get; init; } = NetworkNamespace.Own;

    /// <summary>Try the rules once they stand.</summary>
    public bool RunValidation { get; init; }

    /// <summary>Leave the rules alone; only try what stands.</summary>
    public bool SkipRuleApply { get; init; }

    /// <summary>Only take rules away, as remove does.</summary>
    public bool CleanupOnly { get; init; }
}
