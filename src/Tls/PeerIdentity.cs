using System;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace FastMesh.Tls;

/// <summary>Kinds of subject alternative names (RFC 5280 §4.2.1.6).</summary>
public enum SanType : byte
{
    /// <summary><c>dNSName</c>.</summary>
    Dns,

    /// <summary><c>uniformResourceIdentifier</c>.</summary>
    Uri,

    /// <summary><c>rfc822Name</c>.</summary>
    Email,

    /// <summary><c>iPAddress</c>, as text.</summary>
    IpAddress,
}

/// <summary>One subject alternative name.</summary>
/// <param name="Type">What kind of name it is; names of different kinds are never equal.</param>
/// <param name="Value">The whole name; certificates with control characters in it are refused.</param>
public readonly record struct SubjectAltName(SanType Type, string Value);

/// <summary>Who a certificate names. Of a session's peer it is proved; see <see cref="TlsSession.Peer"/>.</summary>
public sealed class PeerIdentity
{
    private string? _fingerprint;

    internal PeerIdentity(byte[] certificate)
    {
        Certificate = certificate;
    }

    /// <summary>The workload, when the certificate is an X.509-SVID.</summary>
    public SpiffeId? SpiffeId { get; internal set; }

    /// <summary>All names, in the certificate's order.</summary>
    public IReadOnlyList<SubjectAltName> SubjectAltNames { get; internal init; } = [];

    /// <summary>The subject in the form of RFC 2253; empty when the certificate has none.</summary>
    public string Subject { get; internal init; } = string.Empty;

    /// <summary>The issuer in the form of RFC 2253.</summary>
    public string Issuer { get; internal init; } = string.Empty;

    /// <summary>The serial number in hexadecimal.</summary>
    public string SerialNumber { get; internal init; } = string.Empty;

    /// <summary>Not valid before.</summary>
    public DateTimeOffset NotBefore { get; internal init; }

    /// <summary>Not valid after: a connection must not live longer.</summary>
    public DateTimeOffset NotAfter { get; internal init; }

    /// <summary>The certificate in DER.</summary>
    public ReadOnlyMemory<byte> Certificate { get; }

    /// <summary>SHA-256 of the certificate in lower-case hexadecimal.</summary>
    public string Fingerprint => _fingerprint ??= Convert.ToHexStringLower(SHA256.HashData(Certificate.Span));

    /// <summary>True for a certificate that may sign others: cA, keyCertSign or cRLSign.</summary>
    internal bool IsAuthority { get; init; }

    /// <summary>SubjectPublicKeyInfo in DER.</summary>
    internal ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>A certificate in PEM.</summary>
    /// <param name="certificate">DER.</param>
    public static string Pem(ReadOnlySpan<byte> certificate) =>
        PemEncoding.WriteString("CERTIFICATE", certificate) + "\n";

    /// <summary>The names of one kind with commas between them; null when there is none.</summary>
    public string? Names(SanType type)
    {
        string? all = null;
        foreach (SubjectAltName name in SubjectAltNames)
        {
            if (name.Type == type)
            {
                all = all is null ? name.Value : all + "," + name.Value;
            }
        }

        return all;
    }

    /// <summary>The SPIFFE ID, or the first URI, DNS name or the subject: how to call the peer in a log line.</summary>
    public override string ToString()
    {
        if (SpiffeId is not null)
        {
            return SpiffeId.ToString();
        }

        string name = SubjectAltNames.Count > 0 ? SubjectAltNames[0].Value : Subject;
        return name.Length > 0 ? name : $"serial number {SerialNumber}";
    }
}
