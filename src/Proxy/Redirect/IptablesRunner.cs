using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace FastMesh.Proxy.Redirect;

/// <summary>How a change of the rules went; <see cref="ExitCode"/> is the process's.</summary>
internal readonly record struct RedirectOutcome(int ExitCode, string Message);

/// <summary>
/// Brings the kernel from whatever stands there to a plan, by iptables-restore --noflush. Applying twice changes
/// nothing; removing leaves nothing.
/// </summary>
internal sealed class IptablesRunner
{
    private const string LockWaitSeconds = "10";

    private readonly RunCommand _run;
    private readonly RedirectOptions _options;

    public IptablesRunner(RedirectOptions options, RunCommand run)
    {
        _options = options;
        _run = run;
    }

    public async Task<RedirectOutcome> ApplyAsync(bool withIPv6)
    {
        List<string> done = [];
        foreach (bool ipv6 in withIPv6 ? new[] { false, true } : [false])
        {
            (string? backEnd, RedirectOutcome refused) = await ChooseBackEndAsync(ipv6);
            if (backEnd is null)
            {
                return refused;
            }

            RedirectOutcome outcome = await ApplyFamilyAsync(IptablesPlan.Build(_options, ipv6), backEnd);
            if (outcome.ExitCode != ExitCodes.Fine)
            {
                return outcome;
            }

            done.Add(backEnd);
        }

        return new RedirectOutcome(ExitCodes.Fine, "applied with " + string.Join(" and ", done));
    }

    /// <summary>Takes our rules out of every back end there is, for both families.</summary>
    public async Task<RedirectOutcome> RemoveAsync()
    {
        int found = 0;
        int backEnds = 0;
        foreach (bool ipv6 in new[] { false, true })
        {
            string? refusal = null;
            foreach (string backEnd in BackEnds(ipv6))
            {
                CommandResult saved = await _run(backEnd + "-save", [], null);
                if (IsDenied(saved.Error))
                {
                    return Refused(backEnd, saved.Error);
                }

                if (!saved.Ok)
                {
                    refusal ??= IsMissing(saved) ? null : saved.Error;
                    continue;
                }

                backEnds++;
                string text = SavedRules.Parse(saved.Output).TransitionTo(null, _options);
                if (text.Length == 0)
                {
                    continue;
                }

                CommandResult restored = await RestoreAsync(backEnd, text);
                if (!restored.Ok)
                {
                    return Refused(backEnd, restored.Error);
                }

                found++;
            }

            if (refusal is not null && backEnds == 0)
            {
                return Refused(ipv6 ? "ip6tables" : "iptables", refusal);
            }

            await RemoveRoutingAsync(ipv6);
        }

        return backEnds == 0
            ? Refused("iptables", "iptables-save is not installed")
            : new RedirectOutcome(ExitCodes.Fine, found == 0 ? "nothing to remove" : "removed");
    }

    private async Task<RedirectOutcome> ApplyFamilyAsync(IptablesPlan plan, string backEnd)
    {
        CommandResult saved = await _run(backEnd + "-save", [], null);
        if (!saved.Ok)
        {
            return Refused(backEnd, saved.Error);
        }

        string text = SavedRules.Parse(saved.Output).TransitionTo(plan, _options);
        CommandResult restored = await RestoreAsync(backEnd, text);
        if (!restored.Ok)
        {
            return Refused(backEnd, restored.Error);
        }

        CommandResult check = await _run(backEnd + "-save", [], null);
        SavedRules now = SavedRules.Parse(check.Output);
        foreach (IptablesTable table in plan.Tables)
        {
            int wanted = table.Rules.Count(
                rule => rule.Chain.StartsWith(IptablesTable.ChainPrefix, StringComparison.Ordinal));
            int there = now.CountInOurChains(table.Name);
            if (there != wanted)
            {
                return new RedirectOutcome(
                    ExitCodes.Failed,
                    $"{backEnd}: table {table.Name} has {there} rules of ours after applying, expected {wanted}");
            }
        }

        return await ApplyRoutingAsync(plan);
    }

