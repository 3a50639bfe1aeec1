using System.Text;
using FastMesh.Engine.Telemetry;
using FastMesh.Protocols;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

/// <summary>Exchanges to write about.</summary>
internal static class Records
{
    /// <summary>2026-01-31T08:09:10.123Z.</summary>
    public const long StartUtcMs = 1769846950123;

    /// <summary>A request that was forwarded and answered.</summary>
    public static ExchangeRecord Forwarded()
    {
        RequestHead request = new();
        request.SetMethod("GET"u8);
        request.SetAuthority("shop.example:8080"u8);
        request.SetPath("/cart?id=7"u8);
        request.SetScheme("http"u8);
        request.Fields.Append("user-agent"u8, "curl/8.5"u8);
        request.Fields.Append("x-request-id"u8, "4a5b"u8);
        request.Fields.Append("X-Own"u8, "abcdef"u8);
        ResponseHead response = new() { StatusCode = 200 };
        response.Fields.Append("x-envoy-upstream-service-time"u8, "11"u8);
        return new ExchangeRecord
        {
            Request = request,
            Response = response,
            StartUtcMs = StartUtcMs,
            StartUs = 1_000_000,
            RequestEndUs = 1_001_000,
            FirstUpstreamRxUs = 1_012_000,
            EndUs = 1_013_900,
            BytesReceived = 0,
            BytesSent = 512,
            ResponseCode = 200,
            ResponseCodeDetails = "via_upstream",
            Protocol = HttpVersion.Http11,
            DownstreamRemote = Address("10.1.2.3:50000"),
            DownstreamDirectRemote = Address("10.1.2.4:50001"),
            DownstreamLocal = Address("10.0.0.9:80"),
            UpstreamRemote = Address("[fd00::1]:8080"),
            UpstreamLocal = Address("127.0.0.6:33333"),
            UpstreamCluster = "outbound|80||shop.example",
            RouteName = "default",
            VirtualHostName = "shop",
            AttemptCount = 1,
            ConnectionId = 17,
            StreamId = 4,
        };
    }

    /// <summary>The text a format gives.</summary>
    public static string Written(string format, ExchangeRecord record)
    {
        Xunit.Assert.True(CommandFormat.TryCompile(format, out CommandFormat? compiled, out string problem), problem);
        byte[] room = new byte[4096];
        return Encoding.UTF8.GetString(room, 0, compiled!.Write(room, record));
    }

    public static NetAddress Address(string text)
    {
        Xunit.Assert.True(NetAddress.TryParse(text, out NetAddress address));
        return address;
    }
}
