using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace FastMesh.Tests.Tidy;

/// <summary>One source file: where it lies, relative to the root, and its lines.</summary>
internal sealed record SourceFile(string Path, string[] Lines)
{
    public override string ToString() => Path;
}

/// <summary>The repository as the rules see it: generated and built files left out.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> CSharp { get; } = Read("*.cs", "src", "tests", "bench", "samples");

    public static IReadOnlyList<SourceFile> Markdown { get; } =
    [
        .. Directory.GetFiles(Root, "*.md").Select(Load),
        .. Read("*.md", "docs"),
    ];

    public static IEnumerable<SourceFile> Under(string folder) =>
        CSharp.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal));

    private static SourceFile[] Read(string pattern, params string[] folders) =>
    [
        .. folders.Select(folder => Path.Combine(Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, pattern, SearchOption.AllDirectories))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)
                && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(Load),
    ];

    private static SourceFile Load(string path) => new(Path.GetRelativePath(Root, path), File.ReadAllLines(path));

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "FastMesh.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("not inside the repository");
    }
}
