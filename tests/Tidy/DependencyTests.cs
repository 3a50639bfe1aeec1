using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using Xunit;

namespace FastMesh.Tests.Tidy;

/// <summary>Who may know whom: projects by their references, the engine's folders by their usings.</summary>
public sealed class DependencyTests
{
    // A folder uses only folders to its left; the root's contracts may be used by all, MeshEngine uses all.
    private static readonly string[] EngineFolders =
    [
        "Telemetry", "Reactors", "Transport", "Clusters", "Filters", "Routing", "Snapshots", "Upstream", "Forwarding",
        "Downstream", "Connections",
    ];

    private static readonly Dictionary<string, string[]> ProjectsAllowed = new()
    {
        ["Protocols"] = [],
        ["Tls"] = [],
        ["Model"] = [],
        ["Engine"] = ["Protocols", "Tls", "Model"],
        ["Config"] = ["Model"],
        ["Proxy"] = ["Engine", "Config", "Model", "Protocols", "Tls"],
    };

    private static readonly Dictionary<string, string[]> PackagesAllowed = new()
    {
        ["Protocols"] = [],
        ["Tls"] = [],
        ["Model"] = [],
        ["Engine"] = ["Microsoft.AspNetCore.Connections.Abstractions", "Microsoft.Extensions.Logging.Abstractions"],
        ["Config"] = ["YamlDotNet", "Google.Protobuf", "Grpc.Tools"],
        ["Proxy"] = ["Serilog", "Serilog.Extensions.Logging", "Serilog.Sinks.Console", "System.CommandLine"],
    };

    [Fact]
    public void Project_ReferencesOnlyWhatItMay() =>
        Expect.Nothing(Projects().SelectMany(project => References(project.Path, "ProjectReference")
            .Select(reference => Path.GetFileName(Path.GetDirectoryName(reference.Replace('\\', '/'))!))
            .Where(name => !ProjectsAllowed[project.Name].Contains(name))
            .Select(name => $"src/{project.Name} may not reference {name}")));

    [Fact]
    public void Project_UsesOnlyThePackagesItMay() =>
        Expect.Nothing(Projects().SelectMany(project => References(project.Path, "PackageReference")
            .Where(package => !PackagesAllowed[project.Name].Contains(package))
            .Select(package => $"src/{project.Name} may not use {package}")));

    [Fact]
    public void EngineFolder_UsesOnlyFoldersToItsLeft() =>
        Expect.Nothing(
            from file in SourceTree.Under("src/Engine/")
            let parts = file.Path.Split('/')
            where parts.Length > 3
            let place = Array.IndexOf(EngineFolders, parts[2])
            from line in file.Lines
            where line.StartsWith("using FastMesh.Engine.", StringComparison.Ordinal)
            let used = line["using FastMesh.Engine.".Length..].Split('.', ';')[0]
            where Array.IndexOf(EngineFolders, used) > place
            select $"{file}: {parts[2]} may not use {used}");

    [Fact]
    public void EngineFolder_IsOneOfThePlan() =>
        Expect.Nothing(
            from folder in SourceTree.Under("src/Engine/").Select(file => file.Path.Split('/')).Where(p => p.Length > 3)
                .Select(parts => parts[2]).Distinct()
            where !EngineFolders.Contains(folder)
            select $"src/Engine/{folder}: no room of that name");

    private static IEnumerable<(string Name, string Path)> Projects() =>
        Directory.GetFiles(Path.Combine(SourceTree.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => (Path.GetFileName(Path.GetDirectoryName(path)!), path));

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(project).Descendants(kind).Select(reference => reference.Attribute("Include")!.Value);
}
