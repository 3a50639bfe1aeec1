using System;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads the TLS contexts of envoy.extensions.transport_sockets.tls.v3, files included.</summary>
internal static class TlsContextReader
{
    /// <summary>The type of a filter chain's context.</summary>
    public const string Downstream = Package + "DownstreamTlsContext";

    /// <summary>The type of a cluster's context.</summary>
    public const string Upstream = Package + "UpstreamTlsContext";

    private const string Package = "envoy.extensions.transport_sockets.tls.v3.";
    private const int ServerNameBytesMax = 255;
    private const string Sds = "secrets over SDS are not supported yet; name the files or write the certificate here";

    /// <summary>Reads a DownstreamTlsContext.</summary>
    public static DownstreamTls ReadDownstream(Message message)
    {
        Common common = ReadCommon(message);
        var tls = new DownstreamTls
        {
            Certificates = common.Certificates,
            Validation = common.Validation,
            RequireClientCertificate = message.Flag("require_client_certificate"),
            ApplicationProtocols = common.ApplicationProtocols,
            Algorithms = common.Algorithms,
            SessionTimeout = message.Duration("session_timeout", TimeSpan.FromHours(2)),
            DisablesTickets = message.Flag("disable_stateless_session_resumption"),
        };
        message.Only("require_sni", false, "choose the filter chain by server_names instead");
        message.Ignore("disable_stateful_session_resumption", "sessions are resumed by tickets only");
        message.Ignore("full_scan_certs_on_sni_mismatch", "a chain has one certificate of each kind of key");
        message.Ignore("prefer_client_ciphers", "TLS 1.3 leaves little to prefer; the server's order holds");
        message.Enum("ocsp_staple_policy", 0,
            [new("LENIENT_STAPLING", 0, 0), new("STRICT_STAPLING", 1, 1), new("MUST_STAPLE", 2, 2)]);
        if (common.Certificates.Count == 0)
        {
            message.Element.Error("\"common_tls_context.tls_certificates\" is missing; a server needs at least one");
        }

        if (tls.RequireClientCertificate && tls.Validation is null)
        {
            message.Element.Error(
                "\"require_client_certificate\" needs a validation_context that says whom to trust");
        }

        message.End();
        return tls;
    }

    /// <summary>Reads an UpstreamTlsContext.</summary>
    public static UpstreamTls ReadUpstream(Message message)
    {
        Common common = ReadCommon(message);
        Element? sni = message.Take("sni");
        string name = sni?.AsText() ?? "";
        if (name.Length > ServerNameBytesMax)
        {
            sni!.Error($"is longer than {ServerNameBytesMax} bytes");
        }

        var tls = new UpstreamTls
        {
            ServerName = name,
            Certificates = common.Certificates,
            Validation = common.Validation,
            ApplicationProtocols = common.ApplicationProtocols,
            Algorithms = common.Algorithms,
            ResumesSessions = message.Number("max_session_keys", 1) > 0,
        };
        message.Only("allow_renegotiation", false, "renegotiation is not done");
        message.Only("auto_host_sni", false, "the server name is that of \"sni\"");
        message.Only("auto_sni_san_validation", false, "say match_typed_subject_alt_names instead");
        message.Ignore("enforce_rsa_key_usage", "key usage is always enforced");
        message.End();
        return tls;
    }

    private static Common ReadCommon(Message holder)
    {
        if (holder.Sub("common_tls_context", Package + "CommonTlsContext") is not { } message)
        {
            return new Common([], null, [], TlsAlgorithms.Default);
        }

        ValueList<TlsCertificateData> certificates = message.Each("tls_certificates", ReadCertificate);
        foreach (Element secret in message.Repeated("tls_certificate_sds_secret_configs"))
        {
            secret.Error(Sds);
        }

        TlsPeerValidation? validation = null;
        switch (message.OneOf(
            required: false, "validation_context", "validation_context_sds_secret_config",
            "combined_validation_context"))
        {
            case ("validation_context", var element):
                validation = ReadValidation(element);
                break;
            case (_, var element):
                element.Error(Sds);
                break;
            default:
                break;
        }

        var common = new Common(
            certificates, validation, message.Texts("alpn_protocols"),
            message.Sub("tls_params", Package + "TlsParameters") is { } parameters
                ? ReadParameters(parameters)
                : TlsAlgorithms.Default);
        message.End();
        return common;
    }

    private static TlsCertificateData ReadCertificate(Element element)
    {
        Message message = element.AsMessage(Package + "TlsCertificate");
        var certificate = new TlsCertificateData(
            Data(message, "certificate_chain", required: true), Data(message, "private_key", required: true),
            Data(message, "password", required: false), Data(message, "ocsp_staple", required: false));
        message.Ignore("watched_directory", "files are read with the configuration; send SIGHUP after a change");
        message.End();
        return certificate;
    }

