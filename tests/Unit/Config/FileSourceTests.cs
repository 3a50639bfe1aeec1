using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using System.Threading.Tasks;
using FastMesh.Config;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

/// <summary>A real file and real events of the kernel; waits are for the callback alone.</summary>
public sealed class FileSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastmesh-").FullName;
    private readonly Channel<ConfigReading> _readings = Channel.CreateUnbounded<ConfigReading>();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_OfNoFile_SaysSo()
    {
        using FileSource source = Source("none.yaml");
        ConfigReading reading = source.Read();
        Assert.Null(reading.Config);
        Assert.Equal($"cannot read {source.Path}: there is no such file", Assert.Single(reading.Errors).ToString());
    }

    [Fact]
    public async Task Watch_FileWrittenInPlace_IsRead()
    {
        using FileSource source = Watched("a");
        File.WriteAllText(source.Path, Yaml.Cluster("name: b"));
        Assert.Equal("b", await NextClusterAsync());
    }

    [Fact]
    public async Task Watch_FileReplacedByRename_IsRead()
    {
        using FileSource source = Watched("a");
        string next = Path.Combine(_folder, "next");
        File.WriteAllText(next, Yaml.Cluster("name: b"));
        File.Move(next, source.Path, overwrite: true);
        Assert.Equal("b", await NextClusterAsync());
        File.WriteAllText(next, Yaml.Cluster("name: c"));
        File.Move(next, source.Path, overwrite: true);
        Assert.Equal("c", await NextClusterAsync());
    }

    [Fact]
    public async Task Watch_MountOfKubernetesSwapped_IsRead()
    {
        foreach (string version in (string[])["1", "2"])
        {
            string data = Directory.CreateDirectory(Path.Combine(_folder, ".." + version)).FullName;
            File.WriteAllText(Path.Combine(data, "mesh.yaml"), Yaml.Cluster("name: v" + version));
        }

        string link = Path.Combine(_folder, "..data");
        File.CreateSymbolicLink(link, "..1");
        File.CreateSymbolicLink(Path.Combine(_folder, "mesh.yaml"), "..data/mesh.yaml");
        using FileSource source = Source("mesh.yaml");
        Assert.Equal("v1", source.Read().Config!.Clusters[0].Name);
        Assert.Null(source.Watch());
        File.CreateSymbolicLink(link + "_tmp", "..2");
        Assert.Equal(0, Rename(Utf8(link + "_tmp"), Utf8(link)));
        Assert.Equal("v2", await NextClusterAsync());
    }

    [Fact]
    public async Task Watch_BadContentThenGood_ReportsBoth()
    {
        using FileSource source = Watched("a");
        File.WriteAllText(source.Path, "a: [");
        ConfigReading bad = await _readings.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Null(bad.Config);
        File.WriteAllText(source.Path, Yaml.Cluster("name: b"));
        Assert.Equal("b", await NextClusterAsync());
    }

    private FileSource Watched(string cluster)
    {
        File.WriteAllText(Path.Combine(_folder, "mesh.yaml"), Yaml.Cluster("name: " + cluster));
        FileSource source = Source("mesh.yaml");
        Assert.Equal(cluster, source.Read().Config!.Clusters[0].Name);
        Assert.Null(source.Watch());
        return source;
    }

    private FileSource Source(string name) => new(
        Path.Combine(_folder, name),
        reading => _readings.Writer.TryWrite(reading),
        quietTime: TimeSpan.FromMilliseconds(50));

    // The atomic swap of a link to a folder; File.Move takes files only, and Directory.Move does not replace.
    [DllImport("libc", EntryPoint = "rename")]
    private static extern int Rename(byte[] from, byte[] to);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + "\0");

    // A truncated file may be seen between the two steps of a write in place; what comes last counts.
    private async Task<string> NextClusterAsync()
    {
        while (true)
        {
            ConfigReading reading = await _readings.Reader.ReadAsync(TestContext.Current.CancellationToken);
            if (reading.Config is { } config)
            {
                return config.Clusters[0].Name;
            }
        }
    }
}
