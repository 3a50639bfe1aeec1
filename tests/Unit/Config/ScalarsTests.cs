using System;
using FastMesh.Config.Trees;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

public sealed class ScalarsTests
{
    [Theory]
    [InlineData("5s", 50_000_000)]
    [InlineData("0.25s", 2_500_000)]
    [InlineData("500ms", 5_000_000)]
    [InlineData("-1.5s", -15_000_000)]
    [InlineData("0.000000001s", 1)]
    [InlineData("315576000000s", 3_155_760_000_000_000_000)]
    public void Duration_InItsForm_IsRead(string text, long ticks)
    {
        Assert.True(Scalars.TryDuration(text, out TimeSpan value));
        Assert.Equal(ticks, value.Ticks);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5 s")]
    [InlineData("s")]
    [InlineData("ms")]
    [InlineData(".5s")]
    [InlineData("1.s")]
    [InlineData("1e3s")]
    [InlineData("+1s")]
    [InlineData("--1s")]
    [InlineData("5m")]
    [InlineData("1.0000000001s")]
    [InlineData("315576000001s")]
    public void Duration_InAnotherForm_IsRefused(string text) => Assert.False(Scalars.TryDuration(text, out _));

    [Theory]
    [InlineData("1.0", true)]
    [InlineData("1.5", false)]
    [InlineData("1e3", false)]
    [InlineData(" 1", false)]
    [InlineData("11", false)]
    [InlineData("-1", false)]
    [InlineData("1.", false)]
    public void Integer_WithinRange_MustBeWhole(string text, bool expected) =>
        Assert.Equal(expected, Scalars.TryInteger(text, 0, 10, out _));

    [Theory]
    [InlineData("stat_prefix", "stat_prefix", true)]
    [InlineData("statPrefix", "stat_prefix", true)]
    [InlineData("acceptHttp10", "accept_http_10", true)]
    [InlineData("statprefix", "stat_prefix", false)]
    [InlineData("StatPrefix", "stat_prefix", false)]
    [InlineData("stat_Prefix", "stat_prefix", false)]
    public void FieldName_InEitherSpelling_IsTheField(string written, string field, bool expected) =>
        Assert.Equal(expected, FieldName.Matches(written, field));
}
