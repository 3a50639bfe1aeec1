using System;
using FastMesh.Config;

namespace FastMesh.Proxy.Hosting;

/// <summary>The bootstrap file. Who wants to know of changes comes later than the first reading.</summary>
internal sealed class ConfigFile : IDisposable
{
    private readonly FileSource _source;

    public ConfigFile(string path)
    {
        _source = new FileSource(path, reading => Changed?.Invoke(reading));
    }

    /// <summary>Called with every other content, once <see cref="Watch"/> was.</summary>
    public Action<ConfigReading>? Changed { get; set; }

    public ConfigReading Read() => _source.Read();

    /// <summary>Watches from now on; tells why when that is not possible.</summary>
    public string? Watch() => _source.Watch();

    public void Dispose() => _source.Dispose();
}
