using System;
using System.IO;
using System.Threading.Tasks;
using FastMesh.Proxy;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("sidecar")]
    [InlineData("gateway")]
    [InlineData("check")]
    [InlineData("explain")]
    [InlineData("certs")]
    public async Task Command_NotBuiltYet_IsRefusedByName(string command)
    {
        (int code, _, string error) = await RunAsync(command);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains($"fastmesh {command}: not built yet", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("proxy")]
    [InlineData("nonsense")]
    [InlineData("proxy", "-c", "x.yaml", "--no-such-flag")]
    [InlineData("proxy", "-c", "x.yaml", "--transport", "kqueue")]
    [InlineData("proxy", "-c", "x.yaml", "--drain-time", "soon")]
    [InlineData("redirect", "show", "-p", "0")]
    [InlineData("redirect", "show", "-i", "10.0.0.0/33")]
    [InlineData("redirect", "show", "-u", "1337 -j ACCEPT")]
    [InlineData("stats", "--admin", "nowhere")]
    public async Task CommandLine_IsWrong_ExitsTwoAndSaysWhy(params string[] arguments)
    {
        (int code, _, string error) = await RunAsync(arguments);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task RedirectShow_SeveralProblems_TellsAll()
    {
        (_, _, string error) = await RunAsync("redirect", "show", "-p", "0", "-z", "x", "-m", "NAT");
        Assert.Equal(3, error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task RedirectShow_WithoutRights_PrintsBothFamilies()
    {
        (int code, string output, _) = await RunAsync("redirect", "show", "-b", "80");
        Assert.Equal(ExitCodes.Fine, code);
        Assert.Contains("-A ISTIO_OUTPUT -o lo -s 127.0.0.6/32 -j RETURN", output, StringComparison.Ordinal);
        Assert.Contains("-A ISTIO_OUTPUT -o lo -s ::6/128 -j RETURN", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_Says_TheTransportOfThisHost()
    {
        (int code, string output, _) = await RunAsync("version");
        Assert.Equal(ExitCodes.Fine, code);
        Assert.Contains("transport: ", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await CommandLine.RunAsync(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
