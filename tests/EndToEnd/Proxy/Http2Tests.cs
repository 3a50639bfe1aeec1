using System;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>Other people's HTTP/2 clients against the executable.</summary>
public sealed class Http2Tests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Curl_WithPriorKnowledge_GetsAnswersOverHttp2(string transport)
    {
        string socket = _folder["backend.sock"];
        await using TestProcess nginx = await Backends.NginxAsync(_folder, socket);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Forward(socket)), "--transport", transport);
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("curl"), "-sS", "--http2-prior-knowledge", "-w", "%{http_version} %{http_code}",
            proxy.Url("web", "/a?b=1").ToString());
        Assert.True(code == 0, error);
        Assert.Equal("nginx /a?b=1 http\n2 200", output.Trim());
    }

    [Fact]
    public async Task Nghttp_ManyStreamsOfOneConnection_AllSucceed()
    {
        string socket = _folder["backend.sock"];
        await using TestProcess nginx = await Backends.NginxAsync(_folder, socket);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Forward(socket)));
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("nghttp"), "-ns", "-m", "100", proxy.Url("web").ToString());
        Assert.True(code == 0, error);
        Assert.Equal(100, output.Split(" 200 ").Length - 1);
    }

    [Fact]
    public async Task H2load_FiftyThousandRequests_NoneFails()
    {
        string socket = _folder["backend.sock"];
        await using TestProcess nginx = await Backends.NginxAsync(_folder, socket);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Forward(socket)));
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("h2load"), "-n50000", "-c4", "-m50", proxy.Url("web").ToString());
        Assert.True(code == 0, error);
        Assert.True(
            output.Contains("50000 succeeded, 0 failed, 0 errored, 0 timeout", StringComparison.Ordinal), output);
    }

    [Fact]
    public async Task Node_CancellingAThirdOfItsStreams_GetsTheOthersWhole()
    {
        string script = _folder.Write("cancel.js", """
            const http2 = require('http2');
            const session = http2.connect(process.argv[2]);
            session.on('error', error => { console.log('session ' + error.message); process.exit(1); });
            let started = 0, live = 0, whole = 0, cancelled = 0, wrong = 0;
            function next() {
              if (started === 2000) { if (live === 0) finish(); return; }
              const id = started++; live++;
              const request = session.request({ ':path': '/' + id });
              const cancels = id % 3 === 0;
              let status = 0, text = '';
              request.on('response', head => status = head[':status']);
              request.on('data', data => text += data);
              request.on('error', () => {});
              request.on('close', () => {
                live--;
                if (cancels) cancelled++;
                else if (status === 200 && text.startsWith('nginx /' + id + ' ')) whole++;
                else wrong++;
                next();
              });
              if (cancels) setTimeout(() => request.close(http2.constants.NGHTTP2_CANCEL), id % 5);
            }
            function finish() { console.log(`whole ${whole} cancelled ${cancelled} wrong ${wrong}`); process.exit(0); }
            for (let i = 0; i < 60; i++) next();
            """);
        string socket = _folder["backend.sock"];
        await using TestProcess nginx = await Backends.NginxAsync(_folder, socket);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Forward(socket)));
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("node"), script, proxy.Url("web").ToString());
        Assert.True(code == 0, output + error);
        Assert.Equal("whole 1333 cancelled 667 wrong 0", output.Trim());
    }

    public void Dispose() => _folder.Dispose();
}
