using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>nghttpx as peer for HTTP/2: one thread, one upstream for all hosts.</summary>
internal static class NghttpxFiles
{
    public static Proxy Start(ProxyShape shape, int backendPort)
    {
        int port = ChildProcess.FreePort();
        string protocol = shape.Http2Upstream ? ";;proto=h2" : "";
        return Proxy.Start(
            "nghttpx", port, shape,
            "nghttpx --conf=/dev/null --workers=1 --single-thread --no-ocsp --frontend-http2-max-concurrent-streams=1000 "
            + $"--backend-keep-alive-timeout=1h '-b127.0.0.1,{backendPort}{protocol}' '-f127.0.0.1,{port};no-tls'");
    }
}
