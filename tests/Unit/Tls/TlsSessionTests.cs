using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;
using Xunit;

namespace FastMesh.Tests.Unit.Tls;

public sealed class TlsSessionTests
{
    private static readonly TestAuthority s_authority = new();

    private static readonly TlsCertificate s_certificate = s_authority.Issue(Leaf.Host("server.test")).Load();

    private static readonly TlsCertificate s_rsaCertificate =
        s_authority.Issue(Leaf.Host("server.test") with { RsaBits = 2048 }).Load();

    private static TlsServerSettings Serving => new() { Certificates = [s_certificate] };

    private static TlsClientSettings Trusting =>
        new() { Verification = new PeerVerification { TrustBundle = s_authority.Bundle() } };

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Handshake_OfBothVersions_CarriesBytesBothWays(TlsVersion version)
    {
        using TlsPair pair = Pair(version);
        Assert.True(pair.Handshake(), $"{pair.Client.Session.Error} {pair.Server.Session.Error}");
        Assert.Equal(version, pair.Client.Session.Version);
        Assert.Equal("server.test", pair.Server.Session.ServerName);
        Assert.Equal("request"u8, pair.Send(pair.Client, "request"u8));
        Assert.Equal("answer"u8, pair.Send(pair.Server, "answer"u8));
        Assert.Equal("server.test", pair.Client.Session.Peer!.SubjectAltNames.Single().Value);
        Assert.Null(pair.Server.Session.Peer);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Handshake_ByteByByte_Completes(TlsVersion version)
    {
        using TlsPair pair = Pair(version);
        Assert.True(pair.Handshake(pieceBytes: 1));
        Assert.Equal("x"u8, pair.Send(pair.Client, "x"u8));
    }

    [Fact]
    public void Read_SplitAtEveryByte_GivesTheSame()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789", 20)));
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        for (int cut = 0; cut <= text.Length + 22; cut++)
        {
            pair.Client.Write(text);
            byte[] wire = pair.Client.Take();
            pair.Server.Receive(wire.AsSpan(0, cut));
            byte[] first = pair.Server.Read();
            pair.Server.Receive(wire.AsSpan(cut));
            byte[] both = [.. first, .. pair.Server.Read()];
            Assert.Equal(text, both);
        }
    }

    [Fact]
    public void Read_OfSegments_TakesEachFromItsPlace()
    {
        byte[] text = new byte[100_000];
        new Random(1).NextBytes(text);
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        pair.Client.Write(text);
        byte[] wire = pair.Client.Take();
        ReadOnlySequence<byte> input = Pieces.Of(wire, 1000);
        ArrayBufferWriter<byte> plaintext = new();
        TlsStatus status = pair.Server.Session.ReadAll(ref input, plaintext, pair.Server.Output);
        Assert.Equal(TlsStatus.NeedInput, status);
        Assert.True(input.IsEmpty);
        Assert.Equal(text, plaintext.WrittenSpan.ToArray());
    }

