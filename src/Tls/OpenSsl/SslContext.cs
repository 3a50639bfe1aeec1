using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastMesh.Tls.OpenSsl;

/// <summary>Settings to an SSL_CTX.</summary>
internal static unsafe class SslContext
{
    // 112 bits: RSA from 2048 on, elliptic curves from 224 on, no SHA-1.
    private const int SecurityLevel = 2;

    // One ticket per handshake: a resuming peer gets a new one each time, and two would double the cost.
    private const int TicketsPerHandshake = 1;

    // AES-128 first: 128 bits are enough and cost a third less than 256.
    private const string DefaultSuites12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    private const string Suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

    private const string DefaultSignatures =
        "ECDSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:ed25519:ECDSA+SHA512:RSA-PSS+SHA512:"
        + "RSA+SHA256:RSA+SHA384:RSA+SHA512";

    private const string DefaultGroups = "X25519:P-256:P-384";
    private const string HybridGroup = "X25519MLKEM768";

    private static readonly Dictionary<string, string> s_signatureNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ecdsa_secp256r1_sha256"] = "ECDSA+SHA256",
        ["ecdsa_secp384r1_sha384"] = "ECDSA+SHA384",
        ["ecdsa_secp521r1_sha512"] = "ECDSA+SHA512",
        ["rsa_pss_rsae_sha256"] = "RSA-PSS+SHA256",
        ["rsa_pss_rsae_sha384"] = "RSA-PSS+SHA384",
        ["rsa_pss_rsae_sha512"] = "RSA-PSS+SHA512",
        ["rsa_pkcs1_sha256"] = "RSA+SHA256",
        ["rsa_pkcs1_sha384"] = "RSA+SHA384",
        ["rsa_pkcs1_sha512"] = "RSA+SHA512",
        ["ed25519"] = "ed25519",
    };

    /// <summary>True when the library knows the hybrid post-quantum group (OpenSSL 3.5).</summary>
    public static bool HasHybridGroup { get; } = ProbeHybridGroup();

    public static nint CreateServer(TlsServerSettings settings, ICollection<string> problems)
    {
        int before = problems.Count;
        nint context = New(LibSsl.TLS_server_method(), settings.Parameters, problems);
        Use(context, settings.Certificates, problems);
        ulong options = LibSsl.OptionCipherServerPreference | LibSsl.OptionPrioritizeChaCha;
        bool tickets = settings.TicketKeys is not null;
        LibSsl.SSL_CTX_set_options(context, tickets ? options : options | LibSsl.OptionNoTicket);
        _ = LibSsl.SSL_CTX_set_num_tickets(context, tickets ? (nuint)TicketsPerHandshake : 0);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSessionCacheMode, 0, null);
        LibSsl.SSL_CTX_set_timeout(context, (nint)settings.SessionLifetime.TotalSeconds);
        if (tickets)
        {
            _ = LibSsl.SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &Callbacks.OnTicketKey);
            _ = LibSsl.SSL_CTX_set_session_ticket_cb(context, &Callbacks.OnTicketMade, &Callbacks.OnTicketOpened, null);
        }

        byte[] scope = SessionScope.Of(settings);
        fixed (byte* id = scope)
        {
            _ = LibSsl.SSL_CTX_set_session_id_context(context, id, (uint)scope.Length);
        }

        if (settings.ApplicationProtocols.Count > 0)
        {
            LibSsl.SSL_CTX_set_alpn_select_cb(context, &Callbacks.OnSelectProtocol, null);
        }

        if (settings.Certificates.Any(each => !each.OcspStaple.IsEmpty))
        {
            delegate* unmanaged<nint, void*, int> staple = &Callbacks.OnStatusRequest;
            LibSsl.SSL_CTX_callback_ctrl(context, LibSsl.CtrlStatusCallback, staple);
        }

        int verify = settings.ClientCertificates switch
        {
            ClientCertificateMode.None => LibSsl.VerifyNone,
            ClientCertificateMode.Optional => LibSsl.VerifyPeer,
            _ => LibSsl.VerifyPeer | LibSsl.VerifyFailIfNoPeerCertificate,
        };
        return Finish(context, verify, settings.KeyLog is not null, problems, before);
    }

    public static nint CreateClient(TlsClientSettings settings, ICollection<string> problems)
    {
        int before = problems.Count;
        nint context = New(LibSsl.TLS_client_method(), settings.Parameters, problems);
        Use(context, settings.Certificates, problems);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSessionCacheMode, LibSsl.SessionCacheClient, null);
        LibSsl.SSL_CTX_sess_set_new_cb(context, &Callbacks.OnNewSession);
        int verify = settings.Verification is null ? LibSsl.VerifyNone : LibSsl.VerifyPeer;
        return Finish(context, verify, settings.KeyLog is not null, problems, before);
    }

    private static nint New(nint method, TlsParameters parameters, ICollection<string> problems)
    {
        nint context = OpenSslErrors.Made(LibSsl.SSL_CTX_new(method), "SSL_CTX_new");

        LibSsl.SSL_CTX_set_options(context, LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation);
        LibSsl.SSL_CTX_set_security_level(context, SecurityLevel);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlMode, LibSsl.Modes, null);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlMinVersion, (nint)parameters.MinimumVersion, null);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlMaxVersion, (nint)parameters.MaximumVersion, null);
        LibSsl.SSL_CTX_set_info_callback(context, &Callbacks.OnInfo);
        string suites = Suites(parameters.CipherSuites, problems);
        Require(
            Call(suites, text => LibSsl.SSL_CTX_set_cipher_list(context, (byte*)text)), "cipher suites", suites,
                problems);
        Require(
            Call(Suites13, text => LibSsl.SSL_CTX_set_ciphersuites(context, (byte*)text)), "suites", Suites13,
                problems);
        SetGroups(context, parameters.Groups, problems);
        string signatures = Signatures(parameters.SignatureAlgorithms, problems);
        Require(
            Call(signatures, text => (int)LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSignatureList, 0, (byte*)text)),
            "signature algorithms", signatures, problems);
        return context;
    }

    // The caller's list may hold problems of other contexts: only what was added since counts here.
    private static nint Finish(nint context, int verify, bool logsKeys, ICollection<string> problems, int before)
    {
        LibSsl.SSL_CTX_set_verify(context, verify, null);
        if (verify != LibSsl.VerifyNone)
        {
            LibSsl.SSL_CTX_set_cert_verify_callback(context, &Callbacks.OnVerify, null);
        }

        if (logsKeys)
        {
            LibSsl.SSL_CTX_set_keylog_callback(context, &Callbacks.OnKeyLog);
        }

        if (problems.Count == before)
        {
            return context;
        }

        LibSsl.SSL_CTX_free(context);
        return 0;
    }

    private static void Use(nint context, IReadOnlyList<TlsCertificate> certificates, ICollection<string> problems)
    {
        foreach (TlsCertificate certificate in certificates)
        {
            nint chain = OpenSslErrors.Made(LibCrypto.OPENSSL_sk_new_null(), "OPENSSL_sk_new_null");
            foreach (X509Handle issuer in certificate.Issuers)
            {
                _ = LibCrypto.OPENSSL_sk_push(chain, issuer.Pointer);
            }

            // Takes its own references; one context thus costs no parsing.
            if (LibSsl.SSL_CTX_use_cert_and_key(
                    context, certificate.Leaf.Pointer, certificate.Key.Pointer, chain, 1) != 1)
            {
                problems.Add($"certificate {certificate.Identity.Subject}: {OpenSslErrors.Drain("not usable")}");
            }

            LibCrypto.OPENSSL_sk_free(chain);
        }
    }

    private static string Suites(IReadOnlyList<string> names, ICollection<string> problems)
    {
        if (names.Count == 0)
        {
            return DefaultSuites12;
        }

        int before = problems.Count;
        List<string> kept = [];
        foreach (string name in names)
        {
            if (name.Length == 0 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
            {
                problems.Add($"\"{name}\" is no cipher suite");
            }
            else if (DefaultSuites12.Split(':').Contains(name, StringComparer.Ordinal))
            {
                kept.Add(name);
            }
        }

        if (kept.Count == 0 && problems.Count == before)
        {
            problems.Add($"none of the cipher suites {string.Join(", ", names)} has forward secrecy and "
                + "authenticated encryption; these do: "
                + DefaultSuites12.Replace(":", ", ", StringComparison.Ordinal));
        }

        return kept.Count == 0 ? DefaultSuites12 : string.Join(':', kept);
    }

    private static string Signatures(IReadOnlyList<string> names, ICollection<string> problems)
    {
        if (names.Count == 0)
        {
            return DefaultSignatures;
        }

        List<string> known = [];
        foreach (string name in names)
        {
            if (s_signatureNames.TryGetValue(name, out string? own))
            {
                known.Add(own);
            }
            else
            {
                problems.Add($"signature algorithm \"{name}\" is not supported; "
                    + $"these are: {string.Join(", ", s_signatureNames.Keys)}");
            }
        }

        return known.Count == 0 ? DefaultSignatures : string.Join(':', known);
    }

    private static void SetGroups(nint context, IReadOnlyList<string> names, ICollection<string> problems)
    {
        string groups = names.Count > 0
            ? string.Join(':', names)
            : HasHybridGroup ? $"{HybridGroup}:{DefaultGroups}" : DefaultGroups;
        Require(SetGroups(context, groups), "groups", groups, problems);
    }

    private static int SetGroups(nint context, string groups) =>
        Call(groups, text => (int)LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlGroupsList, 0, (byte*)text));

    private static void Require(int result, string what, string value, ICollection<string> problems)
    {
        if (result != 1)
        {
            problems.Add($"{what} {value}: {OpenSslErrors.Drain("not known to this OpenSSL")}");
        }
    }

    private static int Call(string text, Func<nint, int> call)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text + '\0'))
        {
            return call((nint)bytes);
        }
    }

    private static bool ProbeHybridGroup()
    {
        nint context = LibSsl.SSL_CTX_new(LibSsl.TLS_client_method());
        bool has = context != 0 && SetGroups(context, HybridGroup) == 1;
        LibSsl.SSL_CTX_free(context);
        LibCrypto.ERR_clear_error();
        return has;
    }
}
