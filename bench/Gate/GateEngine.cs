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

    /// <summary>Port of the plain listener, or of the one with features.</summary>
    public int Port(bool features)
    {
        string name = features ? "features" : "plain";
        return ((System.Net.IPEndPoint)_engine.Status.Listeners.First(item => item.Name == name).Address!).Port;
    }

    public static async Task<GateEngine> StartAsync(EngineTransport transport, int originPort)
    {
        MeshEngine engine = new(new EngineOptions { Concurrency = 1, Transport = transport });
        var reading = EnvoyConfigReader.Load("gate.yaml", Encoding.UTF8.GetBytes(Configuration(originPort)));
        var problems = reading.Config is null ? reading.Errors : [.. await engine.ApplyAsync(reading.Config)];
        if (reading.Config is null || engine.Status.Listeners.Count != 2)
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

    private static string Configuration(int originPort) => $$"""
        static_resources:
          listeners:
          - name: plain
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: plain
                  generate_request_id: false
                  http_filters: [ { name: envoy.filters.http.router, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
                  route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [ { match: { prefix: / }, route: { cluster: origin } } ]
          - name: features
            address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: features
                  use_remote_address: true
                  normalize_path: true
                  merge_slashes: true
                  access_log:
                  - name: envoy.access_loggers.file
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null }
                  http_filters: [ { name: envoy.filters.http.router, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
                  route_config:
                    virtual_hosts:
                    - name: gate
                      domains: [gate.test]
                      routes:
                      - match: { prefix: /app/, headers: [ { name: x-drop, present_match: true } ] }
                        route: { cluster: origin, prefix_rewrite: /, host_rewrite_literal: origin.test, timeout: 30s }
                        request_headers_to_add:
                        - header: { key: x-one, value: one }
                        - header: { key: x-client, value: "%DOWNSTREAM_REMOTE_ADDRESS%" }
                        request_headers_to_remove: [x-drop]
                        response_headers_to_add:
                        - header: { key: x-two, value: two }
          clusters:
          - name: origin
            type: STATIC
            connect_timeout: 5s
            load_assignment:
              cluster_name: origin
              endpoints: [ { lb_endpoints: [ { endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {{originPort}} } } } } ] } ]

        """;

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
