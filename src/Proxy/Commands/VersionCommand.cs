using System.CommandLine;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMesh.Proxy.Commands;

/// <summary>
/// <c>fastmesh version</c>: what this binary is, and the transport that <c>auto</c> picks here and why.
/// </summary>
internal static class VersionCommand
{
    /// <summary>Version and commit, as "0.1.0+abcdef".</summary>
    public static string Text =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "unknown";

    public static void Build(Command command) => command.SetAction(async (parsed, _) =>
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        string compiled = RuntimeFeature.IsDynamicCodeCompiled ? "just in time" : "ahead of time";
        await output.WriteLineAsync($"fastmesh {Text} ({RuntimeInformation.RuntimeIdentifier}, {compiled})");
        await output.WriteLineAsync("transport: " + EngineFacts.TransportHere());
        return ExitCodes.Fine;
    });
}
