using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine;
using FastMesh.Engine.Transport;

namespace FastMesh.Proxy.Hosting;

/// <summary>
/// Starts this program anew, with the same arguments and from the same path, which may hold another version by now, and
/// hands the listening sockets over. Their queues live in the kernel and are served by both processes for a while, so
/// no connection is refused.
/// </summary>
internal static class HotRestart
{
    // A process that has not become ready by then is ended, and this one goes on.
    private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(60);

    // Asked at start: afterwards the file may have been replaced.
    private static readonly string? s_executable = Environment.ProcessPath;

    /// <summary>Remembers where the program is.</summary>
    public static void Prepare() => _ = s_executable;

    /// <summary>Starts the next process and waits until it serves.</summary>
    /// <param name="engine">Whose sockets to hand over; it serves on.</param>
    /// <param name="adminDescriptor">The admin interface's socket, if there is one.</param>
    /// <returns>The process, or why there is none; nothing has changed then.</returns>
    public static async Task<(int Process, string? Problem)> StartNextAsync(MeshEngine engine, int? adminDescriptor)
    {
        if (Environment.ProcessId == 1)
        {
            return (0, "as process 1 it cannot be replaced: what starts it would see it end; run it under an init");
        }

        using AnonymousPipeServerStream ready = new(PipeDirection.In, HandleInheritability.Inheritable);
        Handover handover = new(
            engine.Status.Transport, Environment.ProcessId, ready.GetClientHandleAsString(), engine.ListeningSockets,
            adminDescriptor);
        Process? next;
        try
        {
            next = Start(handover);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return (0, $"cannot start {s_executable}: {e.Message}");
        }

        using Process owned = next;
        ready.DisposeLocalCopyOfClientHandle();
        Task<int> said = Task.Run(ready.ReadByte);
        if (await Task.WhenAny(said, Task.Delay(s_readyWithin)) != said)
        {
            next.Kill();
            await said;
            return (0, $"process {next.Id} was not ready within {s_readyWithin.TotalSeconds} s and was ended");
        }

        // The end of the pipe without a word is the end of the process.
        return await said < 0
            ? (0, $"process {next.Id} ended before it was ready; it has said why")
            : (next.Id, null);
    }

    private static Process Start(Handover handover)
    {
        ProcessStartInfo info = new(s_executable!, OwnArguments());
        handover.Write(info.Environment);
        int[] descriptors = [.. handover.Sockets.SelectMany(static one => one.Descriptors)];
        descriptors = handover.Admin is { } admin ? [.. descriptors, admin] : descriptors;
        Array.ForEach(descriptors, static fd => LibC.SetInheritable(fd, true));
        try
        {
            return Process.Start(info)!;
        }
        finally
        {
            Array.ForEach(descriptors, static fd => LibC.SetInheritable(fd, false));
        }
    }

    // As the kernel has them: for a program that the dotnet host runs, the assembly is the first.
    private static string[] OwnArguments() =>
        Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[1..^1];
}
