using FastMesh.Engine.Downstream;
using FastMesh.Protocols.Tcp;

namespace FastMesh.Engine.Connections;

/// <summary>
/// envoy.filters.listener.http_inspector: tells plain HTTP from other bytes and reports it as the application protocol
/// "http/1.0", "http/1.1" or "h2c". A TLS connection is left alone: its protocol is inside.
/// </summary>
internal sealed class HttpInspectorFilter : ListenerFilter
{
    private static readonly string[] s_http10 = ["http/1.0"];
    private static readonly string[] s_http11 = ["http/1.1"];
    private static readonly string[] s_http2 = ["h2c"];

    public override FilterVerdict Inspect(ref FilterInput input, ref ConnectionFacts facts)
    {
        if (facts.TransportProtocol == ConnectionFacts.Tls)
        {
            return FilterVerdict.Done;
        }

        SniffVerdict verdict = ProtocolSniffer.Sniff(input.Bytes);
        if (verdict == SniffVerdict.NeedMore && !input.IsEnd)
        {
            return FilterVerdict.NeedMore;
        }

        facts.ApplicationProtocols = verdict switch
        {
            SniffVerdict.Http10 => s_http10,
            SniffVerdict.Http11 => s_http11,
            SniffVerdict.Http2 => s_http2,
            _ => facts.ApplicationProtocols,
        };
        return FilterVerdict.Done;
    }
}
