using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace FastMesh.Proxy.Redirect;

/// <summary>What a tool answered; exit code 127 stands for a tool that is not there, as in a shell.</summary>
internal readonly record struct CommandResult(int ExitCode, string Output, string Error)
{
    public const int NotFound = 127;

    public bool Ok => ExitCode == 0;
}

/// <summary>Runs one tool with arguments and input to its end.</summary>
internal delegate Task<CommandResult> RunCommand(string tool, IReadOnlyList<string> arguments, string? input);

/// <summary>Runs tools as processes, without a shell.</summary>
internal static class CommandRunner
{
    // sbin is not on every user's path, and the tools live there.
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"];

    public static async Task<CommandResult> RunAsync(string tool, IReadOnlyList<string> arguments, string? input)
    {
        if (Find(tool) is not { } path)
        {
            return Missing(tool);
        }

        ProcessStartInfo start = new(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            await WriteInputAsync(process, input);
            await process.WaitForExitAsync();
            return new CommandResult(process.ExitCode, await output, (await error).Trim());
        }
        catch (Win32Exception e)
        {
            return new CommandResult(CommandResult.NotFound, string.Empty, e.Message);
        }
    }

    /// <summary>Where a tool is, or null.</summary>
    public static string? Find(string tool) =>
        Folders.Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    public static CommandResult Missing(string tool) =>
        new(CommandResult.NotFound, string.Empty, tool + " is not installed");

    private static async Task WriteInputAsync(Process process, string? input)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool ended before it read everything; its exit code and words tell why.
        }
    }
}
