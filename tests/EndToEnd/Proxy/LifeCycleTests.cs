using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

public sealed class LifeCycleTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new();

    [Theory]
    [InlineData("auto")]
    [InlineData("epoll")]
    public async Task Request_IsAnswered_OnBothPollers(string transport)
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("hello"), "--transport", transport);
        Assert.Equal("hello", await _client.GetStringAsync(proxy.Url("web")));
    }

    [Fact]
    public async Task Terminate_WithoutTraffic_ExitsZero()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("x"));
        proxy.Process.Signal(PosixSignalNumber.Terminate);
        Assert.Equal(0, await proxy.Process.WaitForExitAsync());
    }

    [Fact]
    public async Task Terminate_WithARequestOnItsWay_AnswersItWithConnectionCloseThenExitsZero()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("late"));
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Address("web"));
        await SendAsync(socket, "GET / HTTP/1.1\r\nhost: a\r\n");
        await Poll.UntilAsync(async () =>
            (await proxy.Admin.GetStringAsync("/server_info")).Contains("\"downstream_connections\": 1", StringComparison.Ordinal));
        proxy.Process.Signal(PosixSignalNumber.Terminate);
        await proxy.Process.WaitForErrorLineAsync("SIGTERM: draining");
        await SendAsync(socket, "\r\n");
        using StreamReader reader = new(new NetworkStream(socket));
        string answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("connection: close\r\n", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await proxy.Process.WaitForExitAsync());
    }

    [Fact]
    public async Task Interrupt_WithAnOpenConnection_ExitsAtOnce()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("x"));
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Address("web"));
        proxy.Process.Signal(PosixSignalNumber.Interrupt);
        Assert.Equal(0, await proxy.Process.WaitForExitAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task File_ChangesContent_IsPutInForceOnTheSameConnection(bool bySignal)
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("before"));
        Assert.Equal("before", await _client.GetStringAsync(proxy.Url("web")));
        _folder.Write("mesh.yaml", Configs.Direct("after"));
        if (bySignal)
        {
            proxy.Process.Signal(PosixSignalNumber.Hangup);
        }

        await proxy.Process.WaitForErrorLineAsync("read again and in force");
        Assert.Equal("after", await _client.GetStringAsync(proxy.Url("web")));
    }

    [Fact]
    public async Task File_BecomesBad_KeepsTheLastGoodAndSaysWhy()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("good"));
        _folder.Write("mesh.yaml", "static_resources: { listeners: 7 }\n");
        await proxy.Process.WaitForErrorLineAsync("mesh.yaml:1");
        await proxy.Process.WaitForErrorLineAsync("the last good configuration stays");
        Assert.Equal("good", await _client.GetStringAsync(proxy.Url("web")));
    }

    [Fact]
    public async Task Admin_OfARunningProxy_TellsAndChanges()
    {
        await using ProxyProcess proxy = await StartAsync(Configs.Direct("x"));
        await _client.GetStringAsync(proxy.Url("web"));
        Assert.Equal("LIVE\n", await proxy.Admin.GetStringAsync("/ready"));
        Assert.Contains(
            "http.web.downstream_rq_total: 1", await proxy.Admin.GetStringAsync("/stats?filter=rq_total"), StringComparison.Ordinal);
        Assert.Contains("downstream_rq", await proxy.Admin.GetStringAsync("/stats/prometheus"), StringComparison.Ordinal);
        Assert.Contains("direct 200", await proxy.Admin.GetStringAsync("/routes"), StringComparison.Ordinal);
        using HttpResponseMessage refused = await proxy.Admin.GetAsync("/quitquitquit");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        using HttpResponseMessage quit = await proxy.Admin.PostAsync("/quitquitquit", null);
        Assert.Equal(0, await proxy.Process.WaitForExitAsync());
    }

    [Theory]
    [InlineData("nginx", "nginx /a?b=c ")]
    [InlineData("haproxy", "haproxy")]
    public async Task Request_ForOthersServers_ComesBackWhole(string server, string expected)
    {
        string socket = _folder["backend.sock"];
        await using TestProcess backend = server == "nginx"
            ? await Backends.NginxAsync(_folder, socket)
            : await Backends.HaproxyAsync(_folder, socket);
        await using ProxyProcess proxy = await StartAsync(Configs.Forward(socket));
        string curl = Tools.Require("curl");
        (int code, string output, _) = await TestProcess.RunAsync(
            curl, "-sS", "--fail", proxy.Url("web", "/a?b=c").ToString(), proxy.Url("web", "/a?b=c").ToString());
        Assert.Equal(0, code);
        Assert.Equal(2, output.Split(expected).Length - 1);
    }

    [Fact]
    public async Task Relay_ToAnHttpServer_PassesBytesUntouched()
    {
        string socket = _folder["backend.sock"];
        await using TestProcess backend = await Backends.NginxAsync(_folder, socket);
        await using ProxyProcess proxy = await StartAsync(Configs.Relay(socket));
        Assert.StartsWith("nginx /relayed", await _client.GetStringAsync(proxy.Url("tcp", "/relayed")), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    private Task<ProxyProcess> StartAsync(string config, params string[] arguments) =>
        ProxyProcess.StartAsync(_folder.Write("mesh.yaml", config), arguments);

    private static async Task SendAsync(Socket socket, string text) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes(text));
}
