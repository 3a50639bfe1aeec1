using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace FastMesh.Proxy.Redirect;

/// <summary>
/// What iptables-save said of one address family, and the one text that leads from there to a plan (or to nothing).
/// Pure, so that idempotency is proved without rights.
/// </summary>
internal sealed class SavedRules
{
    private static readonly string[] TableOrder = ["mangle", "nat", "raw"];

    private readonly Dictionary<string, List<string>> _rulesOf = [];
    private readonly Dictionary<string, List<string>> _chainsOf = [];

    /// <summary>Reads iptables-save's output; what is no table, chain or rule is skipped.</summary>
    public static SavedRules Parse(string text)
    {
        SavedRules saved = new();
        string table = string.Empty;
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.TrimEnd();
            if (line.StartsWith('*'))
            {
                table = line[1..];
                saved._rulesOf.TryAdd(table, []);
                saved._chainsOf.TryAdd(table, []);
            }
            else if (line.StartsWith(':') && table.Length > 0)
            {
                saved._chainsOf[table].Add(line[1..].Split(' ')[0]);
            }
            else if (line.StartsWith("-A ", StringComparison.Ordinal) && table.Length > 0)
            {
                saved._rulesOf[table].Add(line[3..]);
            }
        }

        return saved;
    }

    /// <summary>True when rules of any kind stand in any table.</summary>
    public bool Any => _rulesOf.Values.Any(rules => rules.Count > 0);

    /// <summary>True when something of ours stands there.</summary>
    public bool HasOurs(RedirectOptions options) =>
        TableOrder.Any(table => OurChains(table).Count > 0 || OurBuiltinRules(table, options, null).Count > 0);

    /// <summary>Rules that stand in our chains of one table.</summary>
    public int CountInOurChains(string table) =>
        Rules(table).Count(rule => rule.StartsWith(IptablesTable.ChainPrefix, StringComparison.Ordinal));

    /// <summary>
    /// Text for iptables-restore --noflush: takes away whatever of ours stands there, then writes the plan. Each table
    /// is one transaction, so no connection sees half of it. Empty when there is nothing to do.
    /// </summary>
    public string TransitionTo(IptablesPlan? plan, RedirectOptions options)
    {
        StringBuilder text = new();
        foreach (string name in TableOrder)
        {
            IptablesTable? wanted = plan?.Tables.FirstOrDefault(table => table.Name == name);
            List<string> chains = OurChains(name);
            List<string> builtin = OurBuiltinRules(name, options, wanted);
            if (wanted is null && chains.Count == 0 && builtin.Count == 0)
            {
                continue;
            }

            text.Append('*').Append(name).Append('\n');
            List<string> declared = wanted is null ? chains : [.. wanted.Chains.Union(chains)];
            foreach (string chain in declared)
            {
                // Declaring a chain that exists empties it.
                text.Append(CultureInfo.InvariantCulture, $":{chain} - [0:0]\n");
            }

            foreach (string rule in builtin)
            {
                text.Append("-D ").Append(rule).Append('\n');
            }

            foreach (IptablesRule rule in wanted?.Rules ?? [])
            {
                text.Append(rule.ToString()).Append('\n');
            }

            foreach (string chain in chains.Where(chain => wanted is null || !wanted.Chains.Contains(chain)))
            {
                text.Append("-X ").Append(chain).Append('\n');
            }

            text.Append("COMMIT\n");
        }

        return text.ToString();
    }

    private List<string> OurChains(string table) =>
        _chainsOf.TryGetValue(table, out List<string>? chains)
            ? [.. chains.Where(chain => chain.StartsWith(IptablesTable.ChainPrefix, StringComparison.Ordinal))]
            : [];

    // Rules of ours in the kernel's own chains: those that jump to our chains, carry TPROXY's marks, or are word for
    // word what the plan would write there (interface exclusions have no other sign).
    private List<string> OurBuiltinRules(string table, RedirectOptions options, IptablesTable? wanted)
    {
        string mark = Hex(options.TproxyMark);
        string outboundMark = Hex(options.TproxyMark + 1);
        HashSet<string> planned = wanted is null ? [] : [.. wanted.Rules.Select(rule => $"{rule.Chain} {rule.Text}")];
        foreach (string name in options.InterfacesExcluded.Concat(options.VirtualInterfaces))
        {
            planned.Add($"PREROUTING -i {name} -j RETURN");
            planned.Add($"OUTPUT -o {name} -j RETURN");
        }

        return [.. Rules(table).Where(rule =>
            !rule.StartsWith(IptablesTable.ChainPrefix, StringComparison.Ordinal)
            && (rule.Contains(" -j " + IptablesTable.ChainPrefix, StringComparison.Ordinal)
                || planned.Contains(rule)
                || (table == "mangle" && (Mentions(rule, mark) || Mentions(rule, outboundMark)))))];
    }

    private static bool Mentions(string rule, string word) =>
        rule.Split(' ').Any(part => part == word || part.StartsWith(word + "/", StringComparison.Ordinal));

    private List<string> Rules(string table) => _rulesOf.TryGetValue(table, out List<string>? rules) ? rules : [];

    private static string Hex(int mark) => "0x" + mark.ToString("x", CultureInfo.InvariantCulture);
}
