using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Proxy;
using FastMesh.Proxy.Redirect;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy.Redirect;

public sealed class IptablesRunnerTests
{
    [Fact]
    public async Task Apply_ToolsMissing_ExitsThreeWithTheMend()
    {
        RedirectOutcome outcome = await Runner(_ => new CommandResult(CommandResult.NotFound, "", "x is not installed"))
            .ApplyAsync(withIPv6: false);
        Assert.Equal(ExitCodes.MissingRight, outcome.ExitCode);
        Assert.Contains("apt-get install iptables", outcome.Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_NoRights_ExitsThreeWithTheMend()
    {
        RedirectOutcome outcome = await Runner(_ => new CommandResult(4, "", "Could not fetch: Permission denied"))
            .ApplyAsync(withIPv6: false);
        Assert.Equal(ExitCodes.MissingRight, outcome.ExitCode);
        Assert.Contains("CAP_NET_ADMIN", outcome.Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_RulesInTheLegacyBackEndOnly_GoThere()
    {
        List<string> restored = [];
        IptablesRunner runner = Runner(tool =>
        {
            if (tool.EndsWith("-restore", System.StringComparison.Ordinal))
            {
                restored.Add(tool);
            }

            return new CommandResult(0, tool == "iptables-legacy-save" ? "*nat\n-A INPUT -j DROP\nCOMMIT\n" : "", "");
        });
        await runner.ApplyAsync(withIPv6: false);
        Assert.Equal(["iptables-legacy-restore"], restored);
    }

    [Fact]
    public async Task Apply_KernelKeptFewerRules_Fails()
    {
        RedirectOutcome outcome = await Runner(_ => new CommandResult(0, "", "")).ApplyAsync(withIPv6: false);
        Assert.Equal(ExitCodes.Failed, outcome.ExitCode);
    }

    private static IptablesRunner Runner(System.Func<string, CommandResult> answer) =>
        new(new RedirectOptions(), (tool, _, _) => Task.FromResult(answer(tool)));
}
