using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>
/// What the documents show is tried: configurations are validated, commands are known with their options.
/// </summary>
public sealed partial class DocumentTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Yaml_InADocument_IsAValidConfiguration()
    {
        int found = 0;
        foreach ((string document, string text) in Documents())
        {
            foreach (Match block in YamlBlock().Matches(text))
            {
                found++;
                string file = _folder.Write("mesh.yaml", block.Groups[1].Value);
                (int code, string output, string error) = await TestProcess.RunAsync(
                    ProxyProcess.Executable, "proxy", "-c", file, "--mode", "validate");
                Assert.True(code == 0, $"{document}: {output}{error}");
            }
        }

        Assert.NotEqual(0, found);
    }

    [Fact]
    public async Task Command_InADocument_IsKnownWithItsOptions()
    {
        HashSet<string> commands =
        [
            .. Documents().SelectMany(document => Command().Matches(document.Text))
                .Select(match => match.Groups[1].Value),
        ];
        Assert.NotEmpty(commands);
        foreach (string command in commands)
        {
            (int code, string output, string error) = await TestProcess.RunAsync(
                ProxyProcess.Executable, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            Assert.True(code == 0, $"fastmesh {command}: {output}{error}");
        }
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<(string Name, string Text)> Documents()
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.DemoScript)!, "../.."));
        return Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(root, "README.md"))
            .Select(path => (path, File.ReadAllText(path)));
    }

    // Whole configurations only; a fragment has no static_resources.
    [GeneratedRegex(@"```yaml\n((?:(?!```)[\s\S])*?^static_resources:[\s\S]*?)```", RegexOptions.Multiline)]
    private static partial Regex YamlBlock();

    [GeneratedRegex(@"^    (?:out/)?fastmesh ([^\n#]+)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
