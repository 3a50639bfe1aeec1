using System;
using System.Collections.Generic;

namespace FastMesh.Tls;

/// <summary>Protocol versions that are spoken; older ones are not.</summary>
public enum TlsVersion : ushort
{
    /// <summary>TLS 1.2 (RFC 5246).</summary>
    Tls12 = 0x0303,

    /// <summary>TLS 1.3 (RFC 8446).</summary>
    Tls13 = 0x0304,
}

/// <summary>What a server asks of its clients.</summary>
public enum ClientCertificateMode : byte
{
    /// <summary>No certificate is asked for.</summary>
    None,

    /// <summary>Asked for; a client without one is served. One that is sent must be valid.</summary>
    Optional,

    /// <summary>Asked for; the handshake fails without a valid one.</summary>
    Required,
}

/// <summary>
/// Versions and algorithms. An empty list stands for the default, which fits a modern mesh: ephemeral elliptic-curve
/// key exchange and authenticated encryption only.
/// </summary>
public sealed record TlsParameters
{
    /// <summary>TLS 1.2 to 1.3 with the default algorithms.</summary>
    public static TlsParameters Default { get; } = new();

    /// <summary>The lowest version accepted.</summary>
    public TlsVersion MinimumVersion { get; init; } = TlsVersion.Tls12;

    /// <summary>The highest version offered.</summary>
    public TlsVersion MaximumVersion { get; init; } = TlsVersion.Tls13;

    /// <summary>
    /// Cipher suites of TLS 1.2 by OpenSSL's names, best first. Suites without forward secrecy or without
    /// authenticated encryption are known and left out; TLS 1.3 has its own three, all of them good.
    /// </summary>
    public IReadOnlyList<string> CipherSuites { get; init; } = [];

    /// <summary>Key-exchange groups by OpenSSL's or Envoy's names, best first.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Signature algorithms by IANA names (<c>ecdsa_secp256r1_sha256</c>), best first.</summary>
    public IReadOnlyList<string> SignatureAlgorithms { get; init; } = [];
}

/// <summary>One way to serve TLS: what a filter chain says.</summary>
public sealed record TlsServerSettings
{
    /// <summary>
    /// One certificate, or one each for RSA and ECDSA: which is shown depends on what the client can check.
    /// </summary>
    public required IReadOnlyList<TlsCertificate> Certificates { get; init; }

    /// <summary>Versions and algorithms.</summary>
    public TlsParameters Parameters { get; init; } = TlsParameters.Default;

    /// <summary>What is asked of clients.</summary>
    public ClientCertificateMode ClientCertificates { get; init; }

    /// <summary>How client certificates are checked; needed unless none are asked for.</summary>
    public PeerVerification? Verification { get; init; }

    /// <summary>
    /// Application protocols, best first. A client that offers only others is refused (RFC 7301 §3.2).
    /// </summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>
    /// Application protocols that mark a connection and are never chosen (a mesh's <c>istio</c>…): a client that offers
    /// only these is served without one.
    /// </summary>
    public IReadOnlyList<string> MarkerProtocols { get; init; } = [];

    /// <summary>Keys of session tickets; null turns resumption off.</summary>
    public TlsTicketKeys? TicketKeys { get; init; }

    /// <summary>
    /// For how long a session may be resumed. Two hours: a ticket is accepted without checking the chain again, only
    /// the certificate's own dates and names.
    /// </summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Given each line of a key log (SSLKEYLOGFILE); whoever reads it can decrypt the traffic.</summary>
    public Action<string>? KeyLog { get; init; }
}

/// <summary>One way to originate TLS: what a cluster says.</summary>
public sealed record TlsClientSettings
{
    /// <summary>Certificates to show when a server asks: none, or as for a server.</summary>
    public IReadOnlyList<TlsCertificate> Certificates { get; init; } = [];

    /// <summary>Versions and algorithms.</summary>
    public TlsParameters Parameters { get; init; } = TlsParameters.Default;

    /// <summary>
    /// How the server's certificate is checked; null accepts every certificate (<c>insecureSkipVerify</c>).
    /// </summary>
    public PeerVerification? Verification { get; init; }

    /// <summary>Application protocols to offer, best first; a session may offer its own instead.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>Given each line of a key log (SSLKEYLOGFILE); whoever reads it can decrypt the traffic.</summary>
    public Action<string>? KeyLog { get; init; }
}
