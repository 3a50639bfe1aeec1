using System;
using System.Linq;

namespace FastMesh.Bench.Load.Peers;

/// <summary>Which proxies take part.</summary>
[Flags]
internal enum Contenders
{
    Haproxy = 1,
    Uring = 2,
    Epoll = 4,
    Nginx = 8,
    Yarp = 16,
    Nghttpx = 32,
    All = Haproxy | Uring | Epoll | Nginx | Yarp,
}

/// <summary>The usual proxies, all with the same shape; HAProxy is first where it takes part.</summary>
internal static class Fleet
{
    public static ProxyList Start(ProxyShape shape, int backendPort, BenchOptions options, Contenders contenders)
    {
        (Contenders Kind, string Name, Func<Proxy> Start)[] all =
        [
            (Contenders.Haproxy, "HAProxy", () => HaproxyFiles.Start(shape, backendPort)),
            (Contenders.Uring, "FastMesh", () => FastMeshFiles.Start(shape, backendPort, "uring")),
            (Contenders.Epoll, "FastMesh", () => FastMeshFiles.Start(shape, backendPort, "epoll")),
            (Contenders.Nginx, "nginx", () => NginxFiles.Start(shape, backendPort)),
            (Contenders.Nghttpx, "nghttpx", () => NghttpxFiles.Start(shape, backendPort)),
            (Contenders.Yarp, "YARP", () => YarpProxy.Start(shape, backendPort)),
        ];
        ProxyList fleet = new();
        foreach (var (kind, name, start) in all)
        {
            if (contenders.HasFlag(kind) && (options.Only is null || options.Only.Split(',').Contains(name)))
            {
                fleet.TryAdd(name, start);
            }
        }

        return fleet;
    }
}
