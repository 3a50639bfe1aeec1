using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>A running <c>fastmesh proxy</c>: ready, with the ports that the kernel gave it.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly Dictionary<string, int> _ports = [];

    private ProxyProcess(TestProcess process, HttpClient admin)
    {
        Process = process;
        Admin = admin;
    }

    /// <summary>The executable under test, with its own libraries beside it and not those of the tests.</summary>
    public static string Executable => Path.Combine(
        AppContext.BaseDirectory.Replace("/tests/EndToEnd/", "/src/Proxy/", StringComparison.Ordinal), "fastmesh");

    public TestProcess Process { get; }

    /// <summary>A client whose base address is the admin interface.</summary>
    public HttpClient Admin { get; }

    /// <summary>
    /// Starts with a configuration whose admin and listeners have port 0, and waits until it is ready.
    /// </summary>
    public static Task<ProxyProcess> StartAsync(string configPath, params string[] arguments) =>
        StartAsync(TestProcess.Start(Executable, Arguments(configPath, arguments)));

    /// <summary>The same with at most so many open files.</summary>
    public static Task<ProxyProcess> StartLimitedAsync(int filesMax, string configPath, params string[] arguments) =>
        StartAsync(TestProcess.Start(
            Tools.Require("prlimit"),
            [FormattableString.Invariant($"--nofile={filesMax}:{filesMax}"), Executable, .. Arguments(configPath, arguments)]));

    // One reactor, unless the test says how many.
    private static string[] Arguments(string configPath, string[] arguments) =>
    [
        "proxy", "-c", configPath, .. arguments.Contains("--concurrency") ? [] : (string[])["--concurrency", "1"],
        .. arguments,
    ];

    private static async Task<ProxyProcess> StartAsync(TestProcess process)
    {
        try
        {
            string line = await process.WaitForErrorLineAsync("admin interface on ");
            string address = line[(line.LastIndexOf(' ') + 1)..];
            await process.WaitForErrorLineAsync("ready in ");
            ProxyProcess proxy = new(process, new HttpClient { BaseAddress = new Uri("http://" + address) });
            await proxy.ReadPortsAsync();
            return proxy;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a listener is reached.</summary>
    public Uri Url(string listener, string path = "/") => new($"http://127.0.0.1:{_ports[listener]}{path}");

    public IPEndPoint Address(string listener) => new(IPAddress.Loopback, _ports[listener]);

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Process.DisposeAsync();
    }

    private async Task ReadPortsAsync()
    {
        using JsonDocument listeners = JsonDocument.Parse(await Admin.GetStringAsync("/listeners?format=json"));
        foreach (JsonElement listener in listeners.RootElement.GetProperty("listener_statuses").EnumerateArray())
        {
            if (listener.GetProperty("local_address").TryGetProperty("socket_address", out JsonElement address))
            {
                _ports[listener.GetProperty("name").GetString()!] = address.GetProperty("port_value").GetInt32();
            }
        }
    }
}
