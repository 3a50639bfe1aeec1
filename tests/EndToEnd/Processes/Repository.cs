using System;
using System.IO;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>Files of the repository that the tests run from.</summary>
internal static class Repository
{
    public static string DemoScript { get; } = Find("samples/demo/run");

    private static string Find(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, path)))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new InvalidOperationException("not inside the repository"), path);
    }
}
