using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Authority to virtual host, in Envoy's order: the exact domain, the longest suffix wildcard (<c>*.a.example</c>),
/// the longest prefix wildcard (<c>a.*</c>), then <c>*</c>. ASCII case does not count; a wildcard stands for at
/// least one character.
/// </summary>
internal sealed class HostTable
{
    /// <summary>Longest domain in bytes; a DNS name has at most 253, and a port may follow.</summary>
    public const int DomainBytesMax = 1024;

    private readonly SpanTable _exact;
    private readonly int[] _exactHosts;
    private readonly ByteTrie _suffixes;
    private readonly int[] _suffixHosts;
    private readonly int _suffixLengthMax;
    private readonly ByteTrie _prefixes;
    private readonly int[] _prefixHosts;
    private readonly int _any = -1;
    private readonly bool _ignorePort;

    /// <summary>Compiles the domains of a table.</summary>
    /// <param name="table">The model.</param>
    /// <param name="problems">Takes what is wrong: bad and repeated domains.</param>
    public HostTable(RouteConfiguration table, List<ConfigProblem> problems)
    {
        _ignorePort = table.IgnorePortInHostMatching;
        DomainSet exact = new();
        DomainSet suffixes = new();
        DomainSet prefixes = new();
        for (int host = 0; host < table.VirtualHosts.Count; host++)
        {
            IReadOnlyList<string> domains = table.VirtualHosts[host].Domains;
            if (domains.Count == 0)
            {
                problems.Add(new ConfigProblem(PathOf(host), "has no domains; give at least one, or \"*\""));
            }

            for (int i = 0; i < domains.Count; i++)
            {
                string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf(host)}.domains[{i}]");
                if (domains[i] == "*")
                {
                    if (_any >= 0)
                    {
                        problems.Add(Repeated(path, domains[i]));
                    }

                    _any = host;
                }
                else if (!Place(domains[i], host, exact, suffixes, prefixes, out string problem))
                {
                    problems.Add(new ConfigProblem(path, problem));
                }
            }
        }

        _exact = new SpanTable(exact.Keys, fold: true);
        _exactHosts = exact.Hosts.ToArray();
        _suffixes = new ByteTrie(suffixes.Keys, fold: true);
        _suffixHosts = suffixes.Hosts.ToArray();
        _suffixLengthMax = suffixes.LengthMax;
        _prefixes = new ByteTrie(prefixes.Keys, fold: true);
        _prefixHosts = prefixes.Hosts.ToArray();
    }

    /// <summary>The index of the virtual host of an authority, or -1.</summary>
    /// <param name="authority">As sent: any case, with or without a port.</param>
    public int Find(ReadOnlySpan<byte> authority)
    {
        ReadOnlySpan<byte> host = _ignorePort ? WithoutPort(authority) : authority;
        if (_exactHosts.Length > 0)
        {
            int found = _exact.Find(host);
            if (found >= 0)
            {
                return _exactHosts[found];
            }
        }

        if (!_suffixes.IsEmpty)
        {
            int found = FindSuffix(host);
            if (found >= 0)
            {
                return _suffixHosts[found];
            }
        }

        if (!_prefixes.IsEmpty)
        {
            int found = _prefixes.FindLongestProper(host);
            if (found >= 0)
            {
                return _prefixHosts[found];
            }
        }

        return _any;
    }

    /// <summary>The host of an authority; the colons of a bracketed IPv6 address are not the port's.</summary>
    public static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> authority)
    {
        int colon = authority.LastIndexOf((byte)':');
        return colon < 0 || authority[colon..].Contains((byte)']') ? authority : authority[..colon];
    }

    private int FindSuffix(ReadOnlySpan<byte> host)
    {
        // One byte more than the longest suffix tells that the wildcard stands for at least one character.
        int length = Math.Min(host.Length, _suffixLengthMax + 1);
        Span<byte> reversed = stackalloc byte[length];
        for (int i = 0; i < length; i++)
        {
            reversed[i] = host[host.Length - 1 - i];
        }

        return _suffixes.FindLongestProper(reversed);
    }

    private static bool Place(
        string domain, int host, DomainSet exact, DomainSet suffixes, DomainSet prefixes, out string problem)
    {
        byte[] key = AsciiFold.ToLower(Encoding.UTF8.GetBytes(domain));
        int star = Array.IndexOf(key, (byte)'*');
        DomainSet set = exact;
        if (key.Length == 0 || key.Length > DomainBytesMax)
        {
            problem = key.Length == 0
                ? "the domain is empty"
                : string.Create(CultureInfo.InvariantCulture, $"the domain is longer than {DomainBytesMax} bytes");
            return false;
        }

        if (star >= 0)
        {
            bool isSuffix = star == 0;
            if ((!isSuffix && star != key.Length - 1) || Array.IndexOf(key, (byte)'*', star + 1) >= 0)
            {
                problem = $"\"{domain}\" has * in the middle; only one, at the start or the end, is allowed";
                return false;
            }

            key = isSuffix ? key[1..] : key[..^1];
            if (isSuffix)
            {
                Array.Reverse(key);
            }

            set = isSuffix ? suffixes : prefixes;
        }

        problem = $"\"{domain}\" occurs twice; a domain belongs to one virtual host only";
        return set.TryAdd(key, host);
    }

    private static ConfigProblem Repeated(string path, string domain) =>
        new(path, $"\"{domain}\" occurs twice; a domain belongs to one virtual host only");

    private static string PathOf(int host) => string.Create(CultureInfo.InvariantCulture, $"virtual_hosts[{host}]");

    private sealed class DomainSet
    {
        private readonly HashSet<string> _seen = [];

        public List<byte[]> Keys { get; } = [];

        public List<int> Hosts { get; } = [];

        public int LengthMax { get; private set; }

        public bool TryAdd(byte[] key, int host)
        {
            if (!_seen.Add(Encoding.Latin1.GetString(key)))
            {
                return false;
            }

            Keys.Add(key);
            Hosts.Add(host);
            LengthMax = Math.Max(LengthMax, key.Length);
            return true;
        }
    }
}
