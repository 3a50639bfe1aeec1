using System;
using FastMesh.Engine.Downstream;
using FastMesh.Protocols.Tcp;

namespace FastMesh.Engine.Connections;

/// <summary>
/// envoy.filters.listener.proxy_protocol: takes the PROXY header (version 1 or 2) off the stream and restores the
/// addresses it names.
/// </summary>
internal sealed class ProxyProtocolFilter : ListenerFilter
{
    [ThreadStatic]
    private static ProxyHeader? t_header;

    /// <summary>allow_requests_without_proxy_protocol.</summary>
    public bool AllowsAbsent { get; init; }

    /// <summary>Without a header a peer could claim its own address to be the client's.</summary>
    public override bool IsMandatory => !AllowsAbsent;

    public override FilterVerdict Inspect(ref FilterInput input, ref ConnectionFacts facts)
    {
        ProxyHeader header = t_header ??= new ProxyHeader();
        switch (ProxyProtocol.Read(input.Bytes, header, out long consumed, out _))
        {
            case ProxyProtocolStatus.NeedMore:
                return FilterVerdict.NeedMore;
            case ProxyProtocolStatus.Absent:
                return AllowsAbsent ? FilterVerdict.Done : FilterVerdict.Close;
            case ProxyProtocolStatus.Error:
                return FilterVerdict.Close;
            default:
                break;
        }

        input.Consumed = consumed;
        if (!header.IsLocal && header.Source.BitLength > 0)
        {
            facts.Remote = header.Source;
            facts.Local = header.Destination;
            facts.IsLocalRestored = true;
        }

        return FilterVerdict.Done;
    }
}
