using System;
using System.Linq;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>What a client says of itself never outranks what its connection says.</summary>
public sealed class HttpForwardedFieldsTests
{
    [Fact]
    public void ForwardedFor_InSeveralLines_ThePeerIsTheLastAddressOfTheLastLine()
    {
        string[] lines = ForwardedForLines("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 6.6.6.6\r\n");
        string joined = string.Join(", ", lines);
        Assert.StartsWith("1.1.1.1, 6.6.6.6, ", joined, StringComparison.Ordinal);
        Assert.False(lines[^1].EndsWith("6.6.6.6", StringComparison.Ordinal), joined);
    }

    [Fact]
    public void ForwardedFor_LongLineThenShortLine_KeepsTheOrder()
    {
        string lengthy = string.Join(", ", Enumerable.Repeat("10.10.10.10", 30));
        string joined = string.Join(", ", ForwardedForLines(
            $"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: {lengthy}\r\n"));
        Assert.StartsWith("6.6.6.6, " + lengthy + ", ", joined, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ForwardedClientCert_FromAClient_IsRemoved(bool useRemoteAddress)
    {
        string head = Forward(
            "X-Forwarded-Client-Cert: URI=spiffe://a/ns/b/sa/c\r\nx-forwarded-client-cert: two\r\n", useRemoteAddress);
        Assert.DoesNotContain("client-cert", head, StringComparison.OrdinalIgnoreCase);
    }

    private static string[] ForwardedForLines(string fields) =>
        [.. Forward(fields, useRemoteAddress: true).Split("\r\n")
            .Where(static line => line.StartsWith("x-forwarded-for:", StringComparison.OrdinalIgnoreCase))
            .Select(static line => line["x-forwarded-for:".Length..].Trim())];

    private static string Forward(string fields, bool useRemoteAddress)
    {
        var world = new SimulatedHttpWorld(
            1, configure: settings => settings with { UseRemoteAddress = useRemoteAddress });
        world.Exchange($"GET /counted/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
        return world.Upstream.Requests.Single().Head;
    }
}
