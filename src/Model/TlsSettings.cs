using System;

namespace FastMesh.Model;

/// <summary>Versions of TLS that can be asked for; older ones are refused.</summary>
public enum TlsProtocolVersion
{
    /// <summary>TLS 1.2.</summary>
    Tls12,

    /// <summary>TLS 1.3.</summary>
    Tls13,
}

/// <summary>A kind of name in a certificate (envoy SubjectAltNameMatcher.SanType).</summary>
public enum SubjectAltNameType
{
    /// <summary>Every kind.</summary>
    Any,

    /// <summary>An e-mail address.</summary>
    Email,

    /// <summary>A DNS name.</summary>
    Dns,

    /// <summary>A URI, such as a SPIFFE ID.</summary>
    Uri,

    /// <summary>An IP address.</summary>
    IpAddress,
}

/// <summary>A test of a certificate's names.</summary>
/// <param name="Type">The kind of name that counts.</param>
/// <param name="Value">The test.</param>
public sealed record SubjectAltNameMatch(SubjectAltNameType Type, StringMatcher Value);

/// <summary>A certificate with its chain and key (envoy TlsCertificate); bytes as read when the file was.</summary>
/// <param name="Chain">PEM, leaf first.</param>
/// <param name="PrivateKey">PEM.</param>
/// <param name="Password">Of an encrypted key; empty for none.</param>
/// <param name="OcspStaple">DER; empty for none.</param>
public sealed record TlsCertificateData(
    ValueList<byte> Chain, ValueList<byte> PrivateKey, ValueList<byte> Password, ValueList<byte> OcspStaple)
{
    /// <summary>Never shows a key.</summary>
    public override string ToString() => "certificate";
}

/// <summary>Versions and algorithms (envoy TlsParameters); an empty list is the default of a modern mesh.</summary>
public sealed record TlsAlgorithms
{
    /// <summary>Nothing was said.</summary>
    public static TlsAlgorithms Default { get; } = new();

    /// <summary>Default TLS 1.2.</summary>
    public TlsProtocolVersion Minimum { get; init; } = TlsProtocolVersion.Tls12;

    /// <summary>Default TLS 1.3.</summary>
    public TlsProtocolVersion Maximum { get; init; } = TlsProtocolVersion.Tls13;

    /// <summary>Of TLS 1.2, best first.</summary>
    public ValueList<string> CipherSuites { get; init; } = [];

    /// <summary>Key exchange, best first.</summary>
    public ValueList<string> Curves { get; init; } = [];

    /// <summary>Best first.</summary>
    public ValueList<string> SignatureAlgorithms { get; init; } = [];
}

/// <summary>What a peer's certificate must be (envoy CertificateValidationContext).</summary>
public sealed record TlsPeerValidation
{
    /// <summary>PEM; empty where the system's certificates, or none, are trusted.</summary>
    public ValueList<byte> TrustedCa { get; init; } = [];

    /// <summary>The system's certificates are trusted.</summary>
    public bool UsesSystemRoots { get; init; }

    /// <summary>Revocation lists in PEM; empty for none.</summary>
    public ValueList<byte> RevocationLists { get; init; } = [];

    /// <summary>One must match; none for no demand.</summary>
    public ValueList<SubjectAltNameMatch> SubjectAltNames { get; init; } = [];

    /// <summary>SHA-256 of certificates in hexadecimal; one must match; none for no demand.</summary>
    public ValueList<string> CertificateHashes { get; init; } = [];

    /// <summary>SHA-256 of public keys in base64; likewise.</summary>
    public ValueList<string> PublicKeyHashes { get; init; } = [];

    /// <summary>Dates do not count.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>A chain that is not trusted is accepted.</summary>
    public bool AcceptUntrusted { get; init; }

    /// <summary>Longest chain; null for the default.</summary>
    public int? DepthMax { get; init; }
}

/// <summary>How a filter chain speaks TLS (envoy DownstreamTlsContext).</summary>
public sealed record DownstreamTls
{
    /// <summary>One of each kind of key.</summary>
    public ValueList<TlsCertificateData> Certificates { get; init; } = [];

    /// <summary>How client certificates are checked; null asks for none.</summary>
    public TlsPeerValidation? Validation { get; init; }

    /// <summary>A client without a certificate is refused.</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>Application protocols, best first.</summary>
    public ValueList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Versions and algorithms.</summary>
    public TlsAlgorithms Algorithms { get; init; } = TlsAlgorithms.Default;

    /// <summary>No session tickets.</summary>
    public bool DisablesTickets { get; init; }

    /// <summary>How long a session may be resumed.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromHours(2);
}

/// <summary>How TLS is spoken to the endpoints of a cluster (envoy UpstreamTlsContext).</summary>
public sealed record UpstreamTls
{
    /// <summary>The server name to ask for; empty for none.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Shown when a server asks.</summary>
    public ValueList<TlsCertificateData> Certificates { get; init; } = [];

    /// <summary>How servers are checked; null accepts every certificate.</summary>
    public TlsPeerValidation? Validation { get; init; }

    /// <summary>Application protocols to offer.</summary>
    public ValueList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Versions and algorithms.</summary>
    public TlsAlgorithms Algorithms { get; init; } = TlsAlgorithms.Default;

    /// <summary>Sessions are resumed.</summary>
    public bool ResumesSessions { get; init; } = true;
}
