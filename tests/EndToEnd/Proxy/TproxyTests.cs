using System;
using System.IO;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>
/// Inbound interception by TPROXY: a client host and a server host in network namespaces, real rules, nginx as the
/// application that knows nothing. The proxy sees the client's address and the one that it meant.
/// </summary>
public sealed class TproxyTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly string _client = "fmtc" + Environment.ProcessId;
    private readonly string _server = "fmts" + Environment.ProcessId;
    private string _ip = string.Empty;

    public async ValueTask InitializeAsync()
    {
        Tools.RequireRoot();
        Tools.Require("iptables-restore");
        _ip = Tools.Require("ip");
        await RunAsync("netns", "add", _client);
        await RunAsync("netns", "add", _server);
        await RunAsync("link", "add", "eth0", "netns", _client, "type", "veth", "peer", "name", "eth0", "netns", _server);
        foreach ((string host, string number) in ((string, string)[])[(_client, "1"), (_server, "2")])
        {
            await RunAsync("-n", host, "link", "set", "lo", "up");
            await RunAsync("-n", host, "addr", "add", $"10.78.0.{number}/24", "dev", "eth0");
            await RunAsync("-n", host, "addr", "add", $"fd78::{number}/64", "dev", "eth0", "nodad");
            await RunAsync("-n", host, "link", "set", "eth0", "up");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ip.Length > 0)
        {
            await TestProcess.RunAsync(_ip, "netns", "del", _client);
            await TestProcess.RunAsync(_ip, "netns", "del", _server);
        }

        _folder.Dispose();
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Inbound_ByTproxy_KeepsBothAddressesAndReachesTheApplication(string transport)
    {
        await using TestProcess nginx = TestProcess.Start(_ip, Inside(_server, Tools.Require("nginx"), "-e", "stderr", "-c", Nginx()));
        string config = _folder.Write("mesh.yaml", Config());
        await RunAsync(Inside(_server, ProxyProcess.Executable, "redirect", "apply", "-m", "TPROXY", "--dual-stack"));
        await using TestProcess proxy = TestProcess.Start(_ip, Inside(
            _server, Tools.Require("setpriv"), "--regid", "1337", "--clear-groups", ProxyProcess.Executable, "proxy",
            "-c", config, "--concurrency", "1", "--transport", transport));
        await proxy.WaitForErrorLineAsync("ready in ");

        // Port 80 has a chain of its own; port 81 goes where it was meant to, by way of the passthrough cluster.
        Assert.Equal("app 127.0.0.6 10.78.0.1", await CurlAsync("http://10.78.0.2:80/"));
        Assert.Equal("app 127.0.0.6", await CurlAsync("http://10.78.0.2:81/"));
        Assert.Equal("app 127.0.0.6 fd78::1", await CurlAsync("http://[fd78::2]:80/"));
        await RunAsync(Inside(_server, ProxyProcess.Executable, "redirect", "remove", "-m", "TPROXY", "--dual-stack"));
        Assert.Equal("app 10.78.0.1", await CurlAsync("http://10.78.0.2:80/"));

        proxy.Signal(PosixSignalNumber.Terminate);
        Assert.Equal(0, await proxy.WaitForExitAsync());
        Assert.Equal(
            ["10.78.0.1 -> 10.78.0.2:80", "10.78.0.1 -> 10.78.0.2:81", "fd78::1 -> [fd78::2]:80"],
            await File.ReadAllLinesAsync(_folder["log"]));
    }

    private async Task<string> CurlAsync(string url)
    {
        (int code, string output, string error) = await TestProcess.RunAsync(
            _ip, Inside(_client, Tools.Require("curl"), "-sS", "-g", "-m", "20", url));
        Assert.True(code == 0, error);
        return output.Trim();
    }

    private async Task RunAsync(params string[] arguments)
    {
        (int code, string output, string error) = await TestProcess.RunAsync(_ip, arguments);
        Assert.True(code == 0, string.Join(' ', arguments) + ": " + output + error);
    }

    private static string[] Inside(string host, params string[] command) => ["netns", "exec", host, .. command];

    private string Nginx() => Backends.NginxConfig(_folder, """
        server {
          listen 80; listen 81; listen [::]:80;
          location / { return 200 "app $remote_addr $http_x_forwarded_for\n"; }
        }
        """);

    private string Config()
    {
        string log = "access_log: [{ name: f, typed_config: { '@type': "
            + "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, "
            + $"path: '{_folder["log"]}', log_format: {{ text_format_source: {{ inline_string: "
            + "\"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% -> %DOWNSTREAM_LOCAL_ADDRESS%\\n\" } } } }]";
        string loopback = "upstream_bind_config: { source_address: { address: 127.0.0.6, port_value: 0 } }";
        return $$"""
            admin: { address: { socket_address: { address: 127.0.0.1, port_value: 15000 } } }
            static_resources:
              listeners:
                - name: virtualInbound
                  address: { socket_address: { address: 0.0.0.0, port_value: 15006 } }
                  additional_addresses: [{ address: { socket_address: { address: "::", port_value: 15006 } } }]
                  transparent: true
                  listener_filters:
                    - name: envoy.filters.listener.original_dst
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst
                  filter_chains:
                    - filter_chain_match: { destination_port: 80 }
                      filters:
                        - name: http
                          typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                            stat_prefix: inbound
                            use_remote_address: true
                            {{log}}
                            http_filters:
                              - name: envoy.filters.http.router
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                            route_config:
                              virtual_hosts:
                                - name: all
                                  domains: ["*"]
                                  routes: [{ match: { prefix: / }, route: { cluster: inbound } }]
                    - filters:
                        - name: tcp
                          typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                            stat_prefix: passthrough
                            cluster: passthrough
                            {{log}}
              clusters:
                - name: inbound
                  type: STATIC
                  {{loopback}}
                  load_assignment:
                    cluster_name: inbound
                    endpoints:
                      - lb_endpoints:
                          - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 80 } } }
                - { name: passthrough, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, {{loopback}} }

            """;
    }
}
