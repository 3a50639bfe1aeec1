using System;
using System.Collections.Generic;
using System.Threading;

namespace FastMesh.Tls;

/// <summary>What a workload proves itself with and whom it trusts, at one moment.</summary>
/// <param name="Certificates">Certificates to show, none or one of each kind of key.</param>
/// <param name="TrustBundle">Who may sign for peers; null for nobody.</param>
/// <param name="TrustDomains">Who may sign for a trust domain.</param>
public sealed record CertificateSet(
    IReadOnlyList<TlsCertificate> Certificates,
    TrustBundle? TrustBundle,
    IReadOnlyDictionary<string, TrustBundle> TrustDomains)
{
    /// <summary>Nothing yet.</summary>
    public static CertificateSet Empty { get; } =
        new([], null, new Dictionary<string, TrustBundle>(StringComparer.Ordinal));
}

/// <summary>
/// Where a workload's certificates come from, whoever feeds it: files, SDS or a CA. The set is swapped whole, so that
/// no handshake ever sees a key with another's chain. Any thread may read and replace.
/// </summary>
public sealed class CertificateStore
{
    private CertificateSet _current = CertificateSet.Empty;

    /// <summary>Called on the replacing thread after each <see cref="Replace"/>.</summary>
    public event Action<CertificateSet>? Replaced;

    /// <summary>The newest set.</summary>
    public CertificateSet Current => Volatile.Read(ref _current);

    /// <summary>Puts a new set in place; sessions that run keep what they began with.</summary>
    public void Replace(CertificateSet next)
    {
        Volatile.Write(ref _current, next);
        Replaced?.Invoke(next);
    }
}
