using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;
using FastMesh.Bench.Load.Reporting;

namespace FastMesh.Bench.Load.Suites;

/// <summary>What every suite works with.</summary>
internal sealed record SuiteContext(BenchOptions Options, Backend Backend, Report Report)
{
    public const string Uring = "FastMesh io_uring";
    public const string Epoll = "FastMesh epoll";
    public const string Haproxy = "HAProxy";
    public const string Nginx = "nginx";
    public const string Yarp = "YARP";
    public const string Nghttpx = "nghttpx";

    public ProxyList Start(ProxyShape shape, Contenders contenders) =>
        Fleet.Start(shape, shape.Http2Upstream ? Backend.Http2Port : Backend.Port, Options, contenders);

    public static double Cpu(Sample sample) => sample.CpuUs;
}
