namespace FastMesh.Protocols;

/// <summary>The protocol version a head was received with or is written for.</summary>
public enum HttpVersion : byte
{
    /// <summary>Not known yet.</summary>
    Unknown,

    /// <summary>HTTP/1.0.</summary>
    Http10,

    /// <summary>HTTP/1.1.</summary>
    Http11,

    /// <summary>HTTP/2.</summary>
    Http2,
}
