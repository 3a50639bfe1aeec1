using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Threading.Tasks;
using FastMesh.Proxy.Redirect;

namespace FastMesh.Proxy.Commands;

/// <summary><c>fastmesh redirect apply|remove|show</c> with istio-iptables' flags.</summary>
internal sealed class RedirectCommand
{
    private const int MarkMost = int.MaxValue - 1;
    private const int RouteTableMost = int.MaxValue;

    private readonly Option<string> _outboundPort = Text("--envoy-port", "15001", "Port of the outbound listener.", "-p");
    private readonly Option<string> _inboundPort =
        Text("--inbound-capture-port", "15006", "Port of the inbound listener.", "-z");

    private readonly Option<string> _tunnelPort =
        Text("--inbound-tunnel-port", "15008", "Tunnel port, never captured.", "-e");

    private readonly Option<string> _uids = Text("--proxy-uid", "1337", "Users whose traffic is never captured.", "-u");
    private readonly Option<string> _gids = Text("--proxy-gid", "1337", "Groups whose traffic is never captured.", "-g");
    private readonly Option<string> _mode =
        Text("--istio-inbound-interception-mode", "REDIRECT", "REDIRECT or TPROXY.", "-m");

    private readonly Option<string> _inboundPorts =
        Text("--istio-inbound-ports", "*", "Inbound ports to capture, or * for all; empty for none.", "-b");

    private readonly Option<string> _inboundExcluded =
        Text("--istio-local-exclude-ports", "15090,15021,15020", "Inbound ports left alone when all are captured.", "-d");

    private readonly Option<string> _ranges =
        Text("--istio-service-cidr", "*", "Outbound ranges to capture, or * for all; empty for none.", "-i");

    private readonly Option<string> _rangesExcluded =
        Text("--istio-service-exclude-cidr", "", "Outbound ranges left alone.", "-x");

    private readonly Option<string> _outboundPorts =
        Text("--istio-outbound-ports", "", "Outbound ports captured whatever the range.", "-q");

    private readonly Option<string> _outboundExcluded =
        Text("--istio-local-outbound-ports-exclude", "", "Outbound ports left alone.", "-o");

    private readonly Option<string> _virtual =
        Text("--kube-virt-interfaces", "", "Interfaces whose inbound traffic counts as outbound.", "-k");

    private readonly Option<string> _interfacesExcluded =
        Text("--istio-exclude-interfaces", "", "Interfaces left alone.", "-c");

    private readonly Option<string> _groups =
        Text("--outbound-owner-groups", "*", "Groups whose outbound traffic is captured, or * for all.");

    private readonly Option<string> _groupsExcluded =
        Text("--outbound-owner-groups-exclude", "", "Groups whose outbound traffic is left alone.");

    private readonly Option<string> _mark = Text("--istio-inbound-tproxy-mark", "1337", "Mark used by TPROXY.", "-t");
    private readonly Option<string> _routeTable =
        Text("--istio-inbound-tproxy-route-table", "133", "Routing table used by TPROXY.", "-r");

    private readonly Option<bool> _redirectDns = new("--redirect-dns") { Description = "Send DNS to port 15053." };
    private readonly Option<bool> _captureAllDns = new("--capture-all-dns")
    {
        Description = "With --redirect-dns: every resolver's traffic, not only that of /etc/resolv.conf.",
    };

    private readonly Option<bool> _dropInvalid = new("--drop-invalid")
    {
        Description = "Drop packets that belong to no connection instead of resetting it.",
    };

    private readonly Option<bool> _dualStack = new("--dual-stack")
    {
        Description = "Write the IPv6 rules even where this host has no IPv6 address of its own.",
    };

    private readonly Option<string> _namespace = Text(
        "--network-namespace", "", "Network namespace of the rules: a file, or a name of ip netns; empty is this one.");

