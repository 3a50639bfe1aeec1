using System;
using System.Collections;
using System.Collections.Generic;
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
    All = Haproxy | Uring | Epoll | Nginx | Yarp,
}

/// <summary>The proxies of a comparison, all running with the same shape; HAProxy is first where it takes part.</summary>
internal sealed class Fleet : IReadOnlyList<Proxy>, IDisposable
{
    private readonly List<Proxy> _proxies = [];

    public int Count => _proxies.Count;

    public Proxy this[int index] => _proxies[index];

    public static Fleet Start(ProxyShape shape, int backendPort, BenchOptions options, Contenders contenders)
    {
        (Contenders Kind, string Name, Func<Proxy> Start)[] all =
        [
            (Contenders.Haproxy, "HAProxy", () => HaproxyFiles.Start(shape, backendPort)),
            (Contenders.Uring, "FastMesh", () => FastMeshFiles.Start(shape, backendPort, "uring")),
            (Contenders.Epoll, "FastMesh", () => FastMeshFiles.Start(shape, backendPort, "epoll")),
            (Contenders.Nginx, "nginx", () => NginxFiles.Start(shape, backendPort)),
            (Contenders.Yarp, "YARP", () => YarpProxy.Start(shape, backendPort)),
        ];
        Fleet fleet = new();
        foreach (var (kind, name, start) in all)
        {
            if (contenders.HasFlag(kind) && (options.Only is null || options.Only.Split(',').Contains(name)))
            {
                fleet.TryAdd(name, start);
            }
        }

        return fleet;
    }

    /// <summary>A proxy that does not start is named and left out; the others are measured.</summary>
    private void TryAdd(string name, Func<Proxy> start)
    {
        try
        {
            _proxies.Add(start());
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine($"{name} is left out: {e.Message}");
        }
    }

    public void Dispose() => _proxies.ForEach(proxy => proxy.Dispose());

    public IEnumerator<Proxy> GetEnumerator() => _proxies.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
