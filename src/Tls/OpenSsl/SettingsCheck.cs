using System;
using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Tls.OpenSsl;

/// <summary>What can be said against settings before OpenSSL sees them.</summary>
internal static class SettingsCheck
{
    public static void Server(TlsServerSettings settings, ICollection<string> problems)
    {
        if (settings.Certificates.Count == 0)
        {
            problems.Add("no certificate; a server needs at least one");
        }

        if (settings.ClientCertificates != ClientCertificateMode.None && settings.Verification is null)
        {
            problems.Add("client certificates are asked for, but nothing says how to verify them");
        }

        if (settings.SessionLifetime <= TimeSpan.Zero || settings.SessionLifetime > TimeSpan.FromDays(7))
        {
            problems.Add(
                $"session lifetime {settings.SessionLifetime} is not above 0 and at most 7 days (RFC 8446 §4.6.1)");
        }

        Common(settings.Certificates, settings.Parameters, settings.Verification, problems);
        Protocols(settings.ApplicationProtocols, problems);
        Protocols(settings.MarkerProtocols, problems);
    }

    public static void Client(TlsClientSettings settings, ICollection<string> problems)
    {
        Common(settings.Certificates, settings.Parameters, settings.Verification, problems);
        Protocols(settings.ApplicationProtocols, problems);
    }

    private static void Common(
        IReadOnlyList<TlsCertificate> certificates, TlsParameters parameters, PeerVerification? verification,
        ICollection<string> problems)
    {
        foreach (IGrouping<KeyAlgorithm, TlsCertificate> same in certificates.GroupBy(each => each.KeyAlgorithm))
        {
            if (same.Count() > 1)
            {
                problems.Add($"{same.Count()} certificates with {same.Key} keys; one of each kind can be served");
            }
        }

        if (parameters.MinimumVersion > parameters.MaximumVersion)
        {
            problems.Add($"minimum version {parameters.MinimumVersion} is above maximum {parameters.MaximumVersion}");
        }

        if (verification is { AcceptUntrusted: false, TrustBundle: null, TrustDomains.Count: 0 })
        {
            problems.Add("peer verification without trusted certificates; give a bundle or use the system's");
        }
    }

    private static void Protocols(IReadOnlyList<string> names, ICollection<string> problems)
    {
        foreach (string name in names)
        {
            if (name.Length is 0 or > Alpn.NameBytesMax || name.Any(letter => letter > 0xFF))
            {
                problems.Add($"\"{name}\" is no application protocol; 1 to 255 bytes are (RFC 7301 §3.1)");
            }
        }
    }
}
