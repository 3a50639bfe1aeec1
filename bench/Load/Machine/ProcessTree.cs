using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace FastMesh.Bench.Load.Machine;

/// <summary>A process with all its descendants: what it used and what it holds.</summary>
internal static unsafe class ProcessTree
{
    /// <summary>The process and its descendants that live now.</summary>
    public static List<int> Members(int root)
    {
        List<int> members = [root];
        for (int i = 0; i < members.Count; i++)
        {
            string tasks = $"/proc/{members[i]}/task";
            if (!Directory.Exists(tasks))
            {
                continue;
            }

            foreach (string task in Directory.GetDirectories(tasks))
            {
                string children = TryRead(task + "/children");
                foreach (string child in children.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    members.Add(int.Parse(child, CultureInfo.InvariantCulture));
                }
            }
        }

        return members;
    }

    /// <summary>User and system time of all threads, ended ones too, ns; not counted in clock ticks.</summary>
    public static long CpuNs(List<int> members)
    {
        long sum = 0;
        foreach (int pid in members)
        {
            int clock;
            LibC.TimeSpec time = default;
            if (LibC.CpuClockOf(pid, &clock) == 0 && LibC.ReadClock(clock, &time) == 0)
            {
                sum += (time.Seconds * 1_000_000_000) + time.Nanoseconds;
            }
        }

        return sum;
    }

    /// <summary>Resident memory of all members, bytes.</summary>
    public static long ResidentBytes(int root) => SumKilobytes(root, "status", "VmRSS:") * 1024;

    /// <summary>Memory that is the members' own (not shared files), bytes.</summary>
    public static long PrivateBytes(int root) =>
        (SumKilobytes(root, "smaps_rollup", "Private_Dirty:") + SumKilobytes(root, "smaps_rollup", "Private_Clean:"))
        * 1024;

    private static long SumKilobytes(int root, string file, string key)
    {
        long sum = 0;
        foreach (int pid in Members(root))
        {
            foreach (string line in TryRead($"/proc/{pid}/{file}").Split('\n'))
            {
                if (line.StartsWith(key, StringComparison.Ordinal))
                {
                    string number = line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
                    sum += long.Parse(number, CultureInfo.InvariantCulture);
                }
            }
        }

        return sum;
    }

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }
}
