using System;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

public sealed class DemoTests
{
    [Fact]
    public async Task Check_AsRoot_SeesEveryHopThroughRedirect()
    {
        Tools.RequireRoot();
        Tools.Require("iptables-restore");
        Tools.Require("curl");
        (int code, string output, string error) = await TestProcess.RunAsync(Repository.DemoScript, "--check");
        Assert.True(code == 0, output + error);
        Assert.Contains("demo --check: all good", output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.6", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WithoutRedirect_SaysWhatItLeavesOutAndPasses()
    {
        Tools.Require("curl");
        (int code, string output, string error) = await TestProcess.RunAsync(Repository.DemoScript, "--check", "--explicit");
        Assert.True(code == 0, output + error);
        Assert.Contains("left out are", output, StringComparison.Ordinal);
    }
}
