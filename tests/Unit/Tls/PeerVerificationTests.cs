using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;
using FastMesh.Tls.OpenSsl;
using Xunit;

namespace FastMesh.Tests.Unit.Tls;

/// <summary>A server that demands client certificates, and clients of every kind.</summary>
public sealed class PeerVerificationTests
{
    private const string Good = "spiffe://cluster.local/ns/shop/sa/cart";

    private static readonly TestAuthority s_authority = new("CN=mesh root");

    private static readonly TestAuthority s_other = new("CN=other root");

    private static readonly TlsCertificate s_server =
        s_authority.Issue(Leaf.Workload("spiffe://cluster.local/ns/shop/sa/server")).Load();

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Client_WithAGoodCertificate_IsKnownByItsId(TlsVersion version)
    {
        using TlsPair pair = Connect(s_authority.Issue(Leaf.Workload(Good)), Trust(), version);
        Assert.True(pair.Handshake(), pair.Server.Session.Error?.ToString());
        PeerIdentity peer = pair.Server.Session.Peer!;
        Assert.Equal(Good, peer.SpiffeId!.ToString());
        Assert.Equal(("cluster.local", "shop", "cart"),
            (peer.SpiffeId.TrustDomain, peer.SpiffeId.Namespace, peer.SpiffeId.ServiceAccount));
        Assert.Single(pair.Server.Session.GetPeerChain());
    }

    [Fact]
    public void Client_OfAnIntermediate_IsAccepted()
    {
        IssuedCertificate issued = s_authority.Intermediate("CN=plugged in").Issue(Leaf.Workload(Good));
        using TlsPair pair = Connect(issued, Trust());
        Assert.True(pair.Handshake(), pair.Server.Session.Error?.ToString());
        Assert.Equal(2, pair.Server.Session.GetPeerChain().Length);
    }

    [Fact]
    public void Client_Expired_IsCertificateExpired() => Refused(
        Leaf.Workload(Good) with { NotAfter = DateTimeOffset.UtcNow.AddMinutes(-1) },
        TlsAlert.CertificateExpired, "expired at ");

    [Fact]
    public void Client_NotYetValid_IsBadCertificate() => Refused(
        Leaf.Workload(Good) with { NotBefore = DateTimeOffset.UtcNow.AddMinutes(10) },
        TlsAlert.BadCertificate, "not yet valid before ");

    [Fact]
    public void Client_OfAnUnknownRoot_IsUnknownCa() =>
        Refused(s_other.Issue(Leaf.Workload(Good)), Trust(), TlsAlert.UnknownCa, "unable to get local issuer");

    [Fact]
    public void Client_OfAnotherTrustDomain_IsRefusedWithItsName() => Refused(
        s_authority.Issue(Leaf.Workload("spiffe://evil.example/ns/shop/sa/cart")), DomainTrust(),
        TlsAlert.CertificateUnknown, "spiffe://evil.example/ns/shop/sa/cart is of a trust domain");

    [Fact]
    public void Client_SignedByAnotherDomainsRoot_IsUnknownCa() =>
        Refused(s_other.Issue(Leaf.Workload(Good)), DomainTrust(), TlsAlert.UnknownCa, "issuer");

    [Fact]
    public void Client_OfASecondTrustDomain_IsVerifiedByItsOwnBundle()
    {
        using TlsPair pair = Connect(
            s_other.Issue(Leaf.Workload("spiffe://partner.example/ns/a/sa/b")), DomainTrust());
        Assert.True(pair.Handshake(), pair.Server.Session.Error?.ToString());
    }

    [Fact]
    public void Client_WithTwoUris_IsRefused() => RefusedAlone(
        new Leaf { Uris = [Good, "spiffe://cluster.local/ns/shop/sa/admin"] }, "exactly one is allowed");

    [Fact]
    public void Client_WithoutSpiffeId_IsRefusedWhereOneIsRequired() => Refused(
        s_authority.Issue(Leaf.Host("spiffe.cluster.local")), Trust() with { RequireSpiffeId = true },
        TlsAlert.CertificateUnknown, "has no SPIFFE ID");

