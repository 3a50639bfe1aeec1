using System;
using System.Text;
using FastMesh.Engine.Telemetry;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class CommandFormatTests
{
    [Fact]
    public void IstioFormat_ForwardedRequest_IsByteCompatible()
    {
        Assert.Equal(
            "[2026-01-31T08:09:10.123Z] \"GET /cart?id=7 HTTP/1.1\" 200 - via_upstream - \"-\" 0 512 13 11 \"-\" "
            + "\"curl/8.5\" \"4a5b\" \"shop.example:8080\" \"[fd00::1]:8080\" outbound|80||shop.example "
            + "127.0.0.6:33333 10.0.0.9:80 10.1.2.3:50000 - default\n",
            Records.Written(AccessLog.IstioFormat, Records.Forwarded()));
    }

    [Fact]
    public void IstioFormat_OpaqueConnection_HasDashesAndCodeZero()
    {
        ExchangeRecord record = new()
        {
            StartUtcMs = Records.StartUtcMs,
            StartUs = 5,
            EndUs = 2_000_005,
            Flags = ResponseFlags.UpstreamConnectionFailure | ResponseFlags.UpstreamRetryLimitExceeded,
            UpstreamFailureReason = "connection refused",
        };
        Assert.Equal(
            "[2026-01-31T08:09:10.123Z] \"- - -\" 0 UF,URX - - \"connection refused\" 0 0 2000 - "
            + "\"-\" \"-\" \"-\" \"-\" \"-\" - - - - - -\n",
            Records.Written(AccessLog.IstioFormat, record));
    }

    [Theory]
    [InlineData("%REQ(X-OWN):3%", "abc")]
    [InlineData("%REQ(x-none?x-own):4%", "abcd")]
    [InlineData("%REQ(X-NONE?:METHOD)%", "GET")]
    [InlineData("%REQ(HOST)%", "shop.example:8080")]
    [InlineData("%REQ(:SCHEME)%", "http")]
    [InlineData("%REQ(X-NONE)%", "-")]
    [InlineData("%REQ_WITHOUT_QUERY(:PATH)%", "/cart")]
    [InlineData("%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", "11")]
    [InlineData("%RESP(SERVER?X-ENVOY-UPSTREAM-SERVICE-TIME)%", "11")]
    [InlineData("%TRAILER(GRPC-STATUS)%", "-")]
    [InlineData("%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION% %DURATION%", "1 12 1 13")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%", "10.1.2.3 50000")]
    [InlineData("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "10.1.2.4:50001")]
    [InlineData("%DOWNSTREAM_LOCAL_PORT%", "80")]
    [InlineData("%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "fd00::1")]
    [InlineData("%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "127.0.0.6")]
    [InlineData("%VIRTUAL_HOST_NAME% %CONNECTION_ID% %STREAM_ID%", "shop 17 4")]
    [InlineData("%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "1")]
    [InlineData("%EMIT_TIME(%s.%3f)%", "1769846950.136")]
    [InlineData("%ACCESS_LOG_TYPE%", "DownstreamEnd")]
    [InlineData("%DOWNSTREAM_PEER_URI_SAN% %FILTER_STATE(a.b:TYPED)%", "- -")]
    [InlineData("100%% %RESPONSE_CODE%", "100% 200")]
    [InlineData("", "")]
    public void Operator_ForwardedRequest_WritesItsValue(string format, string expected)
    {
        Assert.Equal(expected, Records.Written(format, Records.Forwarded()));
    }

    [Theory]
    [InlineData("%NO_SUCH%", "NO_SUCH")]
    [InlineData("%REQ%", "wants a name")]
    [InlineData("%REQ()%", "wants a name")]
    [InlineData("%DURATION(x)%", "takes no argument")]
    [InlineData("%REQ(X%", "closing parenthesis")]
    [InlineData("%REQ(X):%", "positive length")]
    [InlineData("%REQ(X):0%", "positive length")]
    [InlineData("%REQ(X):99999999999%", "positive length")]
    [InlineData("50% of", "does not end")]
    [InlineData("%", "does not end")]
    [InlineData("%START_TIME(%Q)%", "%Q")]
    [InlineData("%GRPC_STATUS(LOUD)%", "CAMEL_STRING")]
    public void Format_Broken_IsRefusedByName(string format, string named)
    {
        Assert.False(CommandFormat.TryCompile(format, out _, out string problem));
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownOperator_Problem_ListsKnownOnes()
    {
        CommandFormat.TryCompile("%NO_SUCH%", out _, out string problem);
        Assert.Contains("RESPONSE_CODE_DETAILS", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ShortRoom_IsCutAndNoted()
    {
        CommandFormat.TryCompile("%REQ(:AUTHORITY)%", out CommandFormat? format, out _);
        ByteWriter writer = new(new byte[4]);
        format!.Write(ref writer, Records.Forwarded());
        Assert.True(writer.Overflowed);
        Assert.Equal("shop"u8, writer.Written);
    }

    [Fact]
    public void OmitsEmpty_AbsentValue_WritesNothing()
    {
        CommandFormat.TryCompile("[%REQ(X-NONE)%]", omitsEmpty: true, out CommandFormat? format, out _);
        byte[] room = new byte[16];
        Assert.Equal(2, format!.Write(room, Records.Forwarded()));
    }

    [Fact]
    public void Write_IstioFormat_AllocatesNothing()
    {
        CommandFormat.TryCompile(AccessLog.IstioFormat, out CommandFormat? format, out _);
        ExchangeRecord record = Records.Forwarded();
        byte[] room = new byte[1024];
        format!.Write(room, record);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            record.StartUtcMs += 37;
            format.Write(room, record);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData("%Y/%m/%d %H:%M:%S", "2026/01/31 08:09:10")]
    [InlineData("%F %T %E3S", "2026-01-31 08:09:10 10.123")]
    [InlineData("%s %3f %6f %9f %f", "1769846950 123 123000 123000000 123000000")]
    [InlineData("%a %b %e %y %Z %z", "Sat Jan 31 26 UTC +0000")]
    public void StartTime_Directives_AreWritten(string directives, string expected)
    {
        Assert.Equal(expected, Records.Written($"%START_TIME({directives})%", Records.Forwarded()));
    }

    [Fact]
    public void StartTime_SecondsBackAndForth_AreNotStale()
    {
        ExchangeRecord record = Records.Forwarded();
        foreach (long offset in new long[] { 0, 876, 877, -124, 60_000 })
        {
            record.StartUtcMs = Records.StartUtcMs + offset;
            Assert.Equal(Records.Written("%START_TIME(%FT%T.%3fZ)%", record), Records.Written("%START_TIME%", record));
        }
    }

    [Fact]
    public void Protocol_UnknownVersion_IsDash()
    {
        ExchangeRecord record = Records.Forwarded();
        record.Protocol = HttpVersion.Unknown;
        Assert.Equal("- TcpConnectionEnd", Records.Written("%PROTOCOL% %ACCESS_LOG_TYPE%", record));
    }

    [Theory]
    [InlineData("0", null, 200, "OK OK 0 0")]
    [InlineData("4", null, 200, "DeadlineExceeded DEADLINE_EXCEEDED 4 4")]
    [InlineData(null, "14", 200, "Unavailable UNAVAILABLE 14 14")]
    [InlineData(null, null, 404, "Unimplemented UNIMPLEMENTED 12 12")]
    [InlineData("99", null, 200, "99 99 99 99")]
    public void GrpcStatus_OfTrailersThenHeadThenHttp_IsWritten(
        string? trailer, string? field, int httpStatus, string expected)
    {
        ExchangeRecord record = Records.Forwarded();
        record.Request!.Fields.Append("content-type"u8, "application/grpc"u8);
        record.ResponseCode = httpStatus;
        record.ResponseTrailers = new HttpFields();
        if (trailer is not null)
        {
            record.ResponseTrailers.Append("grpc-status"u8, Encoding.ASCII.GetBytes(trailer));
        }

        if (field is not null)
        {
            record.Response!.Fields.Append("grpc-status"u8, Encoding.ASCII.GetBytes(field));
        }

        Assert.Equal(
            expected,
            Records.Written("%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%", record));
    }

    [Fact]
    public void GrpcStatus_OfAnotherRequest_IsAbsent() =>
        Assert.Equal("-", Records.Written("%GRPC_STATUS%", Records.Forwarded()));
}
