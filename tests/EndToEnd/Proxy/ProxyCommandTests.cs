using System;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

public sealed class ProxyCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Validate_OfAGoodFile_SaysSoAndStartsNothing()
    {
        string file = _folder.Write("mesh.yaml", Configs.Direct("x"));
        (int code, string output, _) = await RunAsync("proxy", "-c", file, "--mode", "validate");
        Assert.Equal(0, code);
        Assert.Contains("good, 1 listeners, 0 clusters", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("validate")]
    [InlineData("serve")]
    public async Task File_WithErrors_ExitsTwoAndTellsAllWithTheirLines(string mode)
    {
        string file = _folder.Write(
            "mesh.yaml",
            Configs.Direct("x").Replace("stat_prefix: web", "stat_prefix: web\n                stat_prefiks: x", StringComparison.Ordinal)
                .Replace("prefix: /", "prefix: 7 , no_such: 1", StringComparison.Ordinal));
        (int code, _, string error) = await RunAsync("proxy", "-c", file, "--mode", mode);
        Assert.Equal(2, code);
        Assert.Contains("mesh.yaml:", error, StringComparison.Ordinal);
        Assert.Contains("no_such", error, StringComparison.Ordinal);
        Assert.Contains("stat_prefiks", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_DoesNotExist_ExitsTwo()
    {
        (int code, _, string error) = await RunAsync("proxy", "-c", _folder["none.yaml"]);
        Assert.Equal(2, code);
        Assert.Contains("none.yaml", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_TellsTheTransport()
    {
        (int code, string output, _) = await RunAsync("version");
        Assert.Equal(0, code);
        Assert.Contains("transport: ", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        TestProcess.RunAsync(ProxyProcess.Executable, arguments);
}
