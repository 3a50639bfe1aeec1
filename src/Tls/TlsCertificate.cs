using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Tls.OpenSsl;

namespace FastMesh.Tls;

/// <summary>Kinds of keys that a certificate may have.</summary>
public enum KeyAlgorithm : byte
{
    /// <summary>ECDSA on P-256, P-384 or P-521.</summary>
    Ecdsa,

    /// <summary>RSA from 2048 bits on.</summary>
    Rsa,

    /// <summary>Ed25519.</summary>
    Ed25519,
}

/// <summary>
/// A certificate to show, with its chain and private key: read once, used by every context. The key stays inside
/// OpenSSL; nothing gives it out.
/// </summary>
public sealed class TlsCertificate
{
    // EVP_PKEY_RSA, _RSA_PSS, _EC, _ED25519.
    private const int IdRsa = 6;
    private const int IdRsaPss = 912;
    private const int IdEc = 408;
    private const int IdEd25519 = 1087;
    private const int RsaBitsMin = 2048;

    private TlsCertificate(X509Handle leaf, X509Handle[] issuers, KeyHandle key, PeerIdentity identity)
    {
        Leaf = leaf;
        Issuers = issuers;
        Key = key;
        Identity = identity;
    }

    /// <summary>Who it says we are, and until when.</summary>
    public PeerIdentity Identity { get; }

    /// <summary>The kind of its key.</summary>
    public KeyAlgorithm KeyAlgorithm { get; private init; }

    /// <summary>An OCSP response in DER that is shown with it; empty for none.</summary>
    public ReadOnlyMemory<byte> OcspStaple { get; private init; }

    internal X509Handle Leaf { get; }

    internal IReadOnlyList<X509Handle> Issuers { get; }

    internal KeyHandle Key { get; }

    /// <summary>Reads a chain (leaf first) and its key, both in PEM.</summary>
    /// <param name="chain">One certificate or more.</param>
    /// <param name="privateKey">The leaf's key.</param>
    /// <param name="password">Of an encrypted key; empty for none.</param>
    /// <param name="ocspStaple">An OCSP response in DER; empty for none.</param>
    /// <param name="problems">Everything that is wrong is appended here; never anything of the key.</param>
    /// <returns>Null when something is wrong.</returns>
    public static TlsCertificate? Read(
        ReadOnlySpan<byte> chain, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> password,
        ReadOnlyMemory<byte> ocspStaple, ICollection<string> problems)
    {
        int before = problems.Count;
        List<X509Handle> certificates = Pem.ReadCertificates(chain, "certificate chain", problems);
        if (certificates.Count == 0 && problems.Count == before)
        {
            problems.Add("certificate chain: no certificate found in PEM");
        }

        KeyHandle? key = Pem.ReadKey(privateKey, password, problems);
        PeerIdentity? identity = null;
        KeyAlgorithm algorithm = default;
        if (certificates.Count > 0 && key is not null)
        {
            if (!CertificateReader.TryRead(Der.Of(certificates[0].Pointer), out identity, out string? problem))
            {
                problems.Add("certificate: " + problem);
            }

            CheckKey(certificates[0], key, out algorithm, problems);
        }

        if (problems.Count == before)
        {
            return new TlsCertificate(certificates[0], [.. certificates.Skip(1)], key!, identity!)
            {
                KeyAlgorithm = algorithm,
                OcspStaple = ocspStaple,
            };
        }

        certificates.ForEach(each => each.Dispose());
        key?.Dispose();
        return null;
    }

    /// <summary>Reads a chain and its key, neither encrypted nor stapled.</summary>
    public static TlsCertificate? Read(
        ReadOnlySpan<byte> chain, ReadOnlySpan<byte> privateKey, ICollection<string> problems) =>
        Read(chain, privateKey, default, default, problems);

    private static void CheckKey(
        X509Handle leaf, KeyHandle key, out KeyAlgorithm algorithm, ICollection<string> problems)
    {
        if (LibCrypto.X509_check_private_key(leaf.Pointer, key.Pointer) != 1)
        {
            LibCrypto.ERR_clear_error();
            problems.Add("the private key does not belong to the certificate");
        }

        int id = LibCrypto.EVP_PKEY_get_base_id(key.Pointer);
        algorithm = id switch
        {
            IdEc => KeyAlgorithm.Ecdsa,
            IdEd25519 => KeyAlgorithm.Ed25519,
            _ => KeyAlgorithm.Rsa,
        };
        int bits = LibCrypto.EVP_PKEY_get_bits(key.Pointer);
        if (id is not (IdEc or IdEd25519 or IdRsa or IdRsaPss))
        {
            problems.Add($"keys of kind {id} are not supported; use ECDSA, RSA or Ed25519");
        }
        else if (algorithm == KeyAlgorithm.Rsa && bits < RsaBitsMin)
        {
            problems.Add($"an RSA key of {bits} bits is too weak; at least {RsaBitsMin} are needed");
        }
    }
}
