using System;
using System.Linq;
using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>
/// <c>proper_case_words</c> on either side, and <c>forward_client_cert_details</c> without certificates.
/// </summary>
public sealed class HttpFieldCaseTests
{
    private const string Get = "GET /raw HTTP/1.1\r\nhost: a\r\nx-one-two: b-c\r\nconnection: close\r\n\r\n";

    [Fact]
    public void ProperCaseWords_OfTheCluster_CapitalizesRequests()
    {
        SimulatedHttpWorld world = World(
            static settings => settings, static cluster => cluster with { ProperCaseWords = true });
        string answer = world.Exchange(Get);
        string head = world.Upstream.Requests.Single().Head;
        Assert.Contains("\r\nHost: a\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-One-Two: b-c\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("GET /raw HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nx-reply: yes\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void ProperCaseWords_OfTheConnectionManager_CapitalizesResponsesAndTrailers()
    {
        SimulatedHttpWorld world = World(
            static settings => settings with { ProperCaseWords = true, EnableTrailers = true },
            static cluster => cluster);
        string answer = world.Exchange(Get);
        Assert.Contains("\r\nX-Reply: yes\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nTransfer-Encoding: chunked\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("0\r\nX-Sum-1a: ok\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nx-one-two: b-c\r\n", world.Upstream.Requests.Single().Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ForwardClientCert.Sanitize, false)]
    [InlineData(ForwardClientCert.ForwardOnly, false)]
    [InlineData(ForwardClientCert.AppendForward, false)]
    [InlineData(ForwardClientCert.SanitizeSet, false)]
    [InlineData(ForwardClientCert.AlwaysForwardOnly, true)]
    public void ForwardedClientCert_OfAClientWithoutCertificate_StaysOnlyWhereAlwaysForwarded(
        ForwardClientCert mode, bool stays)
    {
        SimulatedHttpWorld world = World(
            settings => settings with { ForwardClientCert = mode }, static cluster => cluster);
        world.Exchange("GET /raw HTTP/1.1\r\nHost: a\r\nX-Forwarded-Client-Cert: By=a;URI=b\r\n"
            + "Connection: close\r\n\r\n");
        string head = world.Upstream.Requests.Single().Head;
        Assert.Equal(stays, head.Contains("X-Forwarded-Client-Cert: By=a;URI=b\r\n", StringComparison.Ordinal));
    }

    private static SimulatedHttpWorld World(
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings> configure, Func<Cluster, Cluster> cluster)
    {
        var world = new SimulatedHttpWorld(1, configure: configure, cluster: cluster);
        world.Upstream.RawResponse =
            "HTTP/1.1 200 OK\r\nx-reply: yes\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-sum-1a: ok\r\n\r\n";
        return world;
    }
}
