using System.Collections.Generic;
using System.Text.RegularExpressions;
using FastMesh.Model;
using FastMesh.Tls;

namespace FastMesh.Engine.Snapshots;

/// <summary>TLS settings of the model to contexts. Control thread only.</summary>
internal static class TlsCompiler
{
    /// <summary>A context that accepts; null with a problem said.</summary>
    /// <param name="model">What a filter chain says.</param>
    /// <param name="keys">Shared by all chains: a ticket of one is taken by its successor after a reload.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="problems">Takes what is wrong.</param>
    public static TlsContext? CompileServer(
        DownstreamTls model, TlsTicketKeys keys, string path, List<ConfigProblem> problems)
    {
        var found = new List<string>();
        PeerVerification? verification = Verification(model.Validation, found);
        var settings = new TlsServerSettings
        {
            Certificates = Certificates(model.Certificates, found),
            Parameters = Parameters(model.Algorithms),
            ClientCertificates = verification is null ? ClientCertificateMode.None
                : model.RequireClientCertificate ? ClientCertificateMode.Required
                : ClientCertificateMode.Optional,
            Verification = verification,
            ApplicationProtocols = [.. model.ApplicationProtocols],
            TicketKeys = model.DisablesTickets ? null : keys,
            SessionLifetime = model.SessionTimeout,
        };
        TlsContext? context = found.Count == 0 ? TlsContext.CreateServer(settings, found) : null;
        Report(found, path + ".transport_socket", problems);
        return context;
    }

    /// <summary>A context that connects; null with a problem said.</summary>
    public static TlsContext? CompileClient(UpstreamTls model, string path, List<ConfigProblem> problems)
    {
        var found = new List<string>();
        var settings = new TlsClientSettings
        {
            Certificates = Certificates(model.Certificates, found),
            Parameters = Parameters(model.Algorithms),
            Verification = Verification(model.Validation, found),
            ApplicationProtocols = [.. model.ApplicationProtocols],
        };
        TlsContext? context = found.Count == 0 ? TlsContext.CreateClient(settings, found) : null;
        Report(found, path + ".transport_socket", problems);
        return context;
    }

    private static void Report(List<string> found, string path, List<ConfigProblem> problems) =>
        found.ForEach(text => problems.Add(new ConfigProblem(path, text)));

    private static List<TlsCertificate> Certificates(ValueList<TlsCertificateData> models, List<string> found)
    {
        var certificates = new List<TlsCertificate>();
        foreach (TlsCertificateData model in models)
        {
            byte[] staple = [.. model.OcspStaple];
            if (TlsCertificate.Read(
                [.. model.Chain], [.. model.PrivateKey], [.. model.Password], staple, found) is { } certificate)
            {
                certificates.Add(certificate);
            }
        }

        return certificates;
    }

    private static TlsParameters Parameters(TlsAlgorithms model) => new()
    {
        MinimumVersion = model.Minimum == TlsProtocolVersion.Tls13 ? TlsVersion.Tls13 : TlsVersion.Tls12,
        MaximumVersion = model.Maximum == TlsProtocolVersion.Tls12 ? TlsVersion.Tls12 : TlsVersion.Tls13,
        CipherSuites = [.. model.CipherSuites],
        Groups = [.. model.Curves],
        SignatureAlgorithms = [.. model.SignatureAlgorithms],
    };

    private static PeerVerification? Verification(TlsPeerValidation? model, List<string> found)
    {
        if (model is null)
        {
            return null;
        }

        TrustBundle? bundle = model.TrustedCa.Count > 0
            ? TrustBundle.Read([.. model.TrustedCa], [.. model.RevocationLists], found)
            : model.UsesSystemRoots ? TrustBundle.ReadSystem(found) : null;
        var names = new List<SanMatcher>();
        foreach (SubjectAltNameMatch match in model.SubjectAltNames)
        {
            names.Add(Matcher(match));
        }

        return new PeerVerification
        {
            TrustBundle = bundle,
            SubjectAltNames = names,
            CertificateHashes = [.. model.CertificateHashes],
            PublicKeyHashes = [.. model.PublicKeyHashes],
            AllowExpired = model.AllowExpired,
            AcceptUntrusted = model.AcceptUntrusted,
            ChainDepthMax = model.DepthMax ?? PeerVerification.ChainDepthMaxDefault,
        };
    }

    private static SanMatcher Matcher(SubjectAltNameMatch match)
    {
        SanType? type = match.Type switch
        {
            SubjectAltNameType.Email => SanType.Email,
            SubjectAltNameType.Dns => SanType.Dns,
            SubjectAltNameType.Uri => SanType.Uri,
            SubjectAltNameType.IpAddress => SanType.IpAddress,
            _ => null,
        };
        StringMatcher test = match.Value;
        if (test.Kind == StringMatchKind.Regex)
        {
            RegexOptions options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant
                | (test.IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
            return new SanMatcher(new Regex("^(?:" + test.Value + ")$", options), type);
        }

        SanMatchKind kind = test.Kind switch
        {
            StringMatchKind.Prefix => SanMatchKind.Prefix,
            StringMatchKind.Suffix => SanMatchKind.Suffix,
            StringMatchKind.Contains => SanMatchKind.Contains,
            _ => SanMatchKind.Exact,
        };
        return new SanMatcher(kind, test.Value, type, test.IgnoreCase);
    }
}
