using System;
using System.Linq;
using FastMesh.Engine.Telemetry;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class ResponseFlagsTests
{
    [Fact]
    public void Names_EveryFlag_HasOneOfItsOwn()
    {
        ResponseFlags[] flags = Enum.GetValues<ResponseFlags>().Where(flag => flag != ResponseFlags.None).ToArray();
        Assert.Equal(flags, ResponseFlagNames.All.Select(row => row.Flag));
        Assert.Equal(flags.Length, ResponseFlagNames.All.Select(row => row.Short).Distinct().Count());
        Assert.All(ResponseFlagNames.All, row => Assert.Equal(row.Flag.ToString(), row.Long));
    }

    [Fact]
    public void TryParse_ShortName_FindsFlag()
    {
        Assert.True(ResponseFlagNames.TryParse("URX", out ResponseFlags flag));
        Assert.Equal(ResponseFlags.UpstreamRetryLimitExceeded, flag);
        Assert.False(ResponseFlagNames.TryParse("XX", out _));
    }

    [Fact]
    public void Written_SeveralFlags_AreShortOrLong()
    {
        ExchangeRecord record = new() { Flags = ResponseFlags.NoRouteFound | ResponseFlags.NoHealthyUpstream };
        Assert.Equal("UH,NR", Records.Written("%RESPONSE_FLAGS%", record));
        Assert.Equal("NoHealthyUpstream,NoRouteFound", Records.Written("%RESPONSE_FLAGS_LONG%", record));
    }
}
