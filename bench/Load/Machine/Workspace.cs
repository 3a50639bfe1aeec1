using System;
using System.IO;

namespace FastMesh.Bench.Load.Machine;

/// <summary>Where the measurement keeps its files: in memory, so that no disk is measured.</summary>
internal static class Workspace
{
    /// <summary>Configurations, answers and logs of this run.</summary>
    public static string Folder { get; } = CreateFolder();

    /// <summary>The repository.</summary>
    public static string Root { get; } = FindRoot();

    public static string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        string fresh = path + ".new";
        File.WriteAllText(fresh, text);
        File.Move(fresh, path, overwrite: true);
        return path;
    }

    public static void Remove()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static string CreateFolder()
    {
        string parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        string folder = Path.Combine(parent, $"fastmesh-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FastMesh.sln")))
            {
                return folder.FullName;
            }
        }

        return Environment.CurrentDirectory;
    }
}
