using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace FastMesh.Bench.Load.Machine;

/// <summary>
/// Makes figures steadier while it lives: this process and its children come first on both cores, and idle-class
/// spinners keep a virtual machine's cores from being descheduled when the proxy sleeps.
/// </summary>
internal sealed unsafe class SteadyMachine : IDisposable
{
    public const int ProxyCore = 0;

    public static int OtherCore { get; } = Environment.ProcessorCount > 1 ? 1 : 0;

    private const string AutoGroup = "/proc/self/autogroup";
    private readonly List<Process> _spinners = [];

    /// <summary>Pins this process; <paramref name="first"/> also takes precedence and starts the spinners.</summary>
    public SteadyMachine(bool first)
    {
        ulong mask = 1UL << OtherCore;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            _ = LibC.SetAffinity(int.Parse(Path.GetFileName(task)), sizeof(ulong), &mask);
        }

        if (!first)
        {
            return;
        }

        _ = LibC.SetPriority(0, 0, -20);
        WriteAutoGroup("-20");
        for (int core = 0; core < Math.Max(2, OtherCore + 1); core++)
        {
            string spin = $"exec setpriv --pdeathsig KILL taskset -c {core} chrt -i 0 sh -c 'while :; do :; done'";
            _spinners.Add(Process.Start("/bin/sh", ["-c", spin]));
        }
    }

    public void Dispose()
    {
        foreach (var spinner in _spinners)
        {
            spinner.Kill();
            spinner.Dispose();
        }

        if (_spinners.Count > 0)
        {
            WriteAutoGroup("0");
        }
    }

    private static void WriteAutoGroup(string nice)
    {
        try
        {
            File.WriteAllText(AutoGroup, nice);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without the right, figures are noisier, not wrong.
        }
    }
}
