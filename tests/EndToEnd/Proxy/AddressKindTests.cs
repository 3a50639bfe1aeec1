using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>
/// Unix sockets, IPv6 and both versions of the PROXY protocol on both sides of a proxy with several reactors. nginx
/// says who it thinks asks.
/// </summary>
public sealed class AddressKindTests : IDisposable
{
    private const int Rounds = 24;

    // 203.0.113.9:4321 asks 203.0.113.1:80.
    private const string HeaderV1 = "PROXY TCP4 203.0.113.9 203.0.113.1 4321 80\r\n";

    private static readonly byte[] s_headerV2 =
    [
        .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 203, 0, 113, 9, 203, 0, 113, 1, 0x10, 0xE1, 0, 80,
    ];

    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("epoll", 1)]
    [InlineData("epoll", 3)]
    [InlineData("auto", 1)]
    [InlineData("auto", 3)]
    public async Task Request_OverEveryKindOfAddress_IsAnswered(string transport, int reactors)
    {
        using TcpListener six = new(IPAddress.IPv6Loopback, 0);
        six.Start();
        await using TestProcess nginx = await NginxAsync();
        await using ProxyProcess proxy = await StartAsync(transport, reactors, ((IPEndPoint)six.LocalEndpoint).Port);
        Task answers = AnswerAsync(six);
        for (int i = 0; i < Rounds; i++)
        {
            Assert.EndsWith("six", await AskAsync(Unix("in.sock"), []), StringComparison.Ordinal);
            Assert.EndsWith("plain ::1", await AskAsync(Six(proxy, "six"), []), StringComparison.Ordinal);
        }

        six.Stop();
        await answers;
    }

    [Theory]
    [InlineData("epoll", 1)]
    [InlineData("epoll", 3)]
    [InlineData("auto", 1)]
    [InlineData("auto", 3)]
    public async Task ProxyHeader_OfEitherVersion_ReachesTheUpstreamInEitherVersion(string transport, int reactors)
    {
        await using TestProcess nginx = await NginxAsync();
        await using ProxyProcess proxy = await StartAsync(transport, reactors, sixPort: 9);
        foreach (byte[] header in (byte[][])[Encoding.ASCII.GetBytes(HeaderV1), s_headerV2])
        {
            foreach (string listener in (string[])["proxy1", "proxy2"])
            {
                string answer = await AskAsync(proxy.Address(listener), header);
                Assert.EndsWith("proxied 203.0.113.9:4321 for :80", answer, StringComparison.Ordinal);
            }

            string http = await AskAsync(proxy.Address("proxyhttp"), header);
            Assert.EndsWith("plain 203.0.113.9", http, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task ProxyHeader_Missing_ClosesTheConnection(string transport)
    {
        await using ProxyProcess proxy = await StartAsync(transport, reactors: 1, sixPort: 9);
        Assert.Equal(string.Empty, await AskAsync(proxy.Address("proxyhttp"), []));
        string counters = await proxy.Admin.GetStringAsync("/stats?filter=listener_filter_error");
        Assert.Single(
            counters.Split('\n'), line => line.EndsWith("downstream_listener_filter_error: 1", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private UnixDomainSocketEndPoint Unix(string name) => new(_folder[name]);

    private static IPEndPoint Six(ProxyProcess proxy, string listener) =>
        new(IPAddress.IPv6Loopback, proxy.Address(listener).Port);

    /// <summary>One request on a connection of its own; the whole answer without the last line's end.</summary>
    private static async Task<string> AskAsync(EndPoint address, byte[] before)
    {
        using Socket socket = new(
            address.AddressFamily, SocketType.Stream,
            address is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(address);
        await socket.SendAsync((byte[])[.. before, .. "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"u8]);
        using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream, Encoding.Latin1);
        try
        {
            return (await reader.ReadToEndAsync()).TrimEnd('\n');
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    private static async Task AnswerAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using Socket socket = await listener.AcceptSocketAsync();
                await socket.ReceiveAsync(new byte[4096]);
                await socket.SendAsync("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nsix"u8.ToArray());
            }
        }
        catch (SocketException)
        {
            // Stopped.
        }
    }

    private Task<TestProcess> NginxAsync() => Backends.NginxAsync(
        _folder, _folder["proxied.sock"], $$"""
            server {
              listen unix:{{_folder["plain.sock"]}};
              location / { return 200 "plain $http_x_forwarded_for\n"; }
            }
            server {
              listen unix:{{_folder["proxied.sock"]}} proxy_protocol;
              location / {
                return 200 "proxied $proxy_protocol_addr:$proxy_protocol_port for :$proxy_protocol_server_port\n";
              }
            }
            """);

    private Task<ProxyProcess> StartAsync(string transport, int reactors, int sixPort)
    {
        string any4 = "socket_address: { address: 127.0.0.1, port_value: 0 }";
        string config = _folder.Write("mesh.yaml", $$"""
            admin: { address: { {{any4}} } }
            static_resources:
              listeners:
                - { name: unix, address: { pipe: { path: "{{_folder["in.sock"]}}" } }, {{Http("six")}} }
                - { name: six, address: { socket_address: { address: "::1", port_value: 0 } }, {{Http("plain")}} }
                - { name: proxyhttp, address: { {{any4}} }, {{ProxyFilter}}, {{Http("plain")}} }
                - { name: proxy1, address: { {{any4}} }, {{ProxyFilter}}, {{Tcp("version1")}} }
                - { name: proxy2, address: { {{any4}} }, {{ProxyFilter}}, {{Tcp("version2")}} }
              clusters:
                - { name: six, {{Endpoint($"socket_address: {{ address: '::1', port_value: {sixPort} }}")}} }
                - { name: plain, {{Pipe("plain")}} }
                - { name: version1, {{Pipe("proxied")}}, {{ProxyTransport("V1")}} }
                - { name: version2, {{Pipe("proxied")}}, {{ProxyTransport("V2")}} }

            """);
        return ProxyProcess.StartAsync(
            config, "--transport", transport, "--concurrency", FormattableString.Invariant($"{reactors}"));
    }

    private string Pipe(string socket) => Endpoint($"pipe: {{ path: '{_folder[socket + ".sock"]}' }}");

    private static string Endpoint(string address) =>
        "load_assignment: { cluster_name: c, endpoints: [{ lb_endpoints: [{ endpoint: { address: { "
        + address + " } } }] }] }";

    private static string ProxyFilter =>
        "listener_filters: [{ name: proxy, typed_config: { '@type': "
        + "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol } }]";

    private static string ProxyTransport(string version) =>
        "transport_socket: { name: proxy, typed_config: { '@type': "
        + "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, "
        + $"config: {{ version: {version} }}, transport_socket: {{ name: raw, typed_config: {{ '@type': "
        + "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer } } } }";

    private static string Tcp(string cluster) =>
        "filter_chains: [{ filters: [{ name: tcp, typed_config: { '@type': "
        + "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, "
        + $"stat_prefix: t, cluster: {cluster} }} }}] }}]";

    private static string Http(string cluster) =>
        "filter_chains: [{ filters: [{ name: http, typed_config: { '@type': type.googleapis.com/"
        + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, "
        + "stat_prefix: h, use_remote_address: true, http_filters: [{ name: envoy.filters.http.router, typed_config: { "
        + "'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } }], route_config: { "
        + "virtual_hosts: [{ name: all, domains: ['*'], routes: [{ match: { prefix: / }, route: { cluster: "
        + cluster + " } }] }] } } }] }]";
}
