using FastMesh.Engine.Downstream;
using FastMesh.Tls;

namespace FastMesh.Engine.Connections;

/// <summary>A filter chain of a listener, ready to serve.</summary>
/// <param name="name">The name of the configuration; for logs.</param>
/// <param name="handler">Serves the connections that the chain takes.</param>
/// <param name="isOpaque">
/// True when the upstream may speak first (tcp_proxy): waiting for the client's first bytes must then be bounded.
/// </param>
internal sealed class CompiledFilterChain(string name, NetworkFilterDelegate handler, bool isOpaque)
{
    public string Name => name;

    public NetworkFilterDelegate Handler => handler;

    public bool IsOpaque => isOpaque;

    /// <summary>How it speaks TLS; null for plaintext.</summary>
    public TlsContext? Tls { get; init; }

    /// <summary>Longest handshake in ms.</summary>
    public int HandshakeTimeoutMs { get; init; }
}
