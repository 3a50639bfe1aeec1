using System;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace FastMesh.Bench.Load.Machine;

/// <summary>What a reader of figures must know about where they were taken.</summary>
internal static class MachineFacts
{
    /// <summary>Number and kind of processors.</summary>
    public static string Processor =>
        $"{File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal))} × " +
        (File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1].Trim() ?? "processor");

    /// <summary>Versions of the peers.</summary>
    public static string Versions => $"{FirstLine("haproxy -v")}; {FirstLine("nginx -v 2>&1")}; YARP 2.3";

    private static string FirstLine(string command)
    {
        using var process = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", command + " | head -1"]) { RedirectStandardOutput = true })!;
        string line = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return line;
    }
}
