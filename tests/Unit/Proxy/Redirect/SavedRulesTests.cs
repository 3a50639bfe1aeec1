using System;
using FastMesh.Proxy.Redirect;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy.Redirect;

public sealed class SavedRulesTests
{
    private const string Foreign = "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n-A PREROUTING -j DOCKER\nCOMMIT\n";

    [Fact]
    public void TransitionTo_NothingOfOursThere_IsThePlanItself()
    {
        RedirectOptions options = new();
        IptablesPlan plan = IptablesPlan.Build(options, ipv6: false);
        Assert.Equal(plan.Render(), SavedRules.Parse(Foreign).TransitionTo(plan, options));
    }

    [Fact]
    public void TransitionTo_Nothing_LeavesForeignRulesAlone()
    {
        Assert.Equal(string.Empty, SavedRules.Parse(Foreign).TransitionTo(null, new RedirectOptions()));
    }

    [Fact]
    public void TransitionTo_Nothing_DeletesJumpsThenChains()
    {
        const string Saved =
            "*nat\n:OUTPUT ACCEPT [1:60]\n:ISTIO_OUTPUT - [0:0]\n-A OUTPUT -j ISTIO_OUTPUT\n"
            + "-A ISTIO_OUTPUT -j RETURN\nCOMMIT\n";
        Assert.Equal(
            "*nat\n:ISTIO_OUTPUT - [0:0]\n-D OUTPUT -j ISTIO_OUTPUT\n-X ISTIO_OUTPUT\nCOMMIT\n",
            SavedRules.Parse(Saved).TransitionTo(null, new RedirectOptions()));
    }

    [Fact]
    public void TransitionTo_APlanWithFewerChains_RemovesTheOldOnes()
    {
        const string Saved =
            "*nat\n:ISTIO_OUTPUT - [0:0]\n:ISTIO_OUTPUT_DNS - [0:0]\n-A OUTPUT -j ISTIO_OUTPUT\n"
            + "-A ISTIO_OUTPUT -j ISTIO_OUTPUT_DNS\nCOMMIT\n";
        RedirectOptions options = new();
        string text = SavedRules.Parse(Saved).TransitionTo(IptablesPlan.Build(options, ipv6: false), options);
        Assert.EndsWith("-X ISTIO_OUTPUT_DNS\nCOMMIT\n", text, StringComparison.Ordinal);
        int deleted = text.IndexOf("-D OUTPUT -j ISTIO_OUTPUT\n", StringComparison.Ordinal);
        int added = text.IndexOf("-A OUTPUT -j ISTIO_OUTPUT\n", StringComparison.Ordinal);
        Assert.InRange(deleted, 0, added);
    }

    [Fact]
    public void TransitionTo_MarkRulesInMangle_AreKnownByTheirMark()
    {
        const string Saved =
            "*mangle\n:OUTPUT ACCEPT [0:0]\n"
            + "-A OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m owner --uid-owner 1337 -j MARK --set-xmark 0x53a/0xffffffff\n"
            + "-A OUTPUT -p tcp -m connmark --mark 0x539 -j CONNMARK --restore-mark\n"
            + "-A OUTPUT -p tcp -m mark --mark 0x5 -j ACCEPT\nCOMMIT\n";
        string text = SavedRules.Parse(Saved).TransitionTo(null, new RedirectOptions());
        Assert.Contains("--set-xmark 0x53a/0xffffffff\n", text, StringComparison.Ordinal);
        Assert.Contains("-D OUTPUT -p tcp -m connmark --mark 0x539", text, StringComparison.Ordinal);
        Assert.DoesNotContain("0x5 ", text, StringComparison.Ordinal);
    }
}
