using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>One process takes over from another while clients see nothing of it.</summary>
public sealed class HotRestartTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("auto")]
    [InlineData("epoll")]
    public async Task HotRestart_UnderLoad_LosesNoRequest(string transport)
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("before"), transport);
        using CancellationTokenSource stop = new();
        Task<List<string>>[] load = [.. Enumerable.Range(0, 4).Select(_ => LoadAsync(proxy.Url("web"), stop.Token))];
        _folder.Write("next.yaml", Configs.Direct("after"));
        System.IO.File.Move(_folder["next.yaml"], _folder["mesh.yaml"], overwrite: true);
        await proxy.Process.WaitForErrorLineAsync("read again and in force");

        proxy.Process.Signal(PosixSignalNumber.User2);
        string taken = await proxy.Process.WaitForErrorLineAsync("serves now");
        int next = NumberBehind(taken, "process ");
        try
        {
            await ExitOfAsync(proxy.Process.Id);
            Assert.Equal("LIVE\n", await proxy.Admin.GetStringAsync("/ready"));
            await stop.CancelAsync();
            List<string>[] answers = await Task.WhenAll(load);
            Assert.All(answers, own => Assert.All(own, answer => Assert.Contains(answer, new[] { "before", "after" })));
            Assert.All(answers, static own => Assert.NotEmpty(own));

            // And once more, from the new one to its own next.
            TestProcess.Signal(next, PosixSignalNumber.User2);
            next = NumberBehind(await proxy.Process.WaitForErrorLineAsync("serves now"), "process ");
            using HttpClient fresh = new();
            Assert.Equal("after", await fresh.GetStringAsync(proxy.Url("web")));
        }
        finally
        {
            TestProcess.Signal(next, PosixSignalNumber.Terminate);
        }
    }

    [Fact]
    public async Task HotRestart_NextConfigurationIsBad_LeavesTheOldOneServing()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("alive"), "auto");
        _folder.Write("mesh.yaml", "static_resources: { listeners: 7 }\n");
        await proxy.Process.WaitForErrorLineAsync("the last good configuration stays");
        proxy.Process.Signal(PosixSignalNumber.User2);
        await proxy.Process.WaitForErrorLineAsync("ended before it was ready");
        using HttpClient client = new();
        Assert.Equal("alive", await client.GetStringAsync(proxy.Url("web")));
        Assert.Equal("LIVE\n", await proxy.Admin.GetStringAsync("/ready"));
    }

    public void Dispose() => _folder.Dispose();

    private Task<ProxyProcess> StartAsync(string config, string transport) => ProxyProcess.StartAsync(
        _folder.Write("mesh.yaml", config), "--transport", transport, "--drain-time", "2s");

    // A new connection for each request, so that the accept queues are what is tested.
    private static async Task<List<string>> LoadAsync(Uri url, CancellationToken stop)
    {
        using HttpClient client = new();
        client.DefaultRequestHeaders.ConnectionClose = true;
        List<string> answers = [];
        while (!stop.IsCancellationRequested)
        {
            answers.Add(await client.GetStringAsync(url, CancellationToken.None));
        }

        return answers;
    }

    private static int NumberBehind(string line, string word)
    {
        string rest = line[(line.IndexOf(word, StringComparison.Ordinal) + word.Length)..];
        return int.Parse(rest.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static Task ExitOfAsync(int process) => Poll.UntilAsync(() => Task.FromResult(
        Process.GetProcesses().All(one => one.Id != process)));
}
