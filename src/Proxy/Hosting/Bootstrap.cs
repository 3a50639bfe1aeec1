using System.IO;
using System.Threading.Tasks;

namespace FastMesh.Proxy.Hosting;

/// <summary>Configuration in, a running engine out.</summary>
internal static class Bootstrap
{
    public static async Task<int> RunAsync(ProxyOptions options, TextWriter output, TextWriter error)
    {
        await error.WriteLineAsync($"fastmesh proxy: {options.ConfigPath}: the engine is not part of this build");
        return ExitCodes.Usage;
    }
}