    private async Task<RedirectOutcome> ApplyRoutingAsync(IptablesPlan plan)
    {
        await RemoveRoutingAsync(plan.IsIPv6);
        foreach (string arguments in plan.PolicyRouting)
        {
            CommandResult result = await _run("ip", arguments.Split(' '), null);
            if (!result.Ok)
            {
                return Refused("ip " + arguments, result.Error);
            }
        }

        return new RedirectOutcome(ExitCodes.Fine, string.Empty);
    }

    // Deleting what is not there fails; that is no trouble.
    private async Task RemoveRoutingAsync(bool ipv6)
    {
        string[] family = ipv6 ? ["-6"] : [];
        string mark = Invariant(_options.TproxyMark);
        string table = Invariant(_options.TproxyRouteTable);
        await _run("ip", [.. family, "rule", "del", "fwmark", mark, "lookup", table], null);
        await _run("ip", [.. family, "route", "del", "local", "default", "dev", "lo", "table", table], null);
    }

    // A host may have both back ends, and rules in one are not seen by the other. Ours go where rules stand already,
    // else where the host's plain iptables command leads.
    private async Task<(string? BackEnd, RedirectOutcome Refused)> ChooseBackEndAsync(bool ipv6)
    {
        string? chosen = null;
        string? refusal = null;
        foreach (string backEnd in BackEnds(ipv6))
        {
            CommandResult saved = await _run(backEnd + "-save", [], null);
            if (IsDenied(saved.Error))
            {
                // The legacy back end reads without rights and fails only when it writes.
                return (null, Refused(backEnd, saved.Error));
            }

            if (!saved.Ok)
            {
                refusal = refusal is null || !IsMissing(saved) ? saved.Error : refusal;
                continue;
            }

            SavedRules rules = SavedRules.Parse(saved.Output);
            if (rules.HasOurs(_options))
            {
                return (backEnd, default);
            }

            chosen = chosen is null || (rules.Any && !await HasRulesAsync(chosen)) ? backEnd : chosen;
        }

        string name = ipv6 ? "ip6tables" : "iptables";
        return (chosen, chosen is null ? Refused(name, refusal ?? name + " is not installed") : default);
    }

    private async Task<bool> HasRulesAsync(string backEnd) =>
        SavedRules.Parse((await _run(backEnd + "-save", [], null)).Output).Any;

    private static string[] BackEnds(bool ipv6) =>
        ipv6 ? ["ip6tables", "ip6tables-nft", "ip6tables-legacy"] : ["iptables", "iptables-nft", "iptables-legacy"];

    private Task<CommandResult> RestoreAsync(string backEnd, string text) =>
        _run(backEnd + "-restore", ["--noflush", "-w", LockWaitSeconds], text);

    private static bool IsMissing(CommandResult result) => result.ExitCode == CommandResult.NotFound;

    private static RedirectOutcome Refused(string tool, string error)
    {
        string mend = error switch
        {
            _ when Says(error, "not installed") => "install it: apt-get install iptables iproute2",
            _ when IsDenied(error) => "run as root, or with CAP_NET_ADMIN and CAP_NET_RAW",
            _ when Says(error, "does not exist") || Says(error, "unable to initialize") || Says(error, "No such file") || Says(error, "not supported") =>
                "the kernel lacks a table or a match: load nf_nat, xt_owner, xt_REDIRECT (and xt_TPROXY, xt_CT)",
            _ => string.Empty,
        };
        return mend.Length == 0
            ? new RedirectOutcome(ExitCodes.Failed, $"{tool}: {error}")
            : new RedirectOutcome(ExitCodes.MissingRight, $"{tool}: {error}; {mend}");
    }

    private static bool IsDenied(string error) =>
        Says(error, "ermission denied") || Says(error, "not permitted") || Says(error, "must be root");

    private static bool Says(string error, string words) => error.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static string Invariant(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
