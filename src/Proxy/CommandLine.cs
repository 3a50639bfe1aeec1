using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Proxy.Commands;

namespace FastMesh.Proxy;

/// <summary>
/// The commands of <c>fastmesh</c>. Only the one that is called gets its options built: start is counted.
/// </summary>
internal static class CommandLine
{
    // Known to the contract and not built yet: refused by name, so that nobody takes silence for success.
    private static readonly string[] NotBuilt = ["sidecar", "gateway", "check", "explain", "certs"];

    private static readonly (string Name, string Description, Action<Command> Build)[] Commands =
    [
        ("proxy", "Run the engine from an Envoy v3 bootstrap, YAML or JSON.", ProxyCommand.Build),
        ("redirect", "Transparent interception rules: apply, remove or show them.", RedirectCommand.Build),
        ("config", "The configuration in force, from a running proxy.", AdminCommands.BuildConfig),
        ("clusters", "Clusters and endpoints of a running proxy.", AdminCommands.BuildClusters),
        ("listeners", "Listeners of a running proxy.", AdminCommands.BuildListeners),
        ("routes", "Routes of a running proxy.", AdminCommands.BuildRoutes),
        ("stats", "Counters of a running proxy.", AdminCommands.BuildStats),
        ("logging", "Show or set the log level of a running proxy.", AdminCommands.BuildLogging),
        ("drain", "Let a running proxy finish what it has and take nothing new.", AdminCommands.BuildDrain),
        ("version", "Version, commit, and the transport that auto picks here.", VersionCommand.Build),
    ];

    /// <summary>Runs one command line; returns the exit code of the contract.</summary>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        if (arguments.Length > 0 && NotBuilt.Contains(arguments[0]))
        {
            await error.WriteLineAsync($"fastmesh {arguments[0]}: not built yet in this version");
            return ExitCodes.Usage;
        }

        ParseResult parsed = Root(arguments).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError problem in parsed.Errors)
            {
                await error.WriteLineAsync("fastmesh: " + problem.Message);
            }

            await error.WriteLineAsync("fastmesh --help tells what there is");
            return ExitCodes.Usage;
        }

        // Signals are the proxy's own business; the library must not end the process for us.
        InvocationConfiguration invocation = new()
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(invocation);
    }

    private static RootCommand Root(string[] arguments)
    {
        string called = arguments.FirstOrDefault() ?? string.Empty;
        RootCommand root = new("FastMesh: a service-mesh proxy.");
        foreach ((string name, string description, Action<Command> build) in Commands)
        {
            Command command = new(name, description);
            if (name == called)
            {
                build(command);
            }

            root.Subcommands.Add(command);
        }

        return root;
    }
}
