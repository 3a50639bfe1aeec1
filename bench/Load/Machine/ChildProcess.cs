using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Bench.Load.Machine;

/// <summary>A program of the measurement: pinned to a core, ended with this process, its output in a file.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly BlockingCollection<Action> s_launches = StartLauncher();
    private readonly Process _process;

    private ChildProcess(Process process, string log)
    {
        _process = process;
        LogFile = log;
    }

    public int Id => _process.Id;

    public string LogFile { get; }

    public bool Ended => _process.HasExited;

    /// <summary>Its exit code; waits until then, or gives -1 after the time.</summary>
    public int WaitForExit(TimeSpan limit) => _process.WaitForExit(limit) ? _process.ExitCode : -1;

    /// <summary>
    /// Starts a shell command that ends with the program (the shell becomes the program, so the id is its id).
    /// </summary>
    public static ChildProcess Start(
        string name, int core, string command, IReadOnlyDictionary<string, string>? environment = null)
    {
        string log = Path.Combine(Workspace.Folder, name + ".log");
        string line = $"exec setpriv --pdeathsig TERM taskset -c {core} {command} >>'{log}' 2>&1";
        ProcessStartInfo start = new("/bin/sh", ["-c", line]) { WorkingDirectory = Workspace.Folder };
        foreach (var pair in environment ?? new Dictionary<string, string>())
        {
            start.Environment[pair.Key] = pair.Value;
        }

        return new ChildProcess(Launch(start), log);
    }

    public void Signal(int signal) => _ = LibC.Kill(Id, signal);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Signal(LibC.SigTerm);
            if (!_process.WaitForExit(TimeSpan.FromSeconds(2)))
            {
                foreach (int member in ProcessTree.Members(Id))
                {
                    _ = LibC.Kill(member, LibC.SigKill);
                }

                _process.WaitForExit();
            }
        }

        _process.Dispose();
    }

    /// <summary>
    /// A child dies with the thread that made it (prctl(2), PR_SET_PDEATHSIG), so one thread makes all and never ends.
    /// </summary>
    private static Process Launch(ProcessStartInfo start)
    {
        TaskCompletionSource<Process> launched = new();
        s_launches.Add(() => launched.SetResult(Process.Start(start)!));
        return launched.Task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<Action> StartLauncher()
    {
        BlockingCollection<Action> launches = [];
        Thread thread = new(() =>
        {
            foreach (var launch in launches.GetConsumingEnumerable())
            {
                launch();
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        return launches;
    }

    /// <summary>The last lines it printed.</summary>
    public string LogTail()
    {
        string[] lines = File.Exists(LogFile) ? File.ReadAllLines(LogFile) : [];
        return string.Join('\n', lines[Math.Max(0, lines.Length - 12)..]);
    }

    /// <summary>A port that nobody has now.</summary>
    public static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
