using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// Decides whether a peer's certificate is good (RFC 5280 §6, X509-SVID §5): its own form, the chain to a trusted
/// certificate of the right bundle, then its names. Used by all threads; holds no lock.
/// </summary>
internal sealed unsafe class PeerVerifier
{
    // 112 bits, as for sessions: RSA from 2048 on, no SHA-1, anywhere in the chain.
    private const int SecurityLevel = 2;

    private readonly PeerVerification _how;
    private readonly bool _peerIsServer;
    private readonly VerifiedPeers _verified = new();

    public PeerVerifier(PeerVerification how, bool peerIsServer)
    {
        _how = how;
        _peerIsServer = peerIsServer;
    }

    /// <summary>Checks a certificate with the others that the peer sent.</summary>
    /// <returns>0, or an X509_V_ERR number, from which OpenSSL chooses the alert.</returns>
    public int Verify(nint leaf, nint untrusted, out PeerIdentity? identity, out string? problem)
    {
        problem = null;
        if (_verified.TryFind(leaf, out identity))
        {
            return LibCrypto.Ok;
        }

        if (!CertificateReader.TryRead(Der.Of(leaf), out identity, out problem))
        {
            problem = $"peer certificate refused: {problem}";
            return LibCrypto.ErrorHostNameMismatch;
        }

        int code = CheckForm(identity!, out problem);
        code = code == LibCrypto.Ok ? CheckChain(leaf, untrusted, identity!, out problem) : code;
        code = code == LibCrypto.Ok ? CheckNames(identity!, out problem) : code;
        if (code == LibCrypto.Ok && !_how.AllowExpired && !_how.AcceptUntrusted)
        {
            _verified.Add(identity!);
        }

        return code;
    }

