using System;
using System.Collections.Generic;
using System.Text;

namespace FastMesh.Tls;

/// <summary>
/// What a peer's certificate must be. Always checked: the signatures up to a trusted certificate, dates, path length,
/// name constraints, critical extensions, key usage and extended key usage for the peer's role, RSA keys of at least
/// 2048 bits, no SHA-1, revocation where the bundle has lists; and of an X.509-SVID: exactly one URI name, the strict
/// grammar of SPIFFE IDs, and that it is no CA certificate.
/// </summary>
public sealed record PeerVerification
{
    /// <summary>The longest chain below the trusted certificate, unless said otherwise: more costs time.</summary>
    public const int ChainDepthMaxDefault = 10;

    /// <summary>
    /// Who may sign; for peers of all names, or of all trust domains that have no bundle of their own.
    /// </summary>
    public TrustBundle? TrustBundle { get; init; }

    /// <summary>
    /// Who may sign for a trust domain. When this is not empty a SPIFFE ID is verified against its own domain's bundle
    /// and no other; a domain that is not named here is refused unless there is a <see cref="TrustBundle"/>.
    /// </summary>
    public IReadOnlyDictionary<string, TrustBundle> TrustDomains { get; init; } =
        new Dictionary<string, TrustBundle>(StringComparer.Ordinal);

    /// <summary>A certificate without a SPIFFE ID is refused.</summary>
    public bool RequireSpiffeId { get; init; }

    /// <summary>At least one name must pass one of these; none for no demand.</summary>
    public IReadOnlyList<SanMatcher> SubjectAltNames { get; init; } = [];

    /// <summary>SHA-256 of acceptable certificates in hexadecimal; none for no demand.</summary>
    public IReadOnlyList<string> CertificateHashes { get; init; } = [];

    /// <summary>SHA-256 of acceptable public keys (SubjectPublicKeyInfo) in base64; none for no demand.</summary>
    public IReadOnlyList<string> PublicKeyHashes { get; init; } = [];

    /// <summary>Dates do not count.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>The chain is not checked, only names and hashes.</summary>
    public bool AcceptUntrusted { get; init; }

    /// <summary>The longest chain below the trusted certificate.</summary>
    public int ChainDepthMax { get; init; } = ChainDepthMaxDefault;

    /// <summary>Everything that decides, as text: what a resumable session is bound to.</summary>
    internal void Describe(StringBuilder text)
    {
        text.Append(TrustBundle?.Fingerprint).Append(RequireSpiffeId).Append(AllowExpired).Append(AcceptUntrusted)
            .Append(ChainDepthMax).Append('|');
        foreach ((string domain, TrustBundle bundle) in TrustDomains)
        {
            text.Append(domain).Append('=').Append(bundle.Fingerprint).Append('|');
        }

        text.AppendJoin('|', SubjectAltNames).Append('|').AppendJoin('|', CertificateHashes).Append('|')
            .AppendJoin('|', PublicKeyHashes);
    }
}
