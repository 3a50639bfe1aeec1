using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace FastMesh.Proxy.Redirect;

/// <summary>
/// Options in, rules out; nothing is read or run. Chains, their order and every flag are istio-iptables', so that
/// other tools of a mesh recognise them.
/// </summary>
/// <remarks>
/// Why the loopback rules of ISTIO_OUTPUT stand in this order: an application that calls its own service address
/// must come in through the inbound listener (policy applies), one that calls localhost must not, and the proxy's
/// own connections must never be captured again. The proxy is told by its user or group, and by the address
/// 127.0.0.6 it binds when it connects to the application.
/// </remarks>
internal sealed class IptablesPlan
{
    private const string Inbound = "ISTIO_INBOUND";
    private const string InRedirect = "ISTIO_IN_REDIRECT";
    private const string Output = "ISTIO_OUTPUT";
    private const string Redirect = "ISTIO_REDIRECT";
    private const string OutputDns = "ISTIO_OUTPUT_DNS";
    private const string Divert = "ISTIO_DIVERT";
    private const string Tproxy = "ISTIO_TPROXY";
    private const string Drop = "ISTIO_DROP";

    private readonly RedirectOptions _options;
    private readonly bool _ipv6;
    private readonly string _localhost;
    private readonly string _inboundSource;
    private readonly IptablesTable _mangle = new("mangle");
    private readonly IptablesTable _nat = new("nat");
    private readonly IptablesTable _raw = new("raw");

    private IptablesPlan(RedirectOptions options, bool ipv6)
    {
        _options = options;
        _ipv6 = ipv6;
        _localhost = ipv6 ? "::1/128" : "127.0.0.1/32";
        _inboundSource = ipv6 ? "::6/128" : "127.0.0.6/32";
    }

    public bool IsIPv6 => _ipv6;

    /// <summary>The tables that get rules, in the order in which they are applied.</summary>
    public IReadOnlyList<IptablesTable> Tables { get; private set; } = [];

    /// <summary>Arguments for <c>ip</c>: the policy routing that TPROXY needs, "rule" first, then "route".</summary>
    public IReadOnlyList<string> PolicyRouting { get; private set; } = [];

    /// <summary>The rules of one address family.</summary>
    public static IptablesPlan Build(RedirectOptions options, bool ipv6)
    {
        IptablesPlan plan = new(options, ipv6);
        plan.ExcludeInterfaces();
        plan.DropInvalid();
        plan.Ports();
        plan.CaptureInbound();
        plan.LetPassOutbound();
        plan.CaptureDns();
        plan.CaptureOutbound();
        plan.MarkForTproxy();
        plan.Tables = [.. new[] { plan._mangle, plan._nat, plan._raw }.Where(table => table.Rules.Count > 0)];
        return plan;
    }

    /// <summary>All tables as text for iptables-restore --noflush.</summary>
    public string Render()
    {
        StringBuilder text = new();
        foreach (IptablesTable table in Tables)
        {
            table.Write(text);
        }

        return text.ToString();
    }

    private void ExcludeInterfaces()
    {
        foreach (string name in _options.InterfacesExcluded)
        {
            _nat.Append("PREROUTING", $"-i {name} -j RETURN");
            _nat.Append("OUTPUT", $"-o {name} -j RETURN");
            if (_options.Mode == InterceptionMode.Tproxy)
            {
                _mangle.Append("PREROUTING", $"-i {name} -j RETURN");
                _mangle.Append("OUTPUT", $"-o {name} -j RETURN");
            }
        }

        foreach (string name in _options.VirtualInterfaces)
        {
            _nat.Insert("PREROUTING", $"-i {name} -j RETURN");
        }
    }

    private void DropInvalid()
    {
        if (_options.DropInvalid)
        {
            _mangle.Append("PREROUTING", $"-m conntrack --ctstate INVALID -j {Drop}");
            _mangle.Append(Drop, "-j DROP");
        }
    }

    private void Ports()
    {
        _nat.Append(Inbound, $"-p tcp --dport {Text(_options.TunnelPort)} -j RETURN");
        _nat.Append(Redirect, $"-p tcp -j REDIRECT --to-ports {Text(_options.OutboundPort)}");
        _nat.Append(InRedirect, $"-p tcp -j REDIRECT --to-ports {Text(_options.InboundPort)}");
    }

