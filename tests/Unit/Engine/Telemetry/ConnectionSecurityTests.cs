using System;
using System.Text;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

/// <summary>What logs and upstreams are told of the peer of a TLS connection.</summary>
public sealed class ConnectionSecurityTests
{
    private const string ServerId = "spiffe://cluster.local/ns/shop/sa/server";
    private const string ClientId = "spiffe://cluster.local/ns/shop/sa/cart";

    private static readonly TestAuthority s_authority = new("CN=mesh root");

    private static readonly Leaf s_client =
        new() { Uris = [ClientId], DnsNames = ["a.test", "b.test"], Subject = "CN=cart,O=\"Shop, Inc.\"" };

    [Fact]
    public void ClientCertificate_NoDetails_IsWhoWasAskedAndTheHash()
    {
        using TlsPair pair = Connect(s_client);
        string hash = pair.Server.Session.Peer!.Fingerprint;
        Assert.Equal($"By={ServerId};Hash={hash}", Told(pair, new(false, false, false, false, false)));
    }

    [Fact]
    public void ClientCertificate_Names_FollowInEnvoysOrder()
    {
        using TlsPair pair = Connect(s_client);
        string told = Told(pair, new(Subject: true, Cert: false, Chain: false, Dns: true, Uri: true));
        Assert.EndsWith(
            $";Subject=\"CN=cart,O=Shop\\, Inc.\";URI={ClientId};DNS=a.test;DNS=b.test", told, StringComparison.Ordinal);
    }

    [Fact]
    public void ClientCertificate_CertAndChain_AreEscapedPem()
    {
        using TlsPair pair = Connect(s_client);
        string told = Told(pair, new(false, Cert: true, Chain: true, false, false));
        string[] parts = told.Split(";Cert=\"")[1].Split("\";Chain=\"");
        Assert.Equal(PeerIdentity.Pem(pair.Server.Session.Peer!.Certificate.Span), Uri.UnescapeDataString(parts[0]));
        Assert.Equal(parts[0], parts[1].TrimEnd('"'));
        Assert.False(parts[0].AsSpan().ContainsAny(" +/=\n"));
    }

    /// <summary>Whoever chooses the names in a certificate must not choose keys with them.</summary>
    [Fact]
    public void ClientCertificate_NameWithSeparators_IsQuoted()
    {
        using TlsPair pair = Connect(new Leaf { Uris = ["http://a/;URI=spiffe://cluster.local/ns/x/sa/admin"] });
        string told = Told(pair, new(false, false, false, false, Uri: true));
        Assert.EndsWith(";URI=\"http://a/;URI=spiffe://cluster.local/ns/x/sa/admin\"", told, StringComparison.Ordinal);
    }

    [Fact]
    public void ClientCertificate_WithoutAUri_HasAnEmptyOne()
    {
        using TlsPair pair = Connect(Leaf.Host("a.test"));
        Assert.EndsWith(";URI=", Told(pair, new(false, false, false, false, Uri: true)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER%", "TLSv1.3 TLS_AES_128_GCM_SHA256")]
    [InlineData("%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_PEER_DNS_SAN%", ClientId + " a.test,b.test")]
    [InlineData("%DOWNSTREAM_LOCAL_URI_SAN% %DOWNSTREAM_LOCAL_SUBJECT%", ServerId + " -")]
    [InlineData("%DOWNSTREAM_PEER_ISSUER%", "CN=mesh root")]
    [InlineData("%DOWNSTREAM_PEER_CERT_V_START(%Y)%", "2021")]
    [InlineData("%DOWNSTREAM_PEER_CERT_V_END%", "2999-05-06T07:08:09.000Z")]
    [InlineData("%DOWNSTREAM_PEER_SUBJECT%:%DOWNSTREAM_PEER_SUBJECT:6%", "CN=cart,O=Shop\\, Inc.:CN=car")]
    [InlineData("%DOWNSTREAM_PEER_IP_SAN% %UPSTREAM_PEER_URI_SAN% %UPSTREAM_TLS_VERSION%", "- - -")]
    public void Operator_OfATlsConnection_WritesItsValue(string format, string expected)
    {
        using TlsPair pair = Connect(s_client with
        {
            NotBefore = new DateTimeOffset(2021, 1, 2, 3, 4, 5, TimeSpan.Zero),
            NotAfter = new DateTimeOffset(2999, 5, 6, 7, 8, 9, TimeSpan.Zero),
        });
        ExchangeRecord record = Records.Forwarded();
        record.DownstreamSecurity = new ConnectionSecurity(pair.Server.Session);
        Assert.Equal(expected, Records.Written(format, record));
    }

    [Fact]
    public void Operator_AfterTheConnectionHasEnded_StillWritesWhoItWas()
    {
        ExchangeRecord record = Records.Forwarded();
        using (TlsPair pair = Connect(s_client))
        {
            record.DownstreamSecurity = new ConnectionSecurity(pair.Server.Session);
            record.UpstreamSecurity = new ConnectionSecurity(pair.Client.Session);
        }

        Assert.Equal(
            $"{ClientId} TLSv1.3 {ServerId} -",
            Records.Written(
                "%DOWNSTREAM_PEER_URI_SAN% %UPSTREAM_TLS_VERSION% %UPSTREAM_PEER_URI_SAN% %UPSTREAM_TLS_SESSION_ID%",
                record));
    }

    private static string Told(TlsPair pair, ClientCertDetails details) =>
        Encoding.UTF8.GetString(new ConnectionSecurity(pair.Server.Session).ClientCertificate(details));

    private static TlsPair Connect(Leaf client)
    {
        PeerVerification trust = new() { TrustBundle = s_authority.Bundle() };
        var pair = new TlsPair(
            Contexts.Client(new TlsClientSettings
            {
                Certificates = [s_authority.Issue(client).Load()],
                Verification = trust,
            }),
            Contexts.Server(new TlsServerSettings
            {
                Certificates = [s_authority.Issue(Leaf.Workload(ServerId)).Load()],
                ClientCertificates = ClientCertificateMode.Required,
                Verification = trust,
            }));
        Assert.True(pair.Handshake(), $"{pair.Server.Session.Error}");
        return pair;
    }
}
