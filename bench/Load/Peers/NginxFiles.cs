using System.Globalization;
using System.IO;
using System.Text;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>nginx as backend and as peer.</summary>
internal static class NginxFiles
{
    private const string StreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

    public static string Command(string config) => $"nginx -p {Workspace.Folder} -e stderr -c {config}";

    public static Proxy Start(ProxyShape shape, int backendPort, string name = "nginx")
    {
        int port = ChildProcess.FreePort();
        string config = shape.Tcp ? TcpConfig(port, backendPort) : HttpConfig(shape, port, backendPort);
        return Proxy.Start(name, port, shape, Command(Workspace.Write($"nginx-{port}.conf", config)));
    }

    /// <summary>The parts that every nginx of the measurement has.</summary>
    public static string Server(string name, string top, string http) => $$"""
        {{top}}
        daemon off;
        user root;
        pid {{Workspace.Folder}}/{{name}}.pid;
        worker_processes 1;
        worker_rlimit_nofile 20000;
        events { worker_connections 19000; multi_accept on; }
        http {
          access_log off;
          default_type text/plain;
          keepalive_requests 1000000000;
          keepalive_timeout 1h;
          tcp_nodelay on;
          {{http}}
        }
        """;

    private static string HttpConfig(ProxyShape shape, int port, int backendPort)
    {
        StringBuilder servers = new();
        for (int i = 0; i < shape.VirtualHosts; i++)
        {
            string backlog = (shape.Http2 ? " http2" : "") + (i == 0 ? " backlog=16384" : "");
            servers.AppendLine(
                CultureInfo.InvariantCulture,
                $"server {{ listen 127.0.0.1:{port}{backlog}; server_name host{i}.bench; {Location(shape)} }}");
        }

        // 256 idle upstream connections cover every suite; bodies never go to a disk.
        return Server($"nginx-{port}", "", $$"""
            upstream backend { server 127.0.0.1:{{backendPort}}; keepalive 256; keepalive_requests 1000000000; }
            server_names_hash_max_size 65536;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_max_temp_file_size 0;
            proxy_request_buffering off;
            client_max_body_size 16m;
            {{servers}}
            """);
    }

    private static string Location(ProxyShape shape)
    {
        string log = shape.AccessLog ? $"access_log {Workspace.Folder}/nginx-access.log;" : "";
        StringBuilder text = new();
        for (int i = 1; i < shape.RoutesPerHost; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"location /route{i}/ {{ proxy_pass http://backend; }} ");
        }

        text.Append(CultureInfo.InvariantCulture, $"location / {{ {log} proxy_pass http://backend; }}");
        return text.ToString();
    }

    private static string TcpConfig(int port, int backendPort) => $$"""
        {{(File.Exists(StreamModule) ? $"load_module {StreamModule};" : "")}}
        daemon off;
        user root;
        pid {{Workspace.Folder}}/nginx-{{port}}.pid;
        worker_processes 1;
        events { worker_connections 4000; }
        stream {
          proxy_buffer_size 64k;
          server { listen 127.0.0.1:{{port}}; proxy_pass 127.0.0.1:{{backendPort}}; }
        }
        """;
}