    [Fact]
    public void Client_WithAMalformedId_IsRefused() =>
        RefusedAlone(Leaf.Workload("spiffe://cluster.local/"), "no empty and no dot segments");

    [Fact]
    public void Client_ThatIsACa_IsRefused() =>
        Refused(Leaf.Workload(Good) with { IsAuthority = true }, TlsAlert.UnsupportedCertificate, "CA certificate");

    [Fact]
    public void Client_ThatMaySignCertificates_IsRefused() => Refused(
        Leaf.Workload(Good) with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign },
        TlsAlert.UnsupportedCertificate, "CA certificate");

    [Fact]
    public void Client_WithACertificateForServersOnly_IsUnsupported() => Refused(
        Leaf.Workload(Good) with { ForClients = false }, TlsAlert.UnsupportedCertificate, "purpose");

    [Fact]
    public void Client_WithAnUnknownCriticalExtension_IsRefused() => Refused(
        Leaf.Workload(Good) with { Extensions = [new X509Extension("1.2.3.4.5", [5, 0], critical: true)] },
        null, "critical extension");

    [Fact]
    public void Client_WithASha1Signature_IsRefused() => RefusedAlone(
        Leaf.Workload(Good) with { Hash = HashAlgorithmName.SHA1 }, "too weak",
        new TestAuthority("CN=root with RSA", rsa: true));

    [Fact]
    public void Client_Revoked_IsCertificateRevoked()
    {
        TestAuthority authority = new("CN=root with list");
        IssuedCertificate revoked = authority.Issue(Leaf.Workload(Good));
        IssuedCertificate fine = authority.Issue(Leaf.Workload(Good));
        PeerVerification trust = new() { TrustBundle = authority.Bundle(authority.Revoke(revoked)) };
        Refused(revoked, trust, TlsAlert.CertificateRevoked, "revoked");
        using TlsPair pair = Connect(fine, trust);
        Assert.True(pair.Handshake(), pair.Server.Session.Error?.ToString());
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, TlsAlert.HandshakeFailure)]
    [InlineData(TlsVersion.Tls13, TlsAlert.CertificateRequired)]
    public void Client_WithoutACertificate_IsRefusedWhereOneIsRequired(TlsVersion version, TlsAlert alert)
    {
        using TlsPair pair = Connect(null, Trust(), version);
        Assert.False(pair.Handshake());
        TlsError error = pair.Server.Session.Error!;
        Assert.Equal((TlsErrorKind.PeerCertificate, alert), (error.Kind, error.AlertSent));
        Assert.Equal("peer did not return a certificate", error.Reason);
        Assert.Equal(alert, pair.Client.Session.Error!.AlertReceived);
    }

    [Fact]
    public void Client_WithoutACertificate_IsServedWhereItIsOptional()
    {
        using TlsPair pair = Connect(null, Trust(), mode: ClientCertificateMode.Optional);
        Assert.True(pair.Handshake());
        Assert.Null(pair.Server.Session.Peer);
    }

    [Theory]
    [InlineData(SanMatchKind.Prefix, "spiffe://cluster.local/", true)]
    [InlineData(SanMatchKind.Prefix, "spiffe://cluster.loca/", false)]
    [InlineData(SanMatchKind.Exact, Good, true)]
    [InlineData(SanMatchKind.Exact, "spiffe://cluster.local/ns/shop/sa/car", false)]
    [InlineData(SanMatchKind.Suffix, "/sa/cart", true)]
    [InlineData(SanMatchKind.Contains, "/ns/shop/", true)]
    public void Names_MatchAsAsked(SanMatchKind kind, string value, bool passes)
    {
        PeerVerification trust = Trust() with { SubjectAltNames = [new SanMatcher(kind, value)] };
        using TlsPair pair = Connect(s_authority.Issue(Leaf.Workload(Good)), trust);
        Assert.Equal(passes, pair.Handshake());
        if (!passes)
        {
            Assert.Equal(TlsAlert.CertificateUnknown, pair.Server.Session.Error!.AlertSent);
            Assert.Contains(value, pair.Server.Session.Error.Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("spiffe://cluster[.]local/.*", true)]
    [InlineData("spiffe://cluster[.]local/", false)]
    [InlineData(".*cart", true)]
    public void Names_MatchAnExpressionAsAWhole(string expression, bool passes)
    {
        SanMatcher matcher = new(new Regex(expression, RegexOptions.NonBacktracking), SanType.Uri);
        Assert.Equal(passes, matcher.Matches(new SubjectAltName(SanType.Uri, Good)));
        Assert.False(matcher.Matches(new SubjectAltName(SanType.Dns, Good)));
    }

    [Theory]
    [InlineData("*.example.com", "a.example.com", true)]
    [InlineData("*.example.com", "A.EXAMPLE.com", true)]
    [InlineData("*.example.com", "a.b.example.com", false)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.com", "example.com", false)]
    [InlineData("a*.example.com", "ab.example.com", false)]
    [InlineData("example.com", "example.com", true)]
    public void Names_OfHosts_MayHaveAWildcardLabel(string certificate, string host, bool passes) => Assert.Equal(
        passes,
        new SanMatcher(SanMatchKind.Exact, host, SanType.Dns).Matches(new SubjectAltName(SanType.Dns, certificate)));

    [Fact]
    public void Server_WithAnotherName_IsRefusedByTheClient()
    {
        using TlsContext server = Contexts.Server(new TlsServerSettings
        {
            Certificates = [s_authority.Issue(Leaf.Host("other.test")).Load()],
        });
        using TlsContext client = Contexts.Client(new TlsClientSettings
        {
            Verification = Trust() with
            {
                SubjectAltNames = [new SanMatcher(SanMatchKind.Exact, "server.test", SanType.Dns)],
            },
        });
        using TlsPair pair = new(client, server, "server.test");
        Assert.False(pair.Handshake());
        Assert.Equal(TlsAlert.CertificateUnknown, pair.Client.Session.Error!.AlertSent);
        Assert.Equal(TlsAlert.CertificateUnknown, pair.Server.Session.Error!.AlertReceived);
        Assert.Contains("server.test", pair.Client.Session.Error.Reason, StringComparison.Ordinal);
        Assert.Null(pair.Client.Session.Peer);
    }

    [Fact]
    public void Pins_OfCertificateAndKey_AreCompared()
    {
        IssuedCertificate issued = s_authority.Issue(Leaf.Workload(Good));
        string hash = Convert.ToHexString(SHA256.HashData(issued.Certificate.RawData));
        string key = Convert.ToBase64String(SHA256.HashData(issued.Certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        using TlsPair good = Connect(issued, Trust() with { CertificateHashes = [hash], PublicKeyHashes = [key] });
        Assert.True(good.Handshake(), good.Server.Session.Error?.ToString());
        using TlsPair bad = Connect(issued, Trust() with { PublicKeyHashes = [key.ToLowerInvariant()] });
        Assert.False(bad.Handshake());
    }

    [Fact]
    public void Peer_SeenBefore_IsAcceptedFromMemoryAndStillByName()
    {
        IssuedCertificate issued = s_authority.Issue(Leaf.Workload(Good));
        using TlsContext server = Server(Trust(), ClientCertificateMode.Required);
        using TlsContext client = Client(issued);
        PeerIdentity? first = null;
        for (int i = 0; i < 3; i++)
        {
            using TlsPair pair = new(client, server);
            Assert.True(pair.Handshake());
            first ??= pair.Server.Session.Peer;
            Assert.Same(first, pair.Server.Session.Peer);
        }
    }

    [Fact]
    public void Settings_ThatAreWrong_AreAllNamed()
    {
        List<string> problems = [];
        Assert.Null(TlsContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [],
                ClientCertificates = ClientCertificateMode.Required,
                ApplicationProtocols = [string.Empty],
                Parameters = new TlsParameters
                {
                    MinimumVersion = TlsVersion.Tls13, MaximumVersion = TlsVersion.Tls12,
                },
            },
            problems));
        Assert.Equal(4, problems.Count);
        problems.Clear();
        Assert.Null(TlsContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [s_server],
                Parameters = new TlsParameters
                {
                    CipherSuites = ["AES128-SHA"], SignatureAlgorithms = ["md5"], Groups = ["nonsense"],
                },
            },
            problems));
        Assert.Equal(3, problems.Count);
    }

    [Fact]
    public void Settings_BehindProblemsOfOthers_AreJudgedByTheirOwn()
    {
        List<string> problems = ["listener a: something else"];
        using TlsContext? server = TlsContext.CreateServer(
            new TlsServerSettings { Certificates = [s_server] }, problems);
        Assert.NotNull(server);
        using TlsContext? client = TlsContext.CreateClient(new TlsClientSettings(), problems);
        Assert.NotNull(client);
        Assert.Single(problems);
        Assert.Null(TlsContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [s_server],
                Parameters = new TlsParameters { CipherSuites = ["AES128-SHA"] },
            },
            problems));
        Assert.Contains("none of the cipher suites AES128-SHA", problems[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Certificate_WithAnothersKey_IsRefusedWithoutShowingIt()
    {
        List<string> problems = [];
        string key = s_other.Issue(Leaf.Workload(Good)).KeyPem;
        Assert.Null(TlsCertificate.Read(
            Encoding.ASCII.GetBytes(s_authority.Issue(Leaf.Workload(Good)).ChainPem), Encoding.ASCII.GetBytes(key),
            problems));
        Assert.Equal("the private key does not belong to the certificate", problems.Single());
    }

    // What we would not show ourselves goes to the verifier directly; the framework's handle is an X509 too.
    private static void RefusedAlone(Leaf leaf, string reason, TestAuthority? authority = null)
    {
        TestAuthority signer = authority ?? s_authority;
        using X509Certificate2 certificate = signer.Issue(leaf).Certificate;
        PeerVerifier verifier = new(new PeerVerification { TrustBundle = signer.Bundle() }, peerIsServer: false);
        Assert.NotEqual(0, verifier.Verify(certificate.Handle, 0, out _, out string? problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    private static void Refused(Leaf leaf, TlsAlert? alert, string reason)
    {
        TestAuthority signer = s_authority;
        PeerVerification trust = new() { TrustBundle = signer.Bundle() };
        Refused(signer.Issue(leaf), trust, alert, reason);
    }

    private static void Refused(IssuedCertificate client, PeerVerification trust, TlsAlert? alert, string reason)
    {
        using TlsPair pair = Connect(client, trust);
        Assert.False(pair.Handshake());
        TlsError error = pair.Server.Session.Error!;
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal(TlsErrorKind.PeerCertificate, error.Kind);
        Assert.Equal(alert ?? error.AlertSent, error.AlertSent);
        Assert.Equal(error.AlertSent, pair.Client.Session.Error!.AlertReceived);
        Assert.Null(pair.Server.Session.Peer);
    }

    private static PeerVerification Trust() => new() { TrustBundle = s_authority.Bundle() };

    private static PeerVerification DomainTrust() => new()
    {
        TrustDomains = new Dictionary<string, TrustBundle>
        {
            ["cluster.local"] = s_authority.Bundle(), ["partner.example"] = s_other.Bundle(),
        },
    };

    private static TlsContext Server(PeerVerification trust, ClientCertificateMode mode) => Contexts.Server(
        new TlsServerSettings { Certificates = [s_server], ClientCertificates = mode, Verification = trust });

    private static TlsContext Client(IssuedCertificate? client, TlsVersion version = TlsVersion.Tls13) =>
        Contexts.Client(new TlsClientSettings
        {
            Certificates = client is null ? [] : [client.Load()],
            Parameters = new TlsParameters { MinimumVersion = version, MaximumVersion = version },
            Verification = Trust(),
        });

    private static TlsPair Connect(
        IssuedCertificate? client, PeerVerification trust, TlsVersion version = TlsVersion.Tls13,
        ClientCertificateMode mode = ClientCertificateMode.Required) =>
        new(Client(client, version), Server(trust, mode));
}
