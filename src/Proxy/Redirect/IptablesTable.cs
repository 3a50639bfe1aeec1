using System.Collections.Generic;
using System.Text;

namespace FastMesh.Proxy.Redirect;

/// <summary>One rule as iptables-restore reads it, without the "-A CHAIN" in front.</summary>
/// <param name="Chain">The chain it stands in.</param>
/// <param name="Text">Matches and target.</param>
/// <param name="AtHead">Insert at the head instead of appending; rules are written in the order of insertion.</param>
internal readonly record struct IptablesRule(string Chain, string Text, bool AtHead = false)
{
    public override string ToString() => AtHead ? $"-I {Chain} 1 {Text}" : $"-A {Chain} {Text}";
}

/// <summary>The chains and rules that one table gets.</summary>
internal sealed class IptablesTable
{
    /// <summary>Every chain of ours starts so; a rule that jumps to one is ours.</summary>
    public const string ChainPrefix = "ISTIO_";

    private readonly List<string> _chains = [];
    private readonly List<IptablesRule> _rules = [];

    public IptablesTable(string name)
    {
        Name = name;
    }

    public string Name { get; }

    /// <summary>The chains to make, in the order of first use.</summary>
    public IReadOnlyList<string> Chains => _chains;

    public IReadOnlyList<IptablesRule> Rules => _rules;

    public void Append(string chain, string text) => Add(new IptablesRule(chain, text));

    public void Insert(string chain, string text) => Add(new IptablesRule(chain, text, AtHead: true));

    /// <summary>The table alone, as <c>show</c> prints it and iptables-restore --noflush takes it.</summary>
    public void Write(StringBuilder text)
    {
        text.Append('*').Append(Name).Append('\n');
        foreach (string chain in _chains)
        {
            text.Append(':').Append(chain).Append(" - [0:0]\n");
        }

        foreach (IptablesRule rule in _rules)
        {
            text.Append(rule.ToString()).Append('\n');
        }

        text.Append("COMMIT\n");
    }

    private void Add(IptablesRule rule)
    {
        Declare(rule.Chain);
        int jump = rule.Text.IndexOf("-j " + ChainPrefix, System.StringComparison.Ordinal);
        if (jump >= 0)
        {
            string target = rule.Text[(jump + 3)..];
            int end = target.IndexOf(' ');
            Declare(end < 0 ? target : target[..end]);
        }

        _rules.Add(rule);
    }

    private void Declare(string chain)
    {
        if (chain.StartsWith(ChainPrefix, System.StringComparison.Ordinal) && !_chains.Contains(chain))
        {
            _chains.Add(chain);
        }
    }
}
