using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using FastMesh.Tests.Support.Tls;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>TLS against curl, openssl, nginx and SslStream, on both sides of the executable.</summary>
public sealed partial class TlsTests : IDisposable
{
    private const string ClientId = "spiffe://cluster.local/ns/a/sa/client";
    private const string ServerId = "spiffe://cluster.local/ns/a/sa/server";

    private readonly TestFolder _folder = new();
    private readonly TestAuthority _authority = new();

    public TlsTests()
    {
        _folder.Write("ca.pem", _authority.Pem);
        Issue("server", new Leaf { DnsNames = ["server.test"], Uris = [ServerId] });
        Issue("client", Leaf.Workload(ClientId));
    }

    [Theory]
    [InlineData("epoll", "1.2", "--http1.1", "1.1")]
    [InlineData("epoll", "1.3", "--http2", "2")]
    [InlineData("auto", "1.2", "--http2", "2")]
    [InlineData("auto", "1.3", "--http1.1", "1.1")]
    public async Task Curl_OfAnyVersion_IsServedAndTheUpstreamIsToldHttps(
        string transport, string version, string protocol, string expected)
    {
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(Server(), "", transport);
        (int code, string output, string error) = await CurlAsync(
            proxy, "/a", protocol, "--tlsv" + version, "--tls-max", version, "-w", "%{http_version}");
        Assert.True(code == 0, error);
        Assert.Equal("nginx /a https\n" + expected, output);
        Assert.Contains("ssl.handshake: 1", await SslAsync(proxy), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client", 0, "ssl.handshake: 1")]
    [InlineData("", 56, "ssl.fail_verify_no_cert: 1")]
    [InlineData("foreign", 56, "ssl.fail_verify_error: 1")]
    [InlineData("expired", 56, "ssl.fail_verify_error: 1")]
    public async Task ClientCertificate_Required_IsCheckedAndCounted(string certificate, int exit, string counter)
    {
        Issue("foreign", Leaf.Workload(ClientId), new TestAuthority());
        Issue("expired", Leaf.Workload(ClientId) with
        {
            NotAfter = DateTimeOffset.UtcNow.AddMinutes(-1),
        });
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(
            Server(Trusting(), "require_client_certificate: true,"), "", "auto");
        string[] shown = certificate.Length == 0
            ? []
            : ["--cert", _folder[certificate + ".pem"], "--key", _folder[certificate + ".key"]];
        (int code, _, string error) = await CurlAsync(proxy, "/", shown);
        Assert.True(code == exit, error);
        await Poll.UntilAsync(async () => (await SslAsync(proxy)).Contains(counter, StringComparison.Ordinal));
    }

    /// <summary>Only a client that has shown a certificate states an identity, or has one stated.</summary>
    [Theory]
    [InlineData("SANITIZE", true, "")]
    [InlineData("FORWARD_ONLY", true, "URI=spiffe://told")]
    [InlineData("FORWARD_ONLY", false, "")]
    [InlineData("APPEND_FORWARD", true, "URI=spiffe://told,By=" + ServerId + ";Hash=*;Subject=\"\";URI=" + ClientId)]
    [InlineData("APPEND_FORWARD", false, "")]
    [InlineData("SANITIZE_SET", true, "By=" + ServerId + ";Hash=*;Subject=\"\";URI=" + ClientId)]
    [InlineData("SANITIZE_SET", false, "")]
    [InlineData("ALWAYS_FORWARD_ONLY", false, "URI=spiffe://told")]
    public async Task ForwardedClientCert_OfEachMode_TellsTheUpstream(string mode, bool shows, string expected)
    {
        await using TestProcess nginx = await Backends.NginxAsync(
            _folder, _folder["backend.sock"], $$"""
                server {
                  listen unix:{{_folder["backend.sock"]}};
                  location / { return 200 "$http_x_forwarded_client_cert\n"; }
                }
                """);
        string config = Configs.Forward(_folder["backend.sock"], socket: Server(Trusting()))
            .Replace(
                "stat_prefix: web",
                $"stat_prefix: web\n                forward_client_cert_details: {mode}\n"
                + "                set_current_client_cert_details: { subject: true, uri: true, dns: true }",
                StringComparison.Ordinal);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(_folder.Write("mesh.yaml", config));
        string[] shown = shows ? ["--cert", _folder["client.pem"], "--key", _folder["client.key"]] : [];
        (int code, string output, string error) =
            await CurlAsync(proxy, "/", ["-H", "x-forwarded-client-cert: URI=spiffe://told", .. shown]);
        Assert.True(code == 0, error);
        Assert.Equal(expected, HashPattern().Replace(output, "Hash=*"));
    }

    /// <summary>Both ends of the proxy in one line, of HTTP and of a failed handshake.</summary>
    [Fact]
    public async Task AccessLog_NamesBothPeersAndWhyAHandshakeFailed()
    {
        await using TestProcess nginx = await TlsNginxAsync();
        string log = "access_log: [{ name: f, typed_config: { '@type': "
            + "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, "
            + $"path: '{_folder["NAME.log"]}', log_format: {{ text_format_source: {{ inline_string: "
            + "\"%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_TLS_VERSION% %UPSTREAM_PEER_URI_SAN% %UPSTREAM_TLS_CIPHER% "
            + "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%\\n\" } } } }]";
        string config = Configs.Forward(
            _folder["backend.sock"], Client("ca", ServerId),
            socket: Server(Trusting(), "require_client_certificate: true,"))
            .Replace("stat_prefix: web", "stat_prefix: web\n                "
                + log.Replace("NAME", "http", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("filter_chains:", log.Replace("NAME", "listener", StringComparison.Ordinal)
                + "\n      filter_chains:", StringComparison.Ordinal);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(_folder.Write("mesh.yaml", config));
        (int code, _, string error) = await CurlAsync(
            proxy, "/", "--cert", _folder["client.pem"], "--key", _folder["client.key"]);
        Assert.True(code == 0, error);
        await LogAsync("http.log", $"{ClientId} TLSv1.3 {ServerId} ECDHE-ECDSA-AES128-GCM-SHA256 -\n");
        Assert.NotEqual(0, (await CurlAsync(proxy, "/")).Code);
        await LogAsync("listener.log", "peer did not return a certificate");
    }

    [Theory]
    [InlineData("ca", ServerId, 200)]
    [InlineData("other", ServerId, 503)]
    [InlineData("ca", "spiffe://cluster.local/ns/a/sa/other", 503)]
    public async Task Upstream_IsNginxWithTls_IsVerifiedByChainAndName(string ca, string name, int status)
    {
        _folder.Write("other.pem", new TestAuthority().Pem);
        await using TestProcess nginx = await TlsNginxAsync();
        await using ProxyProcess proxy = await StartAsync(Server(), Client(ca, name), "auto");
        (_, string output, _) = await CurlAsync(proxy, "/x", "-w", "%{http_code}");
        Assert.EndsWith(FormattableString.Invariant($"{status}"), output, StringComparison.Ordinal);
        if (status == 200)
        {
            Assert.StartsWith("secret /x for server.test from SUCCESS\n", output, StringComparison.Ordinal);
        }
    }

    /// <summary>nginx speaks HTTP/2 only where ALPN chose it.</summary>
    [Theory]
    [InlineData("http2_protocol_options: { },", "", 200)]
    [InlineData("http2_protocol_options: { },", "http/1.1", 503)]
    [InlineData("", "h2", 503)]
    public async Task Upstream_ChoosesByAlpn_MustChooseWhatTheClusterSpeaks(string http, string offered, int status)
    {
        await using TestProcess nginx = await TlsNginxAsync("ssl http2");
        string alpn = offered.Length == 0 ? "" : $"alpn_protocols: [{offered}], ";
        await using ProxyProcess proxy = await StartAsync(Server(), http + Client("ca", ServerId, alpn), "auto");
        (_, string output, _) = await CurlAsync(proxy, "/x", "-w", "%{http_code}");
        Assert.EndsWith(FormattableString.Invariant($"{status}"), output, StringComparison.Ordinal);
        Assert.Equal(status == 200, output.StartsWith("secret /x", StringComparison.Ordinal));
    }

    /// <summary>A relay originates TLS as well, and resumes the last connection's session.</summary>
    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Relay_ToNginxWithTls_PassesBytesAndResumes(string transport)
    {
        await using TestProcess nginx = await TlsNginxAsync();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write("mesh.yaml", Configs.Relay(_folder["backend.sock"], Client("ca", ServerId))),
            "--transport", transport);
        for (int i = 0; i < 3; i++)
        {
            (int code, string output, string error) = await TestProcess.RunAsync(
                Tools.Require("curl"), "-sS", "-m", "20", proxy.Url("tcp", "/x").ToString());
            Assert.True(code == 0, error);
            Assert.StartsWith("secret /x for server.test from SUCCESS", output, StringComparison.Ordinal);
        }

        string stats = await proxy.Admin.GetStringAsync("/stats?filter=cluster.backend.ssl");
        Assert.Contains("ssl.handshake: 3\n", stats, StringComparison.Ordinal);
        Assert.Contains("ssl.session_reused: 2\n", stats, StringComparison.Ordinal);
    }

    /// <summary>The session ticket that comes behind the handshake is no reason to end an idle connection.</summary>
    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Upstream_OverTls_IsKeptBetweenRequests(string transport)
    {
        await using TestProcess nginx = await TlsNginxAsync();
        await using ProxyProcess proxy = await StartAsync(Server(), Client("ca", ServerId), transport);
        for (int i = 0; i < 4; i++)
        {
            Assert.StartsWith("secret", (await CurlAsync(proxy, "/x")).Output, StringComparison.Ordinal);
        }

        Assert.Contains(
            "cluster.backend.upstream_cx_total: 1\n",
            await proxy.Admin.GetStringAsync("/stats?filter=upstream_cx_total"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("auto")]
    public async Task Bodies_OfMegabytes_PassBothWaysAndManyClientsAtOnce(string transport)
    {
        string body = _folder.Write("big", new string('b', 900_000));
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(Server(), "", transport);
        (int code, string output, string error) = await TestProcess.RunAsync(
            Tools.Require("h2load"), "-n60", "-c6", "-m10", "-d", body, Url(proxy, "/x"));
        Assert.True(code == 0, error);
        Assert.Contains("60 succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
        (code, output, error) = await TestProcess.RunAsync(
            Tools.Require("h2load"), "-n2000", "-c100", "-m3", Url(proxy, "/x"));
        Assert.True(code == 0, error);
        Assert.Contains("2000 succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_ReplacedAndHangup_IsShownToNewConnectionsWhileOldOnesGoOn()
    {
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(Server(), "", "auto");
        using SslStream old = await ConnectAsync(proxy);
        string before = old.RemoteCertificate!.GetSerialNumberString();
        Issue("server", new Leaf { DnsNames = ["server.test"], Uris = [ServerId] });
        proxy.Process.Signal(PosixSignalNumber.Hangup);
        await proxy.Process.WaitForErrorLineAsync("read again and in force");

        using SslStream fresh = await ConnectAsync(proxy);
        Assert.NotEqual(before, fresh.RemoteCertificate!.GetSerialNumberString());
        await old.WriteAsync("GET /old HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"u8.ToArray());
        using StreamReader reader = new(old);
        Assert.Contains("nginx /old https", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Openssl_ResumesItsSession()
    {
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(Server(), "", "auto");
        string ask = $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | {Tools.Require("openssl")} s_client -ign_eof "
            + $"-connect {proxy.Address("web")} -servername server.test -CAfile '{_folder["ca.pem"]}' ";
        string session = _folder["session"];
        await TestProcess.RunAsync("/bin/sh", "-c", $"{ask} -sess_out '{session}'");
        (_, string output, string error) =
            await TestProcess.RunAsync("/bin/sh", "-c", $"{ask} -sess_in '{session}'");
        Assert.True(output.Contains("Reused, TLSv1.3", StringComparison.Ordinal), output + error);
        Assert.Contains("ssl.session_reused: 1", await SslAsync(proxy), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plaintext_ToATlsChain_IsRefusedAndTheNextIsServed()
    {
        await using TestProcess nginx = await Backends.NginxAsync(_folder, _folder["backend.sock"]);
        await using ProxyProcess proxy = await StartAsync(Server(), "", "auto");
        (int code, _, _) = await TestProcess.RunAsync(
            Tools.Require("curl"), "-sS", "-m", "20", proxy.Url("web").ToString());
        Assert.NotEqual(0, code);
        Assert.Contains("ssl.connection_error: 1", await SslAsync(proxy), StringComparison.Ordinal);
        Assert.Equal(0, (await CurlAsync(proxy, "/")).Code);
    }

    [Fact]
    public async Task Config_KeyOfAnotherCertificate_IsRefusedWithTheReason()
    {
        File.Copy(_folder["client.key"], _folder["server.key"], overwrite: true);
        string config = _folder.Write("mesh.yaml", Configs.Forward(_folder["b.sock"], socket: Server()));
        (int code, _, string error) = await TestProcess.RunAsync(
            ProxyProcess.Executable, "proxy", "-c", config, "--mode", "validate");
        Assert.NotEqual(0, code);
        Assert.Contains("the private key does not belong to the certificate", error, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex("Hash=[0-9a-f]{64}")]
    private static partial Regex HashPattern();

    private Task LogAsync(string name, string part) => Poll.UntilAsync(async () =>
        File.Exists(_folder[name])
        && (await File.ReadAllTextAsync(_folder[name])).Contains(part, StringComparison.Ordinal));

    private string Trusting() => $"validation_context: {{ trusted_ca: {{ filename: '{_folder["ca.pem"]}' }} }}";

    private static string Url(ProxyProcess proxy, string path) =>
        proxy.Url("web", path).ToString().Replace("http:", "https:", StringComparison.Ordinal);

    private static Task<string> SslAsync(ProxyProcess proxy) =>
        proxy.Admin.GetStringAsync("/stats?usedonly&filter=ssl");

    private async Task<(int Code, string Output, string Error)> CurlAsync(
        ProxyProcess proxy, string path, params string[] flags)
    {
        int port = proxy.Address("web").Port;
        (int code, string output, string error) = await TestProcess.RunAsync(Tools.Require("curl"),
        [
            "-sS", "-m", "20", "--cacert", _folder["ca.pem"], "--resolve", $"server.test:{port}:127.0.0.1", .. flags,
            $"https://server.test:{port}{path}",
        ]);
        return (code, output.TrimEnd(), error);
    }

    private static async Task<SslStream> ConnectAsync(ProxyProcess proxy)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Address("web"));
#pragma warning disable CA5359 // What is shown is what the test is about.
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true), false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync("server.test");
        return stream;
    }

    private Task<ProxyProcess> StartAsync(string socket, string cluster, string transport) => ProxyProcess.StartAsync(
        _folder.Write("mesh.yaml", Configs.Forward(_folder["backend.sock"], cluster, socket: socket)),
        "--transport", transport);

    private string Server(string validation = "", string fields = "") =>
        "transport_socket: { name: tls, typed_config: { '@type': "
        + $"type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, {fields} "
        + $"common_tls_context: {{ alpn_protocols: [h2, http/1.1], tls_certificates: [{Certificate("server")}], "
        + validation + " } } }";

    private string Client(string ca, string name, string alpn = "") =>
        "transport_socket: { name: tls, typed_config: { '@type': "
        + "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: server.test, "
        + $"common_tls_context: {{ {alpn}tls_certificates: [{Certificate("client")}], validation_context: {{ "
        + $"trusted_ca: {{ filename: '{_folder[ca + ".pem"]}' }}, match_typed_subject_alt_names: "
        + $"[{{ san_type: URI, matcher: {{ exact: '{name}' }} }}] }} }} }} }},";

    private string Certificate(string name) =>
        $"{{ certificate_chain: {{ filename: '{_folder[name + ".pem"]}' }}, "
        + $"private_key: {{ filename: '{_folder[name + ".key"]}' }} }}";

    private void Issue(string name, Leaf leaf, TestAuthority? authority = null)
    {
        IssuedCertificate issued = (authority ?? _authority).Issue(leaf);
        _folder.Write(name + ".pem", issued.ChainPem);
        _folder.Write(name + ".key", issued.KeyPem);
    }

    private Task<TestProcess> TlsNginxAsync(string kind = "ssl") => Backends.NginxAsync(
        _folder, _folder["backend.sock"], $$"""
            server {
              listen unix:{{_folder["backend.sock"]}} {{kind}};
              ssl_certificate {{_folder["server.pem"]}}; ssl_certificate_key {{_folder["server.key"]}};
              ssl_client_certificate {{_folder["ca.pem"]}}; ssl_verify_client on;
              location / { return 200 "secret $request_uri for $ssl_server_name from $ssl_client_verify\n"; }
            }
            """);
}
