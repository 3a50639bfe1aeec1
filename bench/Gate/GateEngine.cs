using System;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Config;
using FastMesh.Engine;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;

namespace FastMesh.Bench.Gate;

/// <summary>What the one reactor has done so far.</summary>
/// <param name="AllocatedBytes">Managed memory that its thread allocated.</param>
/// <param name="Turns">Turns of its loop.</param>
/// <param name="Enters">System calls of its ring; 0 on epoll.</param>
internal readonly record struct ReactorWork(long AllocatedBytes, long Turns, long Enters);

/// <summary>The real engine with one reactor on real loopback sockets.</summary>
internal sealed class GateEngine : IAsyncDisposable
{
    private readonly MeshEngine _engine;

    private GateEngine(MeshEngine engine) => _engine = engine;

    /// <summary>Port of a listener.</summary>
    public int Port(string name) =>
        ((System.Net.IPEndPoint)_engine.Status.Listeners.First(item => item.Name == name).Address!).Port;

    public static async Task<GateEngine> StartAsync(EngineTransport transport, int originPort, string hopSocket)
    {
        MeshEngine engine = new(new EngineOptions { Concurrency = 1, Transport = transport });
        byte[] text = Encoding.UTF8.GetBytes(GateConfiguration.Text(originPort, hopSocket));
        var reading = EnvoyConfigReader.Load("gate.yaml", text);
        var problems = reading.Config is null ? reading.Errors : [.. await engine.ApplyAsync(reading.Config)];
        if (reading.Config is null || engine.Status.Listeners.Count != 5)
        {
            throw new InvalidOperationException("the gate's configuration is refused: " + string.Join("; ", problems));
        }

        return new GateEngine(engine);
    }

    /// <summary>Reads the reactor's counters on its own thread.</summary>
    public ReactorWork Read()
    {
        using Reading reading = new();
        var reactor = _engine.Group.Reactors[0];
        reactor.Post(Reading.Take, reading);
        reading.Done.Wait();
        return reading.Work;
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private sealed class Reading : IDisposable
    {
        public static readonly Action<object?> Take = static state => ((Reading)state!).TakeNow();

        public ManualResetEventSlim Done { get; } = new();

        public ReactorWork Work { get; private set; }

        public void Dispose() => Done.Dispose();

        private void TakeNow()
        {
            var reactor = Reactor.Current!;
            long enters = reactor.Poller is UringPoller uring ? uring.Enters : 0;
            Work = new ReactorWork(GC.GetAllocatedBytesForCurrentThread(), reactor.Turn, enters);
            Done.Set();
        }
    }
}
