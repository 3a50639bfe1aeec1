using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>Who may be the source of a connection (FilterChainMatch.ConnectionSourceType).</summary>
internal enum ChainSourceType
{
    /// <summary>Not stated.</summary>
    Any,

    /// <summary>Source and destination have one IP address, or the source is a loopback address.</summary>
    SameIpOrLoopback,

    /// <summary>Everything else.</summary>
    External,
}

/// <summary>A network: the first <paramref name="PrefixLength"/> bits of <paramref name="Address"/>.</summary>
internal readonly record struct AddressRange(NetAddress Address, int PrefixLength);

/// <summary>
/// What a filter chain asks of a connection: envoy.config.listener.v3.FilterChainMatch with its texts read. An empty
/// list or null is a criterion that the chain does not state.
/// </summary>
internal sealed record ChainCriteria
{
    /// <summary>The criteria of a chain that takes everything.</summary>
    public static readonly ChainCriteria None = new();

    public ushort? DestinationPort { get; init; }

    public AddressRange[] DestinationRanges { get; init; } = [];

    /// <summary>Names in lower case; a wildcard is written "*.b.com".</summary>
    public string[] ServerNames { get; init; } = [];

    /// <summary>"tls" or "raw_buffer"; null when not stated.</summary>
    public string? TransportProtocol { get; init; }

    public string[] ApplicationProtocols { get; init; } = [];

    public AddressRange[] DirectSourceRanges { get; init; } = [];

    public ChainSourceType SourceType { get; init; }

    public AddressRange[] SourceRanges { get; init; } = [];

    public ushort[] SourcePorts { get; init; } = [];
}
