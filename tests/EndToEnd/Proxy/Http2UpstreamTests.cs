using System;
using System.IO;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>Other people's HTTP/2 servers as upstreams, with their own ideas of limits and ends.</summary>
public sealed class Http2UpstreamTests : IDisposable
{
    private const string Http2 = "http2_protocol_options: { },";

    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("epoll", "--http1.1")]
    [InlineData("auto", "--http1.1")]
    [InlineData("epoll", "--http2-prior-knowledge")]
    [InlineData("auto", "--http2-prior-knowledge")]
    public async Task Curl_OfEitherVersion_IsAnsweredByNginxOverHttp2(string transport, string version)
    {
        await using TestProcess nginx = await NginxAsync(requestsPerConnection: 1000, streams: 128);
        await using ProxyProcess proxy = await StartAsync("--transport", transport);
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("curl"), "-sS", version, proxy.Url("web", "/a?b=1").ToString());
        Assert.True(code == 0, error);
        Assert.Equal("nginx /a?b=1 HTTP/2.0", output.Trim());
    }

    /// <summary>nginx says GOAWAY after so many requests and refuses what was on its way.</summary>
    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task H2load_NginxEndsItsConnectionsOftenAndTakesFewStreams_NoRequestFails(string transport)
    {
        string body = _folder.Write("post", new string('p', 1500));
        await using TestProcess nginx = await NginxAsync(requestsPerConnection: 50, streams: 16);
        await using ProxyProcess proxy = await StartAsync("--transport", transport);
        foreach (string[] what in (string[][])[["-n20000", "-c4", "-m40"], ["-n2000", "-c4", "-m20", "-d", body]])
        {
            (int code, string output, string error) = await TestProcess.RunAsync(
                Tools.Require("h2load"), [.. what, proxy.Url("web", "/x").ToString()]);
            Assert.True(code == 0, error);
            Assert.Contains(what[0][2..] + " succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
        }

        string stats = await proxy.Admin.GetStringAsync("/stats?usedonly&filter=stream_refused_errors");
        Assert.Contains("cluster.backend.http2.stream_refused_errors: ", stats, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_TrailersAndResetsAndInterim_PassAsTheyAre()
    {
        string script = _folder.Write("server.js", """
            const http2 = require('http2');
            const server = http2.createServer();
            server.on('stream', (stream, headers) => {
              stream.on('error', () => {});
              switch (headers[':path']) {
                case '/trailers':
                  stream.respond({ ':status': 200 }, { waitForTrailers: true });
                  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
                  stream.end('with trailers');
                  break;
                case '/reset':
                  stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
                  break;
                case '/interim':
                  stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
                  stream.respond({ ':status': 200 });
                  stream.end('after interim');
                  break;
                default: {
                  let bytes = 0;
                  stream.on('data', part => bytes += part.length);
                  stream.on('end', () => { stream.respond({ ':status': 200 }); stream.end('got ' + bytes); });
                }
              }
            });
            server.listen(process.argv[2]);
            """);
        string big = _folder.Write("big", new string('b', 3_000_000));
        await using TestProcess node = TestProcess.Start(Tools.Require("node"), script, _folder["backend.sock"]);
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(_folder["backend.sock"])));
        await using ProxyProcess proxy = await StartAsync();

        string trailers = await NghttpAsync(proxy, "-v", "/trailers");
        Assert.Contains("with trailers", trailers, StringComparison.Ordinal);
        Assert.Contains("x-sum: 42", trailers, StringComparison.Ordinal);
        Assert.Contains(":status: 103", await NghttpAsync(proxy, "-v", "/interim"), StringComparison.Ordinal);
        Assert.Contains(":status: 503", await NghttpAsync(proxy, "-v", "/reset", "-H:method: PUT"), StringComparison.Ordinal);
        Assert.EndsWith("got 3000000", (await NghttpAsync(proxy, "-d", "/post", big)).Trim(), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string> NghttpAsync(ProxyProcess proxy, string flag, string path, string? value = null)
    {
        string[] arguments = value is null ? [flag] : [flag, value];
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("nghttp"), [.. arguments, proxy.Url("web", path).ToString()]);
        Assert.True(code == 0, error);
        return output;
    }

    private Task<ProxyProcess> StartAsync(params string[] arguments) => ProxyProcess.StartAsync(
        _folder.Write("mesh.yaml", Configs.Forward(_folder["backend.sock"], Http2)), arguments);

    private Task<TestProcess> NginxAsync(int requestsPerConnection, int streams) => Backends.NginxAsync(
        _folder, _folder["backend.sock"], $$"""
            keepalive_requests {{requestsPerConnection}}; http2_max_concurrent_streams {{streams}};
            server {
              listen unix:{{_folder["backend.sock"]}} http2;
              location / { return 200 "nginx $request_uri $server_protocol\n"; }
            }
            """);
}