    private readonly Option<bool> _validate = new("--run-validation")
    {
        Description = "Try the rules once they stand; the inbound capture port must be free.",
    };

    private readonly Option<bool> _skipApply = new("--skip-rule-apply")
    {
        Description = "Change no rules; with --run-validation try those that stand.",
    };

    private readonly Option<bool> _cleanupOnly = new("--cleanup-only") { Description = "As remove." };
    private readonly Option<bool> _reconcile = new("--reconcile")
    {
        Description = "Replace rules that differ; apply always does.",
    };

    private readonly Option<bool> _force = new("--force-apply")
    {
        Description = "Write the rules even where some stand; apply always does.",
    };

    private readonly Option<bool> _nftables = new("--native-nftables")
    {
        Description = "Refused: rules go through iptables-restore, whose nft back end is used where it is there.",
    };

    private RedirectCommand()
    {
    }

    public static void Build(Command command)
    {
        RedirectCommand redirect = new();
        redirect.Add(command, "apply", "Write the rules; what stands there already is replaced.", redirect.ApplyAsync);
        redirect.Add(command, "remove", "Take every rule and chain of ours away.", redirect.RemoveAsync);
        redirect.Add(command, "show", "Print the rules that apply would write; needs no rights.", redirect.ShowAsync);
    }

