using FastMesh.Engine.Upstream;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Upstream;

public sealed class Http2KeepaliveTests
{
    [Theory]
    [InlineData(1000, 15, 0UL, 1000)]
    [InlineData(1000, 15, 149UL, 1149)]
    [InlineData(1000, 15, 150UL, 1000)]
    [InlineData(1000, 0, 12345UL, 1000)]
    [InlineData(3, 15, 12345UL, 3)]
    public void Delay_IsTheIntervalAndAtMostItsJitter(long intervalMs, int percent, ulong random, long expected) =>
        Assert.Equal(expected, Http2Keepalive.DelayMs(intervalMs, percent, random));
}
