using System;
using System.Collections.Generic;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;
using Xunit;

namespace FastMesh.Tests.Unit.Tls;

public sealed class ResumptionTests
{
    private const string Id = "spiffe://cluster.local/ns/shop/sa/cart";

    private static readonly TestAuthority s_authority = new();

    private static readonly TlsCertificate s_server =
        s_authority.Issue(Leaf.Workload("spiffe://cluster.local/ns/shop/sa/server")).Load();

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Resumption_OfMutualTls_KeepsBothIdentities(TlsVersion version)
    {
        using TlsContext server = Server(new TlsTicketKeys());
        using TlsContext client = Client(version);
        using TlsSessionCache cache = new();
        Connect(client, server, cache, expectResumed: false);
        for (int i = 0; i < 3; i++)
        {
            Connect(client, server, cache, expectResumed: true);
        }
    }

    [Fact]
    public void Resumption_ByAnotherContextWithTheSameKeysAndDemands_IsAccepted()
    {
        TlsTicketKeys keys = new();
        using TlsContext first = Server(keys);
        using TlsContext second = Server(keys);
        using TlsContext client = Client();
        using TlsSessionCache cache = new();
        Connect(client, first, cache, expectResumed: false);
        Connect(client, second, cache, expectResumed: true);
    }

    [Fact]
    public void Resumption_WhereTrustDiffers_IsAFullHandshake()
    {
        TlsTicketKeys keys = new();
        using TlsContext first = Server(keys);
        using TlsContext second = Server(keys, new SanMatcher(SanMatchKind.Prefix, "spiffe://cluster.local/"));
        using TlsContext client = Client();
        using TlsSessionCache cache = new();
        Connect(client, first, cache, expectResumed: false);
        Connect(client, second, cache, expectResumed: false);
    }

    [Fact]
    public void Resumption_AfterOneRotation_StillWorksAndAfterThreeDoesNot()
    {
        TlsTicketKeys keys = new();
        using TlsContext server = Server(keys);
        using TlsContext client = Client();
        using TlsSessionCache cache = new();
        Connect(client, server, cache, expectResumed: false);
        keys.Rotate();
        Connect(client, server, cache, expectResumed: true);
        keys.Rotate();
        keys.Rotate();
        keys.Rotate();
        Connect(client, server, cache, expectResumed: false);
    }

    [Fact]
    public void Resumption_WithoutTicketKeys_NeverHappens()
    {
        using TlsContext server = Server(null);
        using TlsContext client = Client();
        using TlsSessionCache cache = new();
        Connect(client, server, cache, expectResumed: false);
        Assert.False(cache.HasSession);
    }

    [Fact]
    public void Cache_OfAnotherContext_IsNotUsed()
    {
        using TlsContext server = Server(new TlsTicketKeys());
        using TlsContext client = Client();
        using TlsContext renewed = Client();
        using TlsSessionCache cache = new();
        Connect(client, server, cache, expectResumed: false);
        Connect(renewed, server, cache, expectResumed: false);
    }

    [Fact]
    public void Keys_OfAWrongLength_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new TlsTicketKeys([new byte[48]]));

    private static void Connect(TlsContext client, TlsContext server, TlsSessionCache cache, bool expectResumed)
    {
        using TlsPair pair = new(client, server, null, cache);
        Assert.True(pair.Handshake(), $"{pair.Client.Session.Error} {pair.Server.Session.Error}");
        Assert.Equal(
            (expectResumed, expectResumed), (pair.Client.Session.IsResumed, pair.Server.Session.IsResumed));
        Assert.Equal(Id, pair.Server.Session.Peer!.ToString());
        Assert.Equal(s_server.Identity.ToString(), pair.Client.Session.Peer!.ToString());
        Assert.Equal("x"u8, pair.Send(pair.Client, "x"u8));
    }

    private static TlsContext Server(TlsTicketKeys? keys, params IReadOnlyList<SanMatcher> names) => Contexts.Server(
        new TlsServerSettings
        {
            Certificates = [s_server],
            ClientCertificates = ClientCertificateMode.Required,
            Verification = new PeerVerification { TrustBundle = s_authority.Bundle(), SubjectAltNames = names },
            TicketKeys = keys,
        });

    private static TlsContext Client(TlsVersion version = TlsVersion.Tls13) => Contexts.Client(new TlsClientSettings
    {
        Certificates = [s_authority.Issue(Leaf.Workload(Id)).Load()],
        Verification = new PeerVerification { TrustBundle = s_authority.Bundle() },
        Parameters = new TlsParameters { MaximumVersion = version },
    });
}
