using System;
using System.Text;
using FastMesh.Protocols.Grpc;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Grpc;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 3_600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("15S", 15_000)]
    [InlineData("250m", 250)]
    [InlineData("1001u", 2)]
    [InlineData("1n", 1)]
    [InlineData("0S", 0)]
    [InlineData("99999999H", 359_999_996_400_000)]
    public void Value_OfTheGrammar_IsRead(string text, long expected)
    {
        Assert.True(GrpcTimeout.TryParse(Encoding.ASCII.GetBytes(text), out long milliseconds));
        Assert.Equal(expected, milliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData("100000000S")]
    [InlineData(" 1S")]
    public void Value_ThatIsNone_IsRefused(string text) =>
        Assert.False(GrpcTimeout.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData(0, "0m")]
    [InlineData(99_999_999, "99999999m")]
    [InlineData(100_000_000, "100000S")]
    [InlineData(100_000_000_000, "1666666M")]
    [InlineData(359_999_996_400_000, "99999999H")]
    public void Time_Written_HasEightDigitsAtMost(long milliseconds, string expected)
    {
        Span<byte> value = stackalloc byte[GrpcTimeout.BytesMax];
        Assert.Equal(expected, Encoding.ASCII.GetString(value[..GrpcTimeout.Write(milliseconds, value)]));
    }
}