    /// <summary>Whether a certificate that was accepted when its session began would still be.</summary>
    public bool StillGood(nint leaf)
    {
        if (_verified.TryFind(leaf, out _))
        {
            return true;
        }

        if (!CertificateReader.TryRead(Der.Of(leaf), out PeerIdentity? identity, out _))
        {
            return false;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        bool inTime = _how.AllowExpired || (now >= identity!.NotBefore && now < identity.NotAfter);
        return inTime && CheckForm(identity!, out _) == LibCrypto.Ok && CheckNames(identity!, out _) == LibCrypto.Ok;
    }

    private int CheckForm(PeerIdentity identity, out string? problem)
    {
        problem = null;
        if (identity.SpiffeId is null)
        {
            if (_how.RequireSpiffeId)
            {
                problem = $"peer certificate of {identity} has no SPIFFE ID";
                return LibCrypto.ErrorApplicationNames;
            }

            return LibCrypto.Ok;
        }

        // X509-SVID §5.2: an SVID is a leaf, and names a workload, not a trust domain.
        if (identity.IsAuthority)
        {
            problem = $"peer certificate of {identity} is a CA certificate";
            return LibCrypto.ErrorInvalidPurpose;
        }

        if (identity.SpiffeId.Path.Length == 0)
        {
            problem = $"peer certificate of {identity} names a trust domain, not a workload";
            return LibCrypto.ErrorApplicationNames;
        }

        return LibCrypto.Ok;
    }

    private int CheckChain(nint leaf, nint untrusted, PeerIdentity identity, out string? problem)
    {
        problem = null;
        if (_how.AcceptUntrusted)
        {
            return LibCrypto.Ok;
        }

        if (Bundle(identity) is not { } bundle)
        {
            problem = $"peer {identity} is of a trust domain that is not trusted here";
            return LibCrypto.ErrorApplicationNames;
        }

        nint context = LibCrypto.X509_STORE_CTX_new();
        if (context == 0 || LibCrypto.X509_STORE_CTX_init(context, bundle.Store.Pointer, leaf, untrusted) != 1)
        {
            LibCrypto.X509_STORE_CTX_free(context);
            problem = "verification could not begin: " + OpenSslErrors.Drain("out of memory");
            return LibCrypto.ErrorUnspecified;
        }

        int purpose = _peerIsServer ? LibCrypto.PurposeSslServer : LibCrypto.PurposeSslClient;
        _ = LibCrypto.X509_STORE_CTX_set_purpose(context, purpose);
        nint parameters = LibCrypto.X509_STORE_CTX_get0_param(context);
        _ = LibCrypto.X509_VERIFY_PARAM_set_flags(parameters, Flags(bundle));
        LibCrypto.X509_VERIFY_PARAM_set_auth_level(parameters, SecurityLevel);
        LibCrypto.X509_VERIFY_PARAM_set_depth(parameters, _how.ChainDepthMax);
        int code = LibCrypto.Ok;
        if (LibCrypto.X509_verify_cert(context) != 1)
        {
            code = LibCrypto.X509_STORE_CTX_get_error(context);
            code = code == LibCrypto.Ok ? LibCrypto.ErrorUnspecified : code;
            problem = Describe(code, LibCrypto.X509_STORE_CTX_get_error_depth(context), identity);
        }

        LibCrypto.X509_STORE_CTX_free(context);
        LibCrypto.ERR_clear_error();
        return code;
    }

    private ulong Flags(TrustBundle bundle)
    {
        ulong flags = LibCrypto.FlagPartialChain | LibCrypto.FlagTrustedFirst;
        flags |= bundle.HasRevocationLists ? LibCrypto.FlagCrlCheck | LibCrypto.FlagCrlCheckAll : 0;
        return _how.AllowExpired ? flags | LibCrypto.FlagNoCheckTime : flags;
    }

    // The trust domain selects the bundle: another domain's root can never speak for it.
    private TrustBundle? Bundle(PeerIdentity identity) =>
        identity.SpiffeId is { } id && _how.TrustDomains.TryGetValue(id.TrustDomain, out TrustBundle? own)
            ? own
            : _how.TrustBundle;

    private static string Describe(int code, int depth, PeerIdentity identity)
    {
        string text = Marshal.PtrToStringUTF8((nint)LibCrypto.X509_verify_cert_error_string(code))!;
        string where = depth > 0 ? $", {depth} above it" : string.Empty;
        string more = code switch
        {
            LibCrypto.ErrorExpired when depth == 0 => $" at {identity.NotAfter:yyyy-MM-dd'T'HH:mm:ss'Z'}",
            LibCrypto.ErrorNotYetValid when depth == 0 => $" before {identity.NotBefore:yyyy-MM-dd'T'HH:mm:ss'Z'}",
            _ => string.Empty,
        };
        return $"peer certificate of {identity} refused{where}: {text}{more}";
    }

    private int CheckNames(PeerIdentity identity, out string? problem)
    {
        problem = null;
        if (_how.CertificateHashes.Count > 0 && !Holds(_how.CertificateHashes, identity.Fingerprint))
        {
            problem = $"peer certificate of {identity} is not one of the pinned ones: {identity.Fingerprint}";
            return LibCrypto.ErrorApplicationNames;
        }

        if (_how.PublicKeyHashes.Count > 0)
        {
            string hash = Convert.ToBase64String(SHA256.HashData(identity.PublicKey.Span));
            if (!Holds(_how.PublicKeyHashes, hash))
            {
                problem = $"public key of {identity} is not one of the pinned ones: {hash}";
                return LibCrypto.ErrorApplicationNames;
            }
        }

        if (_how.SubjectAltNames.Count == 0 || AnyMatches(identity))
        {
            return LibCrypto.Ok;
        }

        problem = $"peer certificate of {identity} has none of the names wanted: "
            + string.Join(", ", _how.SubjectAltNames);
        return LibCrypto.ErrorApplicationNames;
    }

    private bool AnyMatches(PeerIdentity identity)
    {
        foreach (SanMatcher matcher in _how.SubjectAltNames)
        {
            foreach (SubjectAltName name in identity.SubjectAltNames)
            {
                if (matcher.Matches(name))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Hashes are written with or without colons and in either case; base64 is compared as it is.
    private static bool Holds(IReadOnlyList<string> hashes, string hash)
    {
        foreach (string wanted in hashes)
        {
            if (wanted == hash
                || wanted.Replace(":", string.Empty, StringComparison.Ordinal)
                    .Equals(hash, StringComparison.OrdinalIgnoreCase) && hash.Length == 64)
            {
                return true;
            }
        }

        return false;
    }
}
