using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Pipes;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using FastMesh.Engine;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>
/// The real engine with one reactor between a recording upstream and raw clients, on real loopback sockets. Its access
/// log comes back line by line: status, response flags, details.
/// </summary>
internal sealed class RawProxy : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly MeshEngine _engine;
    private readonly AnonymousPipeServerStream _log = new(PipeDirection.In);
    private readonly Channel<string> _logLines = Channel.CreateUnbounded<string>();

    private RawProxy(MeshEngine engine)
    {
        _engine = engine;
        Upstream.Between = SettleAsync;
    }

    public RecordingUpstream Upstream { get; } = new();

    public HttpStats HttpStats => _engine.Metrics.Http("raw")[0];

    public ClusterStats ClusterStats => _engine.Metrics.Cluster("upstream")[0];

    /// <param name="transport">epoll or io_uring.</param>
    /// <param name="listeners">A listener for each name, with what differs from the defaults.</param>
    /// <param name="cluster">What differs from the defaults.</param>
    public static async Task<RawProxy> StartAsync(
        string transport,
        IReadOnlyDictionary<string, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>> listeners,
        Func<Cluster, Cluster>? cluster = null)
    {
        var proxy = new RawProxy(new MeshEngine(new EngineOptions
        {
            Concurrency = 1,
            Transport = Enum.Parse<EngineTransport>(transport),
        }));
        var models = new List<Listener>();
        foreach ((string name, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings> change) in listeners)
        {
            models.Add(proxy.ListenerOf(name, change));
        }

        cluster ??= static model => model;
        IReadOnlyList<ConfigProblem> problems = await proxy._engine.ApplyAsync(new MeshConfig
        {
            Listeners = [.. models],
            Clusters =
            [
                cluster(new Cluster
                {
                    Name = "upstream",
                    Endpoints = [new Endpoint(new SocketTarget("127.0.0.1", proxy.Upstream.Port))],
                }),
            ],
        });
        if (problems.Count > 0)
        {
            throw new InvalidOperationException(string.Join("; ", problems));
        }

        _ = Task.Run(proxy.ReadLogAsync);
        return proxy;
    }

    public int PortOf(string listener)
    {
        foreach (ListenerStatus status in _engine.Status.Listeners)
        {
            if (status.Name == listener)
            {
                return ((System.Net.IPEndPoint)status.Address!).Port;
            }
        }

        throw new ArgumentException(listener);
    }

    /// <summary>
    /// Waits until the reactor has read what stood in its sockets: two turns, the second polls after the first.
    /// </summary>
    public async Task SettleAsync()
    {
        await OnReactorAsync(static () => { });
        await OnReactorAsync(static () => { });
    }

    /// <summary>
    /// The lines of the access log since the last call, at least as many as are given; fewer when they do not come.
    /// </summary>
    public async Task<List<string>> LogAsync(int count)
    {
        await OnReactorAsync(() => _engine.Sinks.Flush(0));
        using CancellationTokenSource limit = new(s_patience);
        var lines = new List<string>();
        try
        {
            while (lines.Count < count)
            {
                lines.Add(await _logLines.Reader.ReadAsync(limit.Token));
            }
        }
        catch (OperationCanceledException)
        {
            lines.Add("(no more lines)");
        }

        while (_logLines.Reader.TryRead(out string? line))
        {
            lines.Add(line);
        }

        return lines;
    }

    public Task OnReactorAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _engine.Group.Reactors[0].Post(
            _ =>
            {
                work();
                done.SetResult();
            },
            null);
        return done.Task.WaitAsync(s_patience);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _log.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    private async Task ReadLogAsync()
    {
        using var reader = new StreamReader(_log);
        while (await reader.ReadLineAsync() is { } line)
        {
            _logLines.Writer.TryWrite(line);
        }
    }

    private static Route To(RouteMatch match) =>
        new() { Match = match, Action = new ForwardAction { Cluster = "upstream" } };

    private Listener ListenerOf(
        string name, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings> change) => new()
    {
        Name = name,
        Address = new SocketTarget("127.0.0.1", 0),
        FilterChains =
        [
            new FilterChain
            {
                Match = FilterChainMatch.Any,
                Filter = change(new HttpConnectionManagerSettings
                {
                    StatPrefix = "raw",
                    GenerateRequestId = false,
                    Routes = new RouteConfiguration
                    {
                        VirtualHosts =
                        [
                            new VirtualHost
                            {
                                Name = "all",
                                Domains = ["*"],
                                Routes =
                                [
                                    To(new RouteMatch()),
                                    To(new RouteMatch { PathKind = PathMatchKind.Exact, Path = "*" }),
                                ],
                            },
                        ],
                    },
                    AccessLogs =
                    [
                        new AccessLogSettings
                        {
                            Sink = AccessLogSinkKind.File,
                            Path = string.Create(
                                CultureInfo.InvariantCulture, $"/proc/self/fd/{_log.GetClientHandleAsString()}"),
                            TextFormat = "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n",
                        },
                    ],
                }),
            },
        ],
    };
}

/// <summary>One engine for each poller, started when the first row wants it.</summary>
internal sealed class RawProxies(
    IReadOnlyDictionary<string, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>> listeners,
    Func<Cluster, Cluster>? cluster = null) : IAsyncDisposable
{
    private readonly Dictionary<string, RawProxy> _proxies = [];

    public async Task<RawProxy> ForAsync(string transport)
    {
        if (!_proxies.TryGetValue(transport, out RawProxy? proxy))
        {
            proxy = await RawProxy.StartAsync(transport, listeners, cluster);
            _proxies.Add(transport, proxy);
        }

        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawProxy proxy in _proxies.Values)
        {
            await proxy.DisposeAsync();
        }
    }
}