    private void Add(
        Command parent, string name, string description, Func<RedirectOptions, TextWriter, TextWriter, Task<int>> run)
    {
        Command command = new(name, description);
        foreach (Option option in Options())
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            RedirectOptionsReader reader = new();
            RedirectOptions options = Read(parsed, reader);
            foreach (string problem in reader.Problems)
            {
                await error.WriteLineAsync("fastmesh redirect: " + problem);
            }

            return reader.Problems.Count > 0
                ? ExitCodes.Usage
                : await run(options, parsed.InvocationConfiguration.Output, error);
        });
        parent.Subcommands.Add(command);
    }

    private async Task<int> ApplyAsync(RedirectOptions options, TextWriter output, TextWriter error)
    {
        if (options.CleanupOnly)
        {
            return await RemoveAsync(options, output, error);
        }

        RunCommand run = options.Namespace.Runner;
        bool withIPv6 = options.DualStack || await HasIPv6Async(options, run);
        if (options.RedirectDns)
        {
            await error.WriteLineAsync(
                "fastmesh redirect: DNS is sent to port 15053, where this version of the proxy does not listen");
        }

        RedirectOutcome outcome = options.SkipRuleApply
            ? new RedirectOutcome(ExitCodes.Fine, "rules left as they stand")
            : await new IptablesRunner(options, run).ApplyAsync(withIPv6);
        if (outcome.ExitCode == ExitCodes.Fine && options.RunValidation)
        {
            outcome = RedirectProbe.Run(options, options.Namespace) is { } trouble
                ? new RedirectOutcome(ExitCodes.Failed, "validation failed: " + trouble)
                : outcome with { Message = outcome.Message + "; a probe was captured" };
        }

        return await TellAsync(outcome, output, error);
    }

    private static async Task<bool> HasIPv6Async(RedirectOptions options, RunCommand run) =>
        options.Namespace == NetworkNamespace.Own
            ? HostAddresses.HasIPv6()
            : HostAddresses.HasIPv6((await run("cat", ["/proc/net/if_inet6"], null)).Output);

    private async Task<int> RemoveAsync(RedirectOptions options, TextWriter output, TextWriter error) =>
        await TellAsync(await new IptablesRunner(options, options.Namespace.Runner).RemoveAsync(), output, error);

    private async Task<int> ShowAsync(RedirectOptions options, TextWriter output, TextWriter error)
    {
        foreach (bool ipv6 in new[] { false, true })
        {
            IptablesPlan plan = IptablesPlan.Build(options, ipv6);
            await output.WriteLineAsync(
                ipv6
                    ? "# IPv6, for ip6tables-restore --noflush; applied where the host has an IPv6 address or with --dual-stack"
                    : "# IPv4, for iptables-restore --noflush");
            await output.WriteAsync(plan.Render());
            foreach (string arguments in plan.PolicyRouting)
            {
                await output.WriteLineAsync("# ip " + arguments);
            }
        }

        return ExitCodes.Fine;
    }

    private static async Task<int> TellAsync(RedirectOutcome outcome, TextWriter output, TextWriter error)
    {
        await (outcome.ExitCode == ExitCodes.Fine ? output : error).WriteLineAsync(
            "fastmesh redirect: " + outcome.Message);
        return outcome.ExitCode;
    }

    private IEnumerable<Option> Options() =>
    [
        _outboundPort, _inboundPort, _tunnelPort, _uids, _gids, _mode, _inboundPorts, _inboundExcluded, _ranges,
        _rangesExcluded, _outboundPorts, _outboundExcluded, _virtual, _interfacesExcluded, _groups, _groupsExcluded,
        _mark, _routeTable, _redirectDns, _captureAllDns, _dropInvalid, _dualStack, _namespace, _validate, _skipApply,
        _cleanupOnly, _reconcile, _force, _nftables,
    ];

    private RedirectOptions Read(ParseResult parsed, RedirectOptionsReader reader)
    {
        string Value(Option<string> option) => parsed.GetValue(option)!;
        reader.Refuse(
            "--native-nftables", parsed.GetValue(_nftables),
            "rules go through iptables-restore, which writes nftables rules where its nft back end is installed");
        return new RedirectOptions
        {
            OutboundPort = reader.Port("-p", Value(_outboundPort)),
            InboundPort = reader.Port("-z", Value(_inboundPort)),
            TunnelPort = reader.Port("-e", Value(_tunnelPort)),
            ProxyUids = reader.Owners("-u", Value(_uids)),
            ProxyGids = reader.Owners("-g", Value(_gids)),
            Mode = reader.Mode("-m", Value(_mode)),
            InboundPorts = reader.PortsOrAll("-b", Value(_inboundPorts)),
            InboundPortsExcluded = reader.Ports("-d", Value(_inboundExcluded)),
            OutboundRanges = reader.RangesOrAll("-i", Value(_ranges)),
            OutboundRangesExcluded = reader.Ranges("-x", Value(_rangesExcluded)),
            OutboundPorts = reader.Ports("-q", Value(_outboundPorts)),
            OutboundPortsExcluded = reader.Ports("-o", Value(_outboundExcluded)),
            VirtualInterfaces = reader.Interfaces("-k", Value(_virtual)),
            InterfacesExcluded = reader.Interfaces("-c", Value(_interfacesExcluded)),
            OwnerGroups = Value(_groups) == "*" ? null : reader.Owners("--outbound-owner-groups", Value(_groups)),
            OwnerGroupsExcluded = reader.Owners("--outbound-owner-groups-exclude", Value(_groupsExcluded)),
            TproxyMark = reader.Number("-t", Value(_mark), 1, MarkMost, "a mark"),
            TproxyRouteTable = reader.Number("-r", Value(_routeTable), 1, RouteTableMost, "a routing table"),
            RedirectDns = parsed.GetValue(_redirectDns),
            CaptureAllDns = parsed.GetValue(_captureAllDns),
            DropInvalid = parsed.GetValue(_dropInvalid),
            DualStack = parsed.GetValue(_dualStack),
            Namespace = reader.Namespace("--network-namespace", Value(_namespace)),
            RunValidation = parsed.GetValue(_validate),
            SkipRuleApply = parsed.GetValue(_skipApply),
            CleanupOnly = parsed.GetValue(_cleanupOnly),
            DnsServers = parsed.GetValue(_redirectDns) ? HostAddresses.Resolvers() : [],
        };
    }

    private static Option<string> Text(string name, string preset, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, DefaultValueFactory = _ => preset };
}
