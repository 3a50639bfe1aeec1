using System;
using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Proxy.Redirect;

/// <summary>Reads lists of ports, ranges, owners and interfaces; collects every problem instead of the first.</summary>
internal sealed class RedirectOptionsReader
{
    private const int PortMost = 65535;
    private const int InterfaceNameMost = 16;

    /// <summary>Problems so far, each naming the flag.</summary>
    public List<string> Problems { get; } = [];

    public int Port(string flag, string text) => Number(flag, text, 1, PortMost, "a port from 1 to 65535");

    public int Number(string flag, string text, int least, int most, string what)
    {
        if (!Numbers.TryRead(text, least, most, out int value))
        {
            Problems.Add($"{flag}: \"{text}\" is not {what}");
        }

        return value;
    }

    /// <summary>"*" is null (all), empty is none, else a list of ports.</summary>
    public IReadOnlyList<int>? PortsOrAll(string flag, string text) => text == "*" ? null : Ports(flag, text);

    public IReadOnlyList<int> Ports(string flag, string text) => [.. Parts(text).Select(part => Port(flag, part))];

    public IReadOnlyList<Cidr>? RangesOrAll(string flag, string text) => text == "*" ? null : Ranges(flag, text);

    public IReadOnlyList<Cidr> Ranges(string flag, string text)
    {
        List<Cidr> ranges = [];
        foreach (string part in Parts(text))
        {
            if (Cidr.TryParse(part, out Cidr range))
            {
                ranges.Add(range);
            }
            else
            {
                Problems.Add($"{flag}: \"{part}\" is not an address range such as 10.0.0.0/8 or fd00::/8");
            }
        }

        return ranges;
    }

    /// <summary>User or group ids, or names as the system knows them.</summary>
    public IReadOnlyList<string> Owners(string flag, string text)
    {
        List<string> owners = [.. Parts(text)];
        foreach (string owner in owners.Where(owner => !IsName(owner, "_-.")))
        {
            Problems.Add($"{flag}: \"{owner}\" is not a user or group");
        }

        return owners;
    }

    public IReadOnlyList<string> Interfaces(string flag, string text)
    {
        List<string> names = [.. Parts(text)];
        foreach (string name in names.Where(name => name.Length >= InterfaceNameMost || !IsName(name, "_-.+@:")))
        {
            Problems.Add($"{flag}: \"{name}\" is not an interface name");
        }

        return names;
    }

    public InterceptionMode Mode(string flag, string text)
    {
        if (string.Equals(text, "TPROXY", StringComparison.OrdinalIgnoreCase))
        {
            return InterceptionMode.Tproxy;
        }

        if (!string.Equals(text, "REDIRECT", StringComparison.OrdinalIgnoreCase))
        {
            Problems.Add($"{flag}: \"{text}\" is neither REDIRECT nor TPROXY");
        }

        return InterceptionMode.Redirect;
    }

    /// <summary>A file, or a name of <c>ip netns</c>; empty is the process's own.</summary>
    public NetworkNamespace Namespace(string flag, string text)
    {
        if (!NetworkNamespace.TryFind(text, out NetworkNamespace found))
        {
            Problems.Add($"{flag}: there is no network namespace \"{text}\"");
        }

        return found;
    }

    /// <summary>A flag of istio-iptables that this version does not have.</summary>
    public void Refuse(string flag, bool given, string why)
    {
        if (given)
        {
            Problems.Add($"{flag} is not supported: {why}");
        }
    }

    private static bool IsName(string text, string others) =>
        text.Length > 0 && text[0] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || others.Contains(c));

    private static string[] Parts(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