    private void CaptureInbound()
    {
        if (_options.InboundPorts is { Count: 0 })
        {
            return;
        }

        bool tproxy = _options.Mode == InterceptionMode.Tproxy;
        IptablesTable table = tproxy ? _mangle : _nat;
        if (tproxy)
        {
            _mangle.Append(Divert, $"-j MARK --set-mark {Text(_options.TproxyMark)}");
            _mangle.Append(Divert, "-j ACCEPT");
            _mangle.Append(
                Tproxy,
                $"! -d {_localhost} -p tcp -j TPROXY --tproxy-mark {Text(_options.TproxyMark)}/0xffffffff"
                + $" --on-port {Text(_options.InboundPort)}");
            string family = _ipv6 ? "-6 " : string.Empty;
            string table133 = Text(_options.TproxyRouteTable);
            PolicyRouting =
            [
                $"{family}rule add fwmark {Text(_options.TproxyMark)} lookup {table133}",
                $"{family}route add local default dev lo table {table133}",
            ];
        }

        table.Append("PREROUTING", $"-p tcp -j {Inbound}");
        if (_options.InboundPorts is null)
        {
            foreach (int port in _options.InboundPortsExcluded)
            {
                table.Append(Inbound, $"-p tcp --dport {Text(port)} -j RETURN");
            }

            CaptureInboundPort(table, tproxy, string.Empty);
            return;
        }

        foreach (int port in _options.InboundPorts)
        {
            CaptureInboundPort(table, tproxy, $" --dport {Text(port)}");
        }
    }

    private static void CaptureInboundPort(IptablesTable table, bool tproxy, string port)
    {
        if (!tproxy)
        {
            table.Append(Inbound, $"-p tcp{port} -j {InRedirect}");
            return;
        }

        table.Append(Inbound, $"-p tcp{port} -m conntrack --ctstate RELATED,ESTABLISHED -j {Divert}");
        table.Append(Inbound, $"-p tcp{port} -j {Tproxy}");
    }

    private void LetPassOutbound()
    {
        _nat.Append("OUTPUT", $"-j {Output}");
        foreach (int port in _options.OutboundPortsExcluded)
        {
            _nat.Append(Output, $"-p tcp --dport {Text(port)} -j RETURN");
            _nat.Append(Output, $"-p udp --dport {Text(port)} -j RETURN");
        }

        _nat.Append(Output, $"-o lo -s {_inboundSource} -j RETURN");
        foreach (string owner in Owners())
        {
            LetPassOwner(owner);
        }

        foreach (string group in _options.OwnerGroupsExcluded)
        {
            _nat.Append(Output, $"-m owner --gid-owner {group} -j RETURN");
        }

        if (_options.OwnerGroups is not null)
        {
            string noneOf = string.Concat(_options.OwnerGroups.Select(group => $"-m owner ! --gid-owner {group} "));
            _nat.Append(Output, noneOf + "-j RETURN");
        }
    }

    private void LetPassOwner(string owner)
    {
        string tunnel = Text(_options.TunnelPort);
        string otherPorts = _options.RedirectDns ? $"-m multiport ! --dports 53,{tunnel}" : $"! --dport {tunnel}";
        _nat.Append(Output, $"-o lo ! -d {_localhost} -p tcp {otherPorts} -m owner --{owner} -j {InRedirect}");

        // Whoever asks for loopback ranges to be captured wants the application's calls to itself captured too.
        if (_options.OutboundRanges is null || !_options.OutboundRanges.Any(range => range.IsLoopback))
        {
            string notDns = _options.RedirectDns ? "-p tcp ! --dport 53 " : string.Empty;
            _nat.Append(Output, $"-o lo {notDns}-m owner ! --{owner} -j RETURN");
        }

        _nat.Append(Output, $"-m owner --{owner} -j RETURN");
    }