    [Fact]
    public void Read_IntoLittleRoom_LeavesTheRestForLater()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        pair.Client.Write("0123456789"u8);
        ReadOnlySequence<byte> input = new(pair.Client.Take());
        byte[] room = new byte[4];
        TlsSession server = pair.Server.Session;
        Assert.Equal(TlsStatus.Done, server.Read(ref input, room, pair.Server.Output, out int first));
        Assert.Equal("0123"u8, room.AsSpan(0, first));
        Assert.True(input.IsEmpty);
        Assert.Equal(TlsStatus.Done, server.Read(ref input, room, pair.Server.Output, out int second));
        Assert.Equal("4567"u8, room.AsSpan(0, second));
        Assert.Equal(TlsStatus.NeedInput, server.Read(ref input, room, pair.Server.Output, out int third));
        Assert.Equal("89"u8, room.AsSpan(0, third));
    }

    [Fact]
    public void Shutdown_SaysCloseNotify_AndTheOtherWayStaysOpen()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        pair.Client.Write("last"u8);
        pair.Client.Session.Shutdown(pair.Client.Output);
        pair.Server.Receive(pair.Client.Take());
        Assert.Equal("last"u8, pair.Server.Read());
        Assert.Equal(TlsStatus.Closed, pair.Server.Status);
        Assert.Equal(TlsStatus.Closed, pair.Server.Session.EndInput());
        Assert.Equal("answer"u8, pair.Send(pair.Server, "answer"u8));
    }

    [Fact]
    public void EndInput_WithoutCloseNotify_IsATruncation()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        Assert.Equal(TlsStatus.Failed, pair.Server.Session.EndInput());
        Assert.Equal(TlsErrorKind.Truncated, pair.Server.Session.Error!.Kind);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001x")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    public void Handshake_OfGarbage_FailsWithAReason(string garbage)
    {
        using TlsContext context = Contexts.Server(Serving);
        using TlsEnd server = new(context.Accept());
        server.Receive(Encoding.Latin1.GetBytes(garbage));
        Assert.Equal(TlsStatus.Failed, server.Handshake());
        Assert.Equal(TlsErrorKind.PeerMisbehaved, server.Session.Error!.Kind);
        Assert.NotEmpty(server.Session.Error.Reason);
        Assert.Equal(TlsStatus.Failed, server.Handshake());
    }

    [Fact]
    public void Read_OfATamperedRecord_IsBadRecordMac()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        pair.Client.Write("money"u8);
        byte[] wire = pair.Client.Take();
        wire[^1] ^= 1;
        pair.Server.Receive(wire);
        Assert.Empty(pair.Server.Read());
        Assert.Equal(TlsStatus.Failed, pair.Server.Status);
        Assert.Equal(TlsAlert.BadRecordMac, pair.Server.Session.Error!.AlertSent);
        Assert.Equal(TlsErrorKind.PeerMisbehaved, pair.Server.Session.Error.Kind);
        pair.Client.Receive(pair.Server.Take());
        pair.Client.Read();
        Assert.Equal(TlsAlert.BadRecordMac, pair.Client.Session.Error!.AlertReceived);
        Assert.Equal(TlsErrorKind.PeerAlert, pair.Client.Session.Error.Kind);
    }

    [Theory]
    [InlineData(new[] { "h2", "http/1.1" }, new[] { "http/1.1", "h2" }, "h2")]
    [InlineData(new[] { "h2", "http/1.1" }, new[] { "istio-http/1.1", "istio", "http/1.1" }, "http/1.1")]
    [InlineData(new[] { "h2", "http/1.1" }, new[] { "istio-peer-exchange", "istio" }, "")]
    [InlineData(new[] { "h2" }, new string[0], "")]
    [InlineData(new string[0], new[] { "h2" }, "")]
    public void ApplicationProtocol_IsTheServersFirstThatTheClientOffers(
        string[] serves, string[] offers, string expected)
    {
        using TlsContext server = Contexts.Server(Serving with
        {
            ApplicationProtocols = serves, MarkerProtocols = ["istio", "istio-peer-exchange", "istio-http/1.1"],
        });
        using TlsContext client = Contexts.Client(Trusting);
        using TlsPair pair = new(client, server, protocols: offers);
        Assert.True(pair.Handshake());
        Assert.Equal(expected, Encoding.ASCII.GetString(pair.Server.Session.ApplicationProtocol));
        Assert.Equal(expected, Encoding.ASCII.GetString(pair.Client.Session.ApplicationProtocol));
    }

    [Fact]
    public void ApplicationProtocol_OnlyForeignOffered_IsRefused()
    {
        using TlsContext server = Contexts.Server(Serving with { ApplicationProtocols = ["h2", "http/1.1"] });
        using TlsContext client = Contexts.Client(Trusting with { ApplicationProtocols = ["ftp"] });
        using TlsPair pair = new(client, server);
        Assert.False(pair.Handshake());
        Assert.Equal(TlsAlert.NoApplicationProtocol, pair.Server.Session.Error!.AlertSent);
        Assert.Equal(TlsErrorKind.NothingInCommon, pair.Server.Session.Error.Kind);
        Assert.Equal(TlsAlert.NoApplicationProtocol, pair.Client.Session.Error!.AlertReceived);
    }

    [Fact]
    public void Version_NothingInCommon_IsProtocolVersion()
    {
        using TlsContext server = Contexts.Server(
            Serving with { Parameters = new TlsParameters { MinimumVersion = TlsVersion.Tls13 } });
        using TlsContext client = Contexts.Client(
            Trusting with { Parameters = new TlsParameters { MaximumVersion = TlsVersion.Tls12 } });
        using TlsPair pair = new(client, server);
        Assert.False(pair.Handshake());
        Assert.Equal(TlsAlert.ProtocolVersion, pair.Server.Session.Error!.AlertSent);
        Assert.Equal(TlsErrorKind.NothingInCommon, pair.Server.Session.Error.Kind);
    }

    [Theory]
    [InlineData("rsa_pss_rsae_sha256", KeyAlgorithm.Rsa)]
    [InlineData("ecdsa_secp256r1_sha256", KeyAlgorithm.Ecdsa)]
    public void Certificates_OfTwoKinds_AreChosenByWhatTheClientCanCheck(string canCheck, KeyAlgorithm expected)
    {
        using TlsContext server = Contexts.Server(
            new TlsServerSettings { Certificates = [s_certificate, s_rsaCertificate] });
        TlsCertificate shown = expected == KeyAlgorithm.Rsa ? s_rsaCertificate : s_certificate;

        // rsa_pkcs1 and ecdsa stay offered for the chain's own signatures.
        string[] chain = expected == KeyAlgorithm.Rsa ? [canCheck, "ecdsa_secp384r1_sha384"] : [canCheck];
        using TlsContext client = Contexts.Client(
            new TlsClientSettings { Parameters = new TlsParameters { SignatureAlgorithms = chain } });
        using TlsPair pair = new(client, server);
        Assert.True(pair.Handshake(), pair.Server.Session.Error?.ToString());
        Assert.Equal(shown.Identity.Certificate.ToArray(), pair.Client.Session.GetPeerChain()[0]);
    }

    [Fact]
    public void Session_WithinASession_KeepsThemApart()
    {
        using TlsPair outer = Pair(TlsVersion.Tls13);
        using TlsPair inner = Pair(TlsVersion.Tls13);
        Assert.True(outer.Handshake());
        Assert.True(inner.Handshake());
        EncryptingWriter writer = new(outer.Client);
        inner.Client.Session.Write("deep"u8, writer);
        outer.Server.Receive(outer.Client.Take());
        inner.Server.Receive(outer.Server.Read());
        Assert.Equal("deep"u8, inner.Server.Read());
    }

    [Fact]
    public void Write_IntoAWriterThatThrows_ThrowsThat()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        Assert.Throws<InvalidOperationException>(() => pair.Client.Session.Write("x"u8, new ThrowingWriter()));
    }

    [Fact]
    public void KeyLog_WhenAskedFor_HasTheSecretsAndOtherwiseNone()
    {
        List<string> lines = [];
        using TlsContext server = Contexts.Server(Serving with { KeyLog = lines.Add });
        using TlsContext client = Contexts.Client(Trusting);
        using TlsPair pair = new(client, server);
        Assert.True(pair.Handshake());
        Assert.Contains(lines, line => line.StartsWith("SERVER_TRAFFIC_SECRET_0 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Records_InSteadyState_AllocateNothing()
    {
        using TlsPair pair = Pair(TlsVersion.Tls13);
        Assert.True(pair.Handshake());
        byte[] text = new byte[16384];
        byte[] room = new byte[20_000];
        FixedWriter wire = new(40_000);
        long before = 0;
        long total = 0;
        for (int i = 0; i < 200; i++)
        {
            if (i == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            wire.Clear();
            pair.Client.Session.Write(text, wire);
            ReadOnlySequence<byte> input = new(wire.Written);
            pair.Server.Session.Read(ref input, room, wire, out int read);
            total += read;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(200 * text.Length, total);
    }

    private static TlsPair Pair(TlsVersion version)
    {
        TlsParameters parameters = new() { MinimumVersion = version, MaximumVersion = version };
        return new TlsPair(
            Contexts.Client(Trusting with { Parameters = parameters }), Contexts.Server(Serving), "server.test");
    }

    private sealed class EncryptingWriter(TlsEnd outer) : IBufferWriter<byte>
    {
        private readonly byte[] _room = new byte[70_000];

        public void Advance(int count) => outer.Session.Write(_room.AsSpan(0, count), outer.Output);

        public Memory<byte> GetMemory(int sizeHint = 0) => _room;

        public Span<byte> GetSpan(int sizeHint = 0) => _room;
    }

    private sealed class ThrowingWriter : IBufferWriter<byte>
    {
        public void Advance(int count)
        {
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new InvalidOperationException("full");

        public Span<byte> GetSpan(int sizeHint = 0) => throw new InvalidOperationException("full");
    }
}
