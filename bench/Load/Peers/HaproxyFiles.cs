using System.Globalization;
using System.Text;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>HAProxy as peer: one thread, upstream connections reused, hosts found by a map.</summary>
internal static class HaproxyFiles
{
    /// <param name="shape">What it does.</param>
    /// <param name="backendPort">Where the backend listens.</param>
    /// <param name="name">As tables show it.</param>
    /// <param name="reloads">Master and worker, so that SIGUSR2 reloads; listening sockets are handed over.</param>
    public static Proxy Start(ProxyShape shape, int backendPort, string name = "HAProxy", bool reloads = false)
    {
        int port = ChildProcess.FreePort();
        string config = shape.Tcp ? TcpConfig(port, backendPort) : HttpConfig(shape, port, backendPort);
        string path = Workspace.Write($"haproxy-{port}.cfg", config);
        return Proxy.Start(name, port, shape, $"haproxy {(reloads ? "-W " : "")}-db -f {path}");
    }

    private static string HttpConfig(ProxyShape shape, int port, int backendPort)
    {
        StringBuilder map = new();
        for (int i = 0; i < shape.VirtualHosts; i++)
        {
            map.AppendLine(CultureInfo.InvariantCulture, $"host{i}.bench backend");
        }

        string hosts = Workspace.Write($"haproxy-{port}.map", map.ToString());
        StringBuilder routes = new();
        for (int i = 1; i < shape.RoutesPerHost; i++)
        {
            routes.AppendLine(CultureInfo.InvariantCulture, $"  use_backend backend if {{ path_beg /route{i}/ }}");
        }

        // Its own log goes to standard output, which is a file here.
        return $$"""
            {{Global(shape)}}
              mode http
              timeout client 1h
              timeout server 1h
              timeout connect 5s
              timeout http-keep-alive 1h
              http-reuse always
              {{(shape.AccessLog ? "log global\n  option httplog" : "")}}
            frontend front
              bind 127.0.0.1:{{port}} backlog 16384
              {{Features(shape)}}
            {{routes}}
              use_backend %[req.hdr(host),lower,map({{hosts}})]
            backend backend
              server s1 127.0.0.1:{{backendPort}} pool-max-conn -1{{(shape.Http2Upstream ? " proto h2" : "")}}

            """;
    }

    /// <summary>The same ten as FastMesh's, in HAProxy's words.</summary>
    private static string Features(ProxyShape shape) => !shape.Features ? "" : """
          option forwardfor
            unique-id-format %[uuid()]
            unique-id-header x-request-id
            http-request set-header x-bench-one one
            http-request set-header x-bench-two two
            http-request del-header x-drop
            http-response set-header x-bench-answer answer
            http-response del-header x-backend
            http-request normalize-uri path-strip-dotdot
            http-request normalize-uri path-merge-slashes
            http-request replace-path /app/(.*) /\1
            http-request deny unless { req.hdr(x-a) 1 } { req.hdr(x-b) -m beg y } { req.hdr(x-c) -m found }
        """;

    private static string TcpConfig(int port, int backendPort) => $$"""
        {{Global(new ProxyShape { Tcp = true })}}
          mode tcp
          timeout client 1h
          timeout server 1h
          timeout connect 5s
          option splice-auto
        listen relay
          bind 127.0.0.1:{{port}}
          server s1 127.0.0.1:{{backendPort}}

        """;

    private static string Global(ProxyShape shape) => $$"""
        global
          nbthread 1
          maxconn {{(shape.Tcp ? 1000 : 9900)}}
          ulimit-n 20000
          tune.maxpollevents 400
          {{(shape.Features ? "expose-experimental-directives" : "")}}
          {{(shape.AccessLog ? "log stdout format raw local0" : "")}}
        defaults
        """;
}
