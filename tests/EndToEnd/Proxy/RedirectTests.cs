using System;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>The rules in a real kernel, in a network namespace that the test makes.</summary>
public sealed class RedirectTests : IAsyncLifetime
{
    private readonly string _namespace = "fmtest" + Environment.ProcessId;
    private string _ip = string.Empty;

    public async ValueTask InitializeAsync()
    {
        Tools.RequireRoot();
        _ip = Tools.Require("ip");
        Tools.Require("iptables-restore");
        Assert.Equal(0, (await TestProcess.RunAsync(_ip, "netns", "add", _namespace)).Code);
        await InsideAsync("ip", "link", "set", "lo", "up");
    }

    public async ValueTask DisposeAsync()
    {
        if (_ip.Length > 0)
        {
            await TestProcess.RunAsync(_ip, "netns", "del", _namespace);
        }
    }

    [Theory]
    [InlineData("-m", "REDIRECT")]
    [InlineData("-m", "TPROXY", "--drop-invalid", "--redirect-dns", "--capture-all-dns")]
    [InlineData("-b", "80,443", "-i", "10.0.0.0/8", "-x", "10.1.0.0/16", "-c", "eth7")]
    public async Task Apply_Twice_ChangesNothingAndRemoveLeavesNothing(params string[] flags)
    {
        string[] apply = ["redirect", "apply", "--dual-stack", .. flags];
        string before = await RulesAsync();
        await FastmeshAsync(apply);
        string once = await RulesAsync();
        Assert.Contains("-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN", once, StringComparison.Ordinal);
        Assert.Contains("-A ISTIO_OUTPUT -s ::6/128 -o lo -j RETURN", once, StringComparison.Ordinal);
        await FastmeshAsync(apply);
        Assert.Equal(once, await RulesAsync());
        await FastmeshAsync(["redirect", "remove", .. flags]);
        Assert.Equal(Rules(before), Rules(await RulesAsync()));
        (_, string policy, _) = await InsideAsync("ip", "rule");
        Assert.DoesNotContain("lookup 133", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_OtherOptions_ReplacesTheOldRules()
    {
        await FastmeshAsync("redirect", "apply", "--redirect-dns", "--capture-all-dns");
        await FastmeshAsync("redirect", "apply", "-p", "16001");
        string rules = await RulesAsync();
        Assert.Contains("--to-ports 16001", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("15001", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("ISTIO_OUTPUT_DNS", rules, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_ToAnotherNamespace_WritesThereAndNotHere()
    {
        (int code, _, string error) = await TestProcess.RunAsync(
            ProxyProcess.Executable, "redirect", "apply", "--network-namespace", _namespace, "-p", "16001");
        Assert.True(code == 0, error);
        Assert.Contains("--to-ports 16001", await RulesAsync(), StringComparison.Ordinal);
        (_, string here, _) = await TestProcess.RunAsync(Tools.Require("iptables-save"));
        Assert.DoesNotContain("--to-ports 16001", here, StringComparison.Ordinal);
        (code, _, error) = await TestProcess.RunAsync(
            ProxyProcess.Executable, "redirect", "remove", "--network-namespace", "/run/netns/" + _namespace);
        Assert.True(code == 0, error);
        Assert.DoesNotContain("ISTIO", await RulesAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("-m", "TPROXY")]
    [InlineData("-z", "16006", "-u", "1234")]
    public async Task Apply_WithValidation_ProbesTheRules(params string[] flags)
    {
        await FastmeshAsync(["redirect", "apply", "--run-validation", .. flags]);
        string[] outside =
            ["redirect", "apply", "--run-validation", "--skip-rule-apply", "--network-namespace", _namespace, .. flags];
        (int code, _, string error) = await TestProcess.RunAsync(ProxyProcess.Executable, outside);
        Assert.True(code == 0, error);
        await FastmeshAsync(["redirect", "apply", "--cleanup-only", .. flags]);
        (code, _, error) = await TestProcess.RunAsync(ProxyProcess.Executable, outside);
        Assert.Equal(1, code);
        Assert.Contains("was not captured", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_UnknownNamespaceOrNativeNftables_IsRefusedByName()
    {
        (int code, _, string error) = await TestProcess.RunAsync(
            ProxyProcess.Executable, "redirect", "apply", "--network-namespace", "nosuch", "--native-nftables");
        Assert.Equal(2, code);
        Assert.Contains("\"nosuch\"", error, StringComparison.Ordinal);
        Assert.Contains("--native-nftables is not supported", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_RulesOfOthers_StayAsTheyWere()
    {
        await InsideAsync("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "RETURN");
        string before = Rules(await RulesAsync());
        await FastmeshAsync("redirect", "apply");
        await FastmeshAsync("redirect", "remove");
        Assert.Equal(before, Rules(await RulesAsync()));
    }

    [Fact]
    public async Task Apply_WithoutRights_ExitsThreeAndSaysTheMend()
    {
        (int code, _, string error) = await TestProcess.RunAsync(
            _ip, "netns", "exec", _namespace, Tools.Require("setpriv"), "--bounding-set", "-net_admin,-net_raw",
            "--inh-caps", "-net_admin,-net_raw", ProxyProcess.Executable, "redirect", "apply");
        Assert.Equal(3, code);
        Assert.Contains("CAP_NET_ADMIN", error, StringComparison.Ordinal);
    }

    private async Task FastmeshAsync(params string[] arguments)
    {
        (int code, string output, string error) = await InsideAsync([ProxyProcess.Executable, .. arguments]);
        Assert.True(code == 0, $"exit code {code}: {output}{error}");
    }

    private async Task<string> RulesAsync()
    {
        string text = (await InsideAsync("iptables-save")).Output + (await InsideAsync("ip6tables-save")).Output;
        return string.Join(
            '\n', text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(WithoutCounters));
    }

    private static string Rules(string saved) =>
        string.Join('\n', saved.Split('\n').Where(line => line.StartsWith("-A", StringComparison.Ordinal)));

    private static string WithoutCounters(string line) => line.StartsWith(':') ? line.Split('[')[0] : line;

    private Task<(int Code, string Output, string Error)> InsideAsync(params string[] command) =>
        TestProcess.RunAsync(_ip, ["netns", "exec", _namespace, .. command]);
}
