using FastMesh.Protocols;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// What is known about a downstream connection before its protocol is spoken: the socket's own addresses, changed by
/// what a PROXY header or the kernel's redirect table restored, and what a look at the first bytes found.
/// </summary>
internal struct ConnectionFacts
{
    /// <summary>The transport protocol of a connection whose first bytes are no TLS ClientHello.</summary>
    public const string RawBuffer = "raw_buffer";

    /// <summary>The transport protocol of a connection that starts with a TLS ClientHello.</summary>
    public const string Tls = "tls";

    /// <summary>The client: the socket's peer, or the source that a PROXY header names.</summary>
    public NetAddress Remote;

    /// <summary>The socket's peer, whatever a PROXY header says.</summary>
    public NetAddress DirectRemote;

    /// <summary>The address the client meant: the socket's own, or the original destination once restored.</summary>
    public NetAddress Local;

    /// <summary>True when <see cref="Local"/> came from the redirect table or a PROXY header.</summary>
    public bool IsLocalRestored;

    /// <summary>The SNI name in lower case; null when there was none.</summary>
    public string? ServerName;

    /// <summary>"tls" or "raw_buffer"; null as long as nobody looked, which matches as "raw_buffer".</summary>
    public string? TransportProtocol;

    /// <summary>ALPN names in the client's order, or the one name http_inspector found; null when none.</summary>
    public string[]? ApplicationProtocols;
}
