using System;
using System.Collections.Generic;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FastMesh.Tls;
using FrameworkRequest = System.Security.Cryptography.X509Certificates.CertificateRequest;

namespace FastMesh.Tests.Support.Tls;

/// <summary>What a test certificate says; the defaults are those of a good workload.</summary>
internal sealed record Leaf
{
    public IReadOnlyList<string> Uris { get; init; } = [];

    public IReadOnlyList<string> DnsNames { get; init; } = [];

    public IReadOnlyList<string> Addresses { get; init; } = [];

    public string Subject { get; init; } = string.Empty;

    public DateTimeOffset NotBefore { get; init; } = DateTimeOffset.UtcNow.AddHours(-1);

    public DateTimeOffset NotAfter { get; init; } = DateTimeOffset.UtcNow.AddHours(1);

    public bool IsAuthority { get; init; }

    public bool ForServers { get; init; } = true;

    public bool ForClients { get; init; } = true;

    public X509KeyUsageFlags KeyUsage { get; init; } =
        X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment;

    public int RsaBits { get; init; }

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    public IReadOnlyList<X509Extension> Extensions { get; init; } = [];

    public static Leaf Workload(string id) => new() { Uris = [id] };

    public static Leaf Host(string name) => new() { DnsNames = [name], Subject = $"CN={name}" };
}

/// <summary>A certificate with its key, as files would hold them.</summary>
internal sealed record IssuedCertificate(string ChainPem, string KeyPem, X509Certificate2 Certificate)
{
    public TlsCertificate Load(byte[]? staple = null)
    {
        List<string> problems = [];
        return TlsCertificate.Read(
            Encoding.ASCII.GetBytes(ChainPem), Encoding.ASCII.GetBytes(KeyPem), default, staple, problems)
            ?? throw new InvalidOperationException(string.Join("; ", problems));
    }
}

/// <summary>A certificate authority that signs whatever a test asks for, bad things included.</summary>
internal sealed class TestAuthority
{
    private readonly AsymmetricAlgorithm _key;
    private readonly X509Certificate2 _certificate;
    private readonly string _chainAbove;
    private readonly CertificateRevocationListBuilder _revoked = new();
    private int _serial = 1000;

    public TestAuthority(string name = "CN=test root", bool rsa = false, DateTimeOffset? notAfter = null)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        FrameworkRequest request = Request(name, rsa ? 2048 : 0, HashAlgorithmName.SHA256, out _key);
        AddAuthority(request);
        _certificate = request.CreateSelfSigned(now.AddDays(-2), notAfter ?? now.AddDays(2));
        _chainAbove = string.Empty;
    }

    private TestAuthority(TestAuthority above, string name)
    {
        FrameworkRequest request = Request(name, 0, HashAlgorithmName.SHA256, out _key);
        AddAuthority(request);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _certificate = above.Sign(request, now.AddDays(-1), now.AddDays(1));
        _chainAbove = above._chainAbove + Pem;
    }

    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public byte[] PemBytes => Encoding.ASCII.GetBytes(Pem);

    public TestAuthority Intermediate(string name) => new(this, name);

    public TrustBundle Bundle(string? crl = null)
    {
        List<string> problems = [];
        return TrustBundle.Read(PemBytes, crl is null ? default : Encoding.ASCII.GetBytes(crl), problems)
            ?? throw new InvalidOperationException(string.Join("; ", problems));
    }

    public IssuedCertificate Issue(Leaf leaf)
    {
        FrameworkRequest request = Request(leaf.Subject, leaf.RsaBits, leaf.Hash, out AsymmetricAlgorithm key);
        AddNames(request, leaf);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(leaf.IsAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(leaf.KeyUsage, true));
        OidCollection uses = [];
        if (leaf.ForServers)
        {
            uses.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        }

        if (leaf.ForClients)
        {
            uses.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, false));
        foreach (X509Extension extension in leaf.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        X509Certificate2 certificate = Sign(request, leaf.NotBefore, leaf.NotAfter);
        return new IssuedCertificate(
            certificate.ExportCertificatePem() + "\n" + _chainAbove, key.ExportPkcs8PrivateKeyPem(), certificate);
    }

    public string Revoke(params IssuedCertificate[] certificates)
    {
        foreach (IssuedCertificate each in certificates)
        {
            _revoked.AddEntry(each.Certificate);
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        X509AuthorityKeyIdentifierExtension identifier =
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false);
        byte[] list = _revoked.Build(
            _certificate.SubjectName, Generator(), 1, now.AddDays(1), HashAlgorithmName.SHA256, identifier,
            now.AddMinutes(-5));
        return PemEncoding.WriteString("X509 CRL", list);
    }

    private static FrameworkRequest Request(
        string subject, int rsaBits, HashAlgorithmName hash, out AsymmetricAlgorithm key)
    {
        if (rsaBits > 0)
        {
            RSA rsa = RSA.Create(rsaBits);
            key = rsa;
            return new FrameworkRequest(subject, rsa, hash, RSASignaturePadding.Pkcs1);
        }

        ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        key = ecdsa;
        return new FrameworkRequest(subject, ecdsa, hash);
    }

    private static void AddAuthority(FrameworkRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
    }

    private static void AddNames(FrameworkRequest request, Leaf leaf)
    {
        if (leaf.Uris.Count + leaf.DnsNames.Count + leaf.Addresses.Count == 0)
        {
            return;
        }

        SubjectAlternativeNameBuilder names = new();
        foreach (string uri in leaf.Uris)
        {
            names.AddUri(new Uri(uri));
        }

        foreach (string name in leaf.DnsNames)
        {
            names.AddDnsName(name);
        }

        foreach (string address in leaf.Addresses)
        {
            names.AddIpAddress(IPAddress.Parse(address));
        }

        request.CertificateExtensions.Add(names.Build(critical: leaf.Subject.Length == 0));
    }

    private X509Certificate2 Sign(FrameworkRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        byte[] serial = BitConverter.GetBytes(_serial++);
        Array.Reverse(serial);
        X509SignatureGenerator generator =
            request.HashAlgorithm == HashAlgorithmName.SHA1 ? new Sha1Generator((RSA)_key) : Generator();
        return request.Create(_certificate.SubjectName, generator, notBefore, notAfter, [1, .. serial]);
    }

    private X509SignatureGenerator Generator() => _key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)_key);

    // The framework refuses to sign with SHA-1, for good reasons; the test is about those who do.
    private sealed class Sha1Generator(RSA key) : X509SignatureGenerator
    {
        // sha1WithRSAEncryption, 1.2.840.113549.1.1.5.
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
            [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00];

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
#pragma warning disable CA5350 // weak on purpose
            key.SignHash(SHA1.HashData(data), HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);
#pragma warning restore CA5350

        protected override PublicKey BuildPublicKey() =>
            CreateForRSA(key, RSASignaturePadding.Pkcs1).PublicKey;
    }
}
