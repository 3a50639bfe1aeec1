using System.IO;
using System.Threading.Tasks;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>Other people's servers as upstreams, on Unix sockets in the test's folder.</summary>
internal static class Backends
{
    /// <summary>nginx that answers <c>nginx PATH SCHEME</c>, with the scheme that it was told.</summary>
    public static Task<TestProcess> NginxAsync(TestFolder folder, string socket) => NginxAsync(
        folder, socket, $$"""
            server {
              listen unix:{{socket}};
              location / { return 200 "nginx $request_uri $http_x_forwarded_proto\n"; }
            }
            """);

    /// <summary>nginx with what stands in its <c>http</c> block.</summary>
    /// <param name="folder">Where its files go.</param>
    /// <param name="socket">One that it listens on, to wait for.</param>
    /// <param name="http">What it serves.</param>
    public static async Task<TestProcess> NginxAsync(TestFolder folder, string socket, string http)
    {
        TestProcess process = TestProcess.Start(
            Tools.Require("nginx"), "-e", "stderr", "-c", NginxConfig(folder, http));
        await SocketAsync(socket);
        return process;
    }

    /// <summary>A file for nginx in the foreground that writes nothing outside of the folder.</summary>
    public static string NginxConfig(TestFolder folder, string http) => folder.Write("nginx.conf", $$"""
        daemon off; master_process off; pid {{folder["nginx.pid"]}}; error_log stderr notice;
        events { }
        http {
          access_log off; client_body_temp_path {{folder["body"]}}; proxy_temp_path {{folder["proxy"]}};
          fastcgi_temp_path {{folder["fcgi"]}}; uwsgi_temp_path {{folder["uwsgi"]}}; scgi_temp_path {{folder["scgi"]}};
          {{http}}
        }
        """);

    /// <summary>HAProxy that answers <c>haproxy</c>.</summary>
    public static async Task<TestProcess> HaproxyAsync(TestFolder folder, string socket)
    {
        string config = folder.Write("haproxy.cfg", $$"""
            defaults
              mode http
              timeout client 10s
              timeout connect 10s
              timeout server 10s
            frontend all
              bind unix@{{socket}}
              http-request return status 200 content-type text/plain string haproxy

            """);
        TestProcess process = TestProcess.Start(Tools.Require("haproxy"), "-db", "-f", config);
        await SocketAsync(socket);
        return process;
    }

    private static Task SocketAsync(string socket) => Poll.UntilAsync(() => Task.FromResult(File.Exists(socket)));
}
