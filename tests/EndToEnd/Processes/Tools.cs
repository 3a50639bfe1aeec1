using System;
using System.IO;
using System.Linq;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>Tools that a test calls. One that is missing skips the test, but on a build server it fails it.</summary>
internal static class Tools
{
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/bin"];

    public static bool IsRoot => Environment.UserName == "root";

    /// <summary>The path of a tool.</summary>
    public static string Require(string tool)
    {
        string? path = Folders.Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            Missing(tool + " is not installed");
        }

        return path!;
    }

    public static void RequireRoot()
    {
        if (!IsRoot)
        {
            Missing("needs root");
        }
    }

    private static void Missing(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(reason);
        }

        Assert.Skip(reason);
    }
}
