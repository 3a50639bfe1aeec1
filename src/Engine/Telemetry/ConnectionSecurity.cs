using System;
using System.Text;
using FastMesh.Model;
using FastMesh.Tls;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// What the TLS handshake of a connection proved and agreed on: for logs, header values and the word about the client
/// that goes upstream. Lives longer than the session, since logs are written behind the end of a connection. Texts are
/// made when somebody asks for them, once.
/// </summary>
internal sealed class ConnectionSecurity
{
    private readonly TlsSession _session;
    private readonly TlsVersion _version;
    private readonly string _cipherSuite;
    private string? _sessionId;
    private ClientCertDetails? _toldDetails;
    private byte[] _told = [];

    /// <param name="session">A session whose handshake is complete.</param>
    public ConnectionSecurity(TlsSession session)
    {
        _session = session;
        _version = session.Version;
        _cipherSuite = session.CipherSuite;
        Local = session.Local;
    }

    /// <summary>Who the peer proved to be; null when it showed no certificate.</summary>
    public PeerIdentity? Peer => _session.Peer;

    /// <summary>Who we said we are; null when we have no certificate.</summary>
    public PeerIdentity? Local { get; }

    /// <summary>One value as text; null when there is none.</summary>
    public string? Text(TlsValue value) => value switch
    {
        TlsValue.Version => _version == TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2",
        TlsValue.Cipher => _cipherSuite,
        TlsValue.SessionId => _sessionId ??= _session.SessionId,
        TlsValue.LocalUriSan => Local?.Names(SanType.Uri),
        TlsValue.LocalDnsSan => Local?.Names(SanType.Dns),
        TlsValue.LocalIpSan => Local?.Names(SanType.IpAddress),
        TlsValue.LocalEmailSan => Local?.Names(SanType.Email),
        TlsValue.LocalSubject => Local?.Subject,
        TlsValue.PeerUriSan => Peer?.Names(SanType.Uri),
        TlsValue.PeerDnsSan => Peer?.Names(SanType.Dns),
        TlsValue.PeerIpSan => Peer?.Names(SanType.IpAddress),
        TlsValue.PeerEmailSan => Peer?.Names(SanType.Email),
        TlsValue.PeerSubject => Peer?.Subject,
        TlsValue.PeerIssuer => Peer?.Issuer,
        TlsValue.PeerSerial => Peer?.SerialNumber,
        TlsValue.PeerFingerprint256 => Peer?.Fingerprint,
        TlsValue.PeerCertificate => Peer is null ? null : EscapedPem(Peer.Certificate.Span),
        _ => null,
    };

    /// <summary>A moment in milliseconds of Unix time; null when there is none.</summary>
    public long? Time(TlsValue value) =>
        (value == TlsValue.PeerNotBefore ? Peer?.NotBefore : Peer?.NotAfter)?.ToUnixTimeMilliseconds();

    /// <summary>
    /// The element of <c>x-forwarded-client-cert</c> that tells of the peer, which has shown a certificate.
    /// </summary>
    public ReadOnlySpan<byte> ClientCertificate(ClientCertDetails details)
    {
        if (!ReferenceEquals(details, _toldDetails))
        {
            _told = Encoding.UTF8.GetBytes(Describe(Peer!, details));
            _toldDetails = details;
        }

        return _told;
    }

    private string Describe(PeerIdentity peer, ClientCertDetails details)
    {
        var text = new StringBuilder();
        AddNames(text, "By", Local, SanType.Uri, onlyFirst: true);
        Add(text, "Hash", peer.Fingerprint);
        if (details.Cert)
        {
            AddQuoted(text, "Cert", EscapedPem(peer.Certificate.Span));
        }

        if (details.Chain)
        {
            AddQuoted(text, "Chain", EscapedChain(peer));
        }

        if (details.Subject)
        {
            // RFC 2253 has put a backslash before quotation marks already.
            AddQuoted(text, "Subject", peer.Subject);
        }

        if (details.Uri && !AddNames(text, "URI", peer, SanType.Uri))
        {
            Add(text, "URI", "");
        }

        if (details.Dns)
        {
            AddNames(text, "DNS", peer, SanType.Dns);
        }

        return text.ToString();
    }

    private static bool AddNames(
        StringBuilder text, string key, PeerIdentity? identity, SanType type, bool onlyFirst = false)
    {
        bool any = false;
        foreach (SubjectAltName name in identity?.SubjectAltNames ?? [])
        {
            if (name.Type == type && !(any && onlyFirst))
            {
                any = true;
                Add(text, key, name.Value);
            }
        }

        return any;
    }

    // A name with a separator in it must not look like one more key.
    private static void Add(StringBuilder text, string key, string value)
    {
        if (value.AsSpan().ContainsAny(",;=\"\\"))
        {
            AddQuoted(text, key, value.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal));
        }
        else
        {
            Key(text, key).Append(value);
        }
    }

    private static void AddQuoted(StringBuilder text, string key, string value) =>
        Key(text, key).Append('"').Append(value).Append('"');

    private static StringBuilder Key(StringBuilder text, string key) =>
        text.Append(text.Length > 0 ? ";" : "").Append(key).Append('=');

    /// <summary>The chain as it was sent; of a resumed session only the peer's own certificate is known.</summary>
    private string EscapedChain(PeerIdentity peer)
    {
        byte[][] chain = _session.GetPeerChain();
        if (chain.Length == 0)
        {
            return EscapedPem(peer.Certificate.Span);
        }

        var text = new StringBuilder();
        foreach (byte[] certificate in chain)
        {
            text.Append(EscapedPem(certificate));
        }

        return text.ToString();
    }

    private static string EscapedPem(ReadOnlySpan<byte> certificate) =>
        Uri.EscapeDataString(PeerIdentity.Pem(certificate));
}
