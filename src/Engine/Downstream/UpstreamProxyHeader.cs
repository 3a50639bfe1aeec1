using System;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Tcp;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// The PROXY header that envoy.transport_sockets.upstream_proxy_protocol sends as the first bytes of an upstream
/// connection: who the client is and what it asked for.
/// </summary>
internal static class UpstreamProxyHeader
{
    /// <summary>Writes the header; the caller flushes.</summary>
    /// <param name="writer">The new connection's writer, nothing written yet.</param>
    /// <param name="version">1 or 2.</param>
    /// <param name="facts">The downstream connection.</param>
    public static void Write(TransportWriter writer, int version, in ConnectionFacts facts)
    {
        if (version == 1)
        {
            Span<byte> line = writer.GetSpan(ProxyProtocol.Version1BytesMax);
            writer.Advance(ProxyProtocol.WriteVersion1(line, facts.Remote, facts.Local));
            return;
        }

        Span<byte> block = writer.GetSpan(ProxyProtocol.MeasureVersion2(0));
        writer.Advance(ProxyProtocol.WriteVersion2(block, facts.Remote, facts.Local, [], checksum: false));
    }
}
