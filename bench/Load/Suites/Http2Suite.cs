using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>HTTP/2 clients, to an upstream of either version.</summary>
internal static class Http2Suite
{
    public static void Run(SuiteContext context)
    {
        string what = $"h2load, {H2Load.Connections} connections of {H2Load.Streams} streams, prior knowledge.";
        context.Report.Section("HTTP/2 to HTTP/1.1", what);
        Compare(context, new ProxyShape { Http2 = true }, (SuiteContext.Nghttpx, 0.90));
        context.Report.Section("HTTP/2 to HTTP/2", what + " nginx speaks no HTTP/2 to upstreams.");
        Compare(
            context, new ProxyShape { Http2 = true, Http2Upstream = true },
            (SuiteContext.Haproxy, 0.70), (SuiteContext.Nghttpx, 0.90));
    }

    private static void Compare(SuiteContext context, ProxyShape shape, params (string Peer, double Limit)[] demands)
    {
        var contenders = Contenders.Haproxy | Contenders.Uring | Contenders.Epoll | Contenders.Nghttpx
            | (shape.Http2Upstream ? 0 : Contenders.Nginx);
        using var fleet = context.Start(shape, contenders);
        foreach (var (name, path) in ((string, string)[])[("100 B", "/100"), ("16 KB", "/16k")])
        {
            Work work = new(name, proxy => new H2Load(proxy.Port, shape.RequestHost, path));
            var comparison = Comparison.Run(work, fleet, context.Options);
            context.Report.Add(comparison);
            foreach (var (peer, limit) in demands)
            {
                context.Report.RatioTarget(
                    comparison, SuiteContext.Uring, peer, SuiteContext.Cpu, "CPU per request", limit);
            }
        }
    }
}