    private static TlsPeerValidation ReadValidation(Element element)
    {
        Message message = element.AsMessage(Package + "CertificateValidationContext");
        List<SubjectAltNameMatch> names = [];
        foreach (Element matcher in message.Repeated("match_subject_alt_names"))
        {
            if (FieldReader.ReadString(matcher) is { } test)
            {
                names.Add(new SubjectAltNameMatch(SubjectAltNameType.Any, test));
            }
        }

        foreach (Element matcher in message.Repeated("match_typed_subject_alt_names"))
        {
            if (ReadTypedName(matcher) is { } match)
            {
                names.Add(match);
            }
        }

        int depth = message.Count("max_verify_depth", 0);
        var validation = new TlsPeerValidation
        {
            TrustedCa = Data(message, "trusted_ca", required: false),
            UsesSystemRoots = message.Take("system_root_certs") is not null,
            RevocationLists = Data(message, "crl", required: false),
            SubjectAltNames = ValueList.From(names),
            CertificateHashes = message.Texts("verify_certificate_hash"),
            PublicKeyHashes = message.Texts("verify_certificate_spki"),
            AllowExpired = message.Flag("allow_expired_certificate"),
            AcceptUntrusted = message.Enum(
                "trust_chain_verification", false,
                [new("VERIFY_TRUST_CHAIN", 0, false), new("ACCEPT_UNTRUSTED", 1, true)]),
            DepthMax = depth > 0 ? depth : null,
        };
        message.Only("only_verify_leaf_cert_crl", false, "every certificate of a chain is looked up");
        message.Only("require_signed_certificate_timestamp", false, "timestamps are not checked");
        message.Ignore("watched_directory", "files are read with the configuration; send SIGHUP after a change");
        message.End();
        if (validation is { TrustedCa.Count: 0, UsesSystemRoots: false, AcceptUntrusted: false })
        {
            element.Error("\"trusted_ca\" is missing; name the certificates to trust, or system_root_certs: {}");
        }

        return validation;
    }

    private static SubjectAltNameMatch? ReadTypedName(Element element)
    {
        Message message = element.AsMessage(Package + "SubjectAltNameMatcher");
        SubjectAltNameType type = message.Enum("san_type", SubjectAltNameType.Any,
        [
            new("EMAIL", 1, SubjectAltNameType.Email),
            new("DNS", 2, SubjectAltNameType.Dns),
            new("URI", 3, SubjectAltNameType.Uri),
            new("IP_ADDRESS", 4, SubjectAltNameType.IpAddress),
        ]);
        StringMatcher? test = message.Take("matcher") is { } matcher ? FieldReader.ReadString(matcher) : null;
        message.End();
        if (type == SubjectAltNameType.Any)
        {
            element.Error("\"san_type\" is missing; one of EMAIL, DNS, URI, IP_ADDRESS");
        }

        if (test is null)
        {
            element.Error("\"matcher\" is missing");
            return null;
        }

        return new SubjectAltNameMatch(type, test);
    }

    private static TlsAlgorithms ReadParameters(Message message)
    {
        var algorithms = new TlsAlgorithms
        {
            Minimum = Version(message, "tls_minimum_protocol_version", TlsProtocolVersion.Tls12),
            Maximum = Version(message, "tls_maximum_protocol_version", TlsProtocolVersion.Tls13),
            CipherSuites = message.Texts("cipher_suites"),
            Curves = message.Texts("ecdh_curves"),
            SignatureAlgorithms = message.Texts("signature_algorithms"),
        };
        message.End();
        return algorithms;
    }

    private static TlsProtocolVersion Version(Message message, string field, TlsProtocolVersion automatic) =>
        message.Enum(field, automatic,
        [
            new("TLS_AUTO", 0, automatic),
            new("TLSv1_2", 3, TlsProtocolVersion.Tls12),
            new("TLSv1_3", 4, TlsProtocolVersion.Tls13),
        ]);

    private static ValueList<byte> Data(Message message, string field, bool required)
    {
        if (message.Take(field) is { } source)
        {
            return ValueList.From(FieldReader.ReadData(source));
        }

        if (required)
        {
            message.Element.Error($"\"{field}\" is missing");
        }

        return [];
    }

    private readonly record struct Common(
        ValueList<TlsCertificateData> Certificates, TlsPeerValidation? Validation,
        ValueList<string> ApplicationProtocols, TlsAlgorithms Algorithms);
}