    private void CaptureDns()
    {
        if (!_options.RedirectDns)
        {
            return;
        }

        _nat.Append(Output, $"-j {OutputDns}");
        List<string> resolvers = [.. Resolvers()];
        foreach (string protocol in new[] { "tcp", "udp" })
        {
            foreach (string resolver in resolvers)
            {
                string to = resolver.Length == 0 ? string.Empty : $" -d {resolver}";
                _nat.Append(OutputDns, $"-p {protocol} --dport 53{to} -j REDIRECT --to-ports {Text(_options.DnsPort)}");
            }
        }

        // Two conntrack zones keep the application's question and the proxy's own from being taken for one flow.
        _raw.Append("OUTPUT", $"-j {OutputDns}");
        foreach (string owner in Owners())
        {
            _raw.Append(OutputDns, $"-p udp --dport 53 -m owner --{owner} -j CT --zone 1");
            _raw.Append(OutputDns, $"-p udp --sport {Text(_options.DnsPort)} -m owner --{owner} -j CT --zone 2");
        }

        _raw.Append("PREROUTING", $"-j {Inbound}");
        foreach (string resolver in resolvers)
        {
            string to = resolver.Length == 0 ? string.Empty : $" -d {resolver}";
            string from = resolver.Length == 0 ? string.Empty : $" -s {resolver}";
            _raw.Append(OutputDns, $"-p udp --dport 53{to} -j CT --zone 2");
            _raw.Append(Inbound, $"-p udp --sport 53{from} -j CT --zone 1");
        }
    }

    private void CaptureOutbound()
    {
        _nat.Append(Output, $"-d {_localhost} -j RETURN");
        foreach (Cidr range in OfFamily(_options.OutboundRangesExcluded))
        {
            _nat.Append(Output, $"-d {range} -j RETURN");
        }

        foreach (int port in _options.OutboundPorts)
        {
            _nat.Append(Output, $"-p tcp --dport {Text(port)} -j {Redirect}");
        }

        if (_options.OutboundRanges is null)
        {
            _nat.Append(Output, $"-j {Redirect}");
            foreach (string name in _options.VirtualInterfaces)
            {
                _nat.Insert("PREROUTING", $"-i {name} -j {Redirect}");
            }

            return;
        }

        foreach (Cidr range in OfFamily(_options.OutboundRanges))
        {
            foreach (string name in _options.VirtualInterfaces)
            {
                _nat.Insert("PREROUTING", $"-d {range} -i {name} -j {Redirect}");
            }

            _nat.Append(Output, $"-d {range} -j {Redirect}");
        }
    }

    private void MarkForTproxy()
    {
        if (_options.Mode != InterceptionMode.Tproxy)
        {
            return;
        }

        string mark = Text(_options.TproxyMark);
        string outboundMark = Text(_options.TproxyMark + 1);
        _mangle.Append("PREROUTING", $"-p tcp -m mark --mark {mark} -j CONNMARK --save-mark");
        _mangle.Append("OUTPUT", $"-p tcp -o lo -m mark --mark {mark} -j RETURN");
        foreach (string owner in Owners())
        {
            _mangle.Append(
                "OUTPUT", $"! -d {_localhost} -p tcp -o lo -m owner --{owner} -j MARK --set-mark {outboundMark}");
        }

        _mangle.Append("OUTPUT", $"-p tcp -m connmark --mark {mark} -j CONNMARK --restore-mark");

        // Inserted at the head one after the other, so the last written is the first to match.
        _mangle.Insert(Inbound, $"-p tcp -i lo -m mark ! --mark {outboundMark} -j RETURN");
        _mangle.Insert(Inbound, $"-p tcp -s {_inboundSource} -i lo -j RETURN");
        _mangle.Insert(Inbound, $"-p tcp -m mark --mark {mark} -j RETURN");
    }

    private IEnumerable<string> Owners() =>
        _options.ProxyUids.Select(uid => "uid-owner " + uid)
            .Concat(_options.ProxyGids.Select(gid => "gid-owner " + gid));

    // An empty text stands for "any resolver".
    private IEnumerable<string> Resolvers() =>
        _options.CaptureAllDns ? [string.Empty] : OfFamily(_options.DnsServers).Select(range => range.ToString());

    private IEnumerable<Cidr> OfFamily(IReadOnlyList<Cidr> ranges) => ranges.Where(range => range.IsIPv6 == _ipv6);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
