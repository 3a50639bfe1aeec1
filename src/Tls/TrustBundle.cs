using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using FastMesh.Tls.OpenSsl;

namespace FastMesh.Tls;

/// <summary>
/// Certificates that may sign others, and revocation lists, read once and used by every handshake. Any of them ends a
/// chain, intermediates included.
/// </summary>
public sealed class TrustBundle
{
    /// <summary>The most certificates of a bundle: public root programmes have about 150.</summary>
    public const int CertificatesMax = 4096;

    // Debian and Alpine, Red Hat, others; SSL_CERT_FILE stands before them, as in OpenSSL.
    private static readonly string[] s_systemFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ];

    private TrustBundle(X509StoreHandle store, string fingerprint, int count, bool hasRevocationLists)
    {
        Store = store;
        Fingerprint = fingerprint;
        Count = count;
        HasRevocationLists = hasRevocationLists;
    }

    /// <summary>How many certificates it has.</summary>
    public int Count { get; }

    /// <summary>True when every certificate of a chain must be covered by a list and not stand on it.</summary>
    public bool HasRevocationLists { get; }

    internal X509StoreHandle Store { get; }

    internal string Fingerprint { get; }

    /// <summary>Reads certificates and, where given, revocation lists in PEM.</summary>
    /// <returns>Null when something is wrong; <paramref name="problems"/> then says what.</returns>
    public static TrustBundle? Read(
        ReadOnlySpan<byte> certificates, ReadOnlySpan<byte> revocationLists, ICollection<string> problems)
    {
        int before = problems.Count;
        List<X509Handle> all = Pem.ReadCertificates(certificates, "trusted certificates", problems);
        X509StoreHandle store = new(OpenSslErrors.Made(LibCrypto.X509_STORE_new(), "X509_STORE_new"));
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (X509Handle certificate in all)
        {
            // The store takes its own reference.
            _ = LibCrypto.X509_STORE_add_cert(store.Pointer, certificate.Pointer);
            hash.AppendData(Der.Of(certificate.Pointer));
            certificate.Dispose();
        }

        if (all.Count is 0 or > CertificatesMax && problems.Count == before)
        {
            problems.Add($"trusted certificates: {all.Count} found; 1 to {CertificatesMax} are taken");
        }

        if (!revocationLists.IsEmpty)
        {
            Pem.ReadRevocationLists(revocationLists, store, problems);
            hash.AppendData(revocationLists);
        }

        LibCrypto.ERR_clear_error();
        if (problems.Count > before)
        {
            store.Dispose();
            return null;
        }

        string fingerprint = Convert.ToHexString(hash.GetHashAndReset());
        return new TrustBundle(store, fingerprint, all.Count, !revocationLists.IsEmpty);
    }

    /// <summary>The certificates that the operating system trusts.</summary>
    /// <returns>Null when there are none; <paramref name="problems"/> then says where they were looked for.</returns>
    public static TrustBundle? ReadSystem(ICollection<string> problems)
    {
        string? named = Environment.GetEnvironmentVariable("SSL_CERT_FILE");
        string[] files = string.IsNullOrEmpty(named) ? s_systemFiles : [named];
        foreach (string file in files)
        {
            if (File.Exists(file))
            {
                return Read(File.ReadAllBytes(file), default, problems);
            }
        }

        problems.Add($"no certificates of the system found in {string.Join(", ", files)}; install ca-certificates");
        return null;
    }
}
