using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace FastMesh.Proxy.Redirect;

/// <summary>The network namespace that the rules are for: this process's own, or another one by its file.</summary>
internal sealed class NetworkNamespace
{
    private const string NamedFolder = "/run/netns";
    private const int NetworkOnly = 0x40000000; // CLONE_NEWNET

    private readonly string? _path;

    private NetworkNamespace(string? path) => _path = path;

    /// <summary>The namespace this process is in.</summary>
    public static NetworkNamespace Own { get; } = new(null);

    /// <summary>Finds a namespace by its file, or by the name that <c>ip netns</c> gave it.</summary>
    public static bool TryFind(string text, out NetworkNamespace found)
    {
        string path = text.Contains('/', StringComparison.Ordinal) ? text : Path.Combine(NamedFolder, text);
        found = text.Length == 0 ? Own : new NetworkNamespace(path);
        return text.Length == 0 || File.Exists(path);
    }

    /// <summary>Runs tools in it.</summary>
    public RunCommand Runner => _path is null
        ? CommandRunner.RunAsync
        : (tool, arguments, input) => CommandRunner.Find(tool) is { } found
            ? CommandRunner.RunAsync("nsenter", ["--net=" + _path, found, .. arguments], input)
            : Task.FromResult(CommandRunner.Missing(tool));

    /// <summary>Moves the calling thread, and only it, into the namespace.</summary>
    /// <returns>Null, or why that was refused.</returns>
    public string? Enter()
    {
        if (_path is null)
        {
            return null;
        }

        // Not as a stream: a namespace's file has no position.
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return NamespaceCalls.SetNamespace((int)file.DangerousGetHandle(), NetworkOnly) == 0
            ? null
            : $"cannot enter {_path}: {Marshal.GetLastPInvokeErrorMessage()}";
    }
}

/// <summary>The calls of libc that act on one thread.</summary>
internal static partial class NamespaceCalls
{
    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(int descriptor, int kind);

    /// <summary>Sets the user as whom this thread opens files and sockets; returns the one before.</summary>
    [LibraryImport("libc", EntryPoint = "setfsuid")]
    public static partial int SetFileUser(uint user);
}
