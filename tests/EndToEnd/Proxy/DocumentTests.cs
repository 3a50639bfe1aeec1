using System;
using System.Collections.Generic;
using System.Globalization;
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
    // Where the documents keep their certificates.
    private const string TlsFolder = "/etc/fastmesh/tls";

    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Yaml_InADocument_IsAValidConfiguration()
    {
        int found = 0;
        foreach ((string document, string text) in Documents())
        {
            await RunScriptsAsync(document, text);
            foreach (Match block in YamlBlock().Matches(text))
            {
                found++;
                string file = _folder.Write("mesh.yaml", Here(block.Groups[1].Value));
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

    [Fact]
    public async Task TlsGuide_DoneAsItSays_TellsTheClientWhoItIs()
    {
        (string document, string text) = Documents().Single(
            static document => document.Name.EndsWith("/guides/tls.md", StringComparison.Ordinal));
        await RunScriptsAsync(document, text);
        string config = Here(YamlBlock().Match(text).Groups[1].Value)
            .Replace("port_value: 8443", "port_value: 0", StringComparison.Ordinal)
            .Replace("port_value: 15000", "port_value: 0", StringComparison.Ordinal);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(_folder.Write("mesh.yaml", config));
        string curl = CurlLine().Match(text).Groups[1].Value.Replace(
            "8443", proxy.Address("secure").Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        (int code, string output, string error) = await ShellAsync($"cd {_folder["tls"]} && {curl} -sS");
        Assert.True(code == 0, error);
        Assert.Contains(
            "x-you-are: spiffe://cluster.local/ns/default/sa/client\n", output, StringComparison.Ordinal);
        string anonymous = curl.Replace("--cert client.pem --key client.key", "", StringComparison.Ordinal);
        (code, _, _) = await ShellAsync($"cd {_folder["tls"]} && {anonymous} -sS");
        Assert.NotEqual(0, code);
        string line = await proxy.Process.WaitForErrorLineAsync("TLS handshake with");
        Assert.Contains("peer did not return a certificate", line, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<(int Code, string Output, string Error)> ShellAsync(string script) =>
        TestProcess.RunAsync("/bin/bash", "-c", script);

    /// <summary>Runs what a document shows as a script.</summary>
    private async Task RunScriptsAsync(string document, string text)
    {
        foreach (Match script in BashBlock().Matches(text))
        {
            (int code, string output, string error) = await ShellAsync("set -e\n" + Here(script.Groups[1].Value));
            Assert.True(code == 0, $"{document}: {output}{error}");
        }
    }

    private string Here(string text) => text.Replace(TlsFolder, _folder["tls"], StringComparison.Ordinal);

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

    [GeneratedRegex(@"```bash\n([\s\S]*?)```")]
    private static partial Regex BashBlock();

    [GeneratedRegex(@"^    (curl .*)$", RegexOptions.Multiline)]
    private static partial Regex CurlLine();

    [GeneratedRegex(@"^    (?:out/)?fastmesh ([^\n#]+)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
