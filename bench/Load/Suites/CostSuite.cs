using FastMesh.Bench.Load.Generating;
using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>What tables, features and logs cost: the proxy against itself.</summary>
internal static class CostSuite
{
    private const int Connections = 64;

    public static void Scale(SuiteContext context)
    {
        context.Report.Section(
            "Size of the routing table", "100 B, closed loop; the request's route is the last of its virtual host.");
        const string One = "1 host, 1 route";
        const string Hosts = "10,000 hosts";
        const string Routes = "10,000 routes";
        using ProxyList proxies = new();
        proxies.TryAdd(One, () => FastMesh(context, new() { VirtualHosts = 1 }, One));
        proxies.TryAdd(Hosts, () => FastMesh(context, new() { VirtualHosts = 10_000 }, Hosts));
        proxies.TryAdd(Routes, () => FastMesh(context, new() { VirtualHosts = 1, RoutesPerHost = 10_000 }, Routes));
        Work work = new("table size", shape => HttpRequest.Get(shape.RequestHost, "/100", 100), Connections);
        if (Compare(context, work, proxies) is { } comparison)
        {
            context.Report.RatioTarget(comparison, Hosts, One, SuiteContext.Cpu, "CPU per request", 1.05);
            context.Report.RatioTarget(comparison, Routes, One, SuiteContext.Cpu, "CPU per request", 1.05);
        }
    }

    public static void Features(SuiteContext context)
    {
        context.Report.Section(
            "Ten features",
            "Request id, X-Forwarded-For, path normalisation, slash merging, three header matchers, path and host " +
            "rewrite, fields added and removed both ways; the request is the same without them.");
        const string Off = "FastMesh";
        const string On = "FastMesh, ten features";
        ProxyShape plain = new();
        ProxyShape full = plain with { Features = true };
        using ProxyList proxies = new();
        proxies.TryAdd(Off, () => FastMesh(context, plain, Off));
        proxies.TryAdd(On, () => FastMesh(context, full, On));
        proxies.TryAdd("HAProxy", () => HaproxyFiles.Start(plain, context.Backend.Port));
        proxies.TryAdd("HAProxy, same", () => HaproxyFiles.Start(full, context.Backend.Port, "HAProxy, same"));
        var request = HttpRequest.Get(plain.RequestHost, "/app/100", 100)
            .With("x-a: 1", "x-b: yes", "x-c: no", "x-drop: this");
        if (Compare(context, new Work("features", request, Connections), proxies) is { } comparison)
        {
            DifferenceTarget(context, comparison, On, Off, "ten features, CPU per request", 1.5);
        }
    }

    public static void AccessLog(SuiteContext context)
    {
        context.Report.Section(
            "Access log", "Istio's default line to a file; HAProxy writes its HTTP log, nginx its combined log.");
        const string Off = "FastMesh";
        const string On = "FastMesh, access log";
        const string Peer = "HAProxy, HTTP log";
        ProxyShape plain = new();
        ProxyShape logging = plain with { AccessLog = true };
        int backend = context.Backend.Port;
        using ProxyList proxies = new();
        proxies.TryAdd(Off, () => FastMesh(context, plain, Off));
        proxies.TryAdd(On, () => FastMesh(context, logging, On));
        proxies.TryAdd("HAProxy", () => HaproxyFiles.Start(plain, backend));
        proxies.TryAdd(Peer, () => HaproxyFiles.Start(logging, backend, Peer));
        proxies.TryAdd("nginx, access log", () => NginxFiles.Start(logging, backend, "nginx, access log"));
        var request = HttpRequest.Get(plain.RequestHost, "/100", 100);
        if (Compare(context, new Work("access log", request, Connections), proxies) is { } comparison)
        {
            DifferenceTarget(context, comparison, On, Off, "access log, CPU per request", 2);
            context.Report.RatioTarget(comparison, On, Peer, SuiteContext.Cpu, "CPU per request", 1);
        }
    }

    private static Proxy FastMesh(SuiteContext context, ProxyShape shape, string name) =>
        FastMeshFiles.Start(shape, context.Backend.Port, "uring", name);

    private static Comparison? Compare(SuiteContext context, Work work, ProxyList proxies)
    {
        if (proxies.Count == 0)
        {
            return null;
        }

        var comparison = Comparison.Run(work, proxies, context.Options);
        context.Report.Add(comparison);
        return comparison;
    }

    private static void DifferenceTarget(
        SuiteContext context, Comparison comparison, string with, string without, string what, double limitUs)
    {
        if (comparison.Find(with) is { } on && comparison.Find(without) is { } off)
        {
            double more = on.DifferenceTo(off, SuiteContext.Cpu).Median;
            context.Report.Target(what + " more than without", more, limitUs, " µs");
        }
    }
}
