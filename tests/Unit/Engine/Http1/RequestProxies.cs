using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Model;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>The engines of <see cref="RequestSocketTests"/>: a listener for each setting that a row needs.</summary>
public sealed class RequestProxies : IAsyncDisposable
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(60);

    private readonly RawProxies _proxies = new(
        new Dictionary<string, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>>
        {
            ["plain"] = static settings => settings,
            ["trailers"] = static settings => settings with { EnableTrailers = true },
            ["normal"] = static settings => settings with { NormalizePath = true, MergeSlashes = true },
            ["http10"] = static settings => settings with { AcceptHttp10 = true },
            ["proxy100"] = static settings => settings with { Proxy100Continue = true },
            ["connect"] = static settings => settings with { Routes = ConnectRoutes() },
            ["upgrade"] = static settings => settings with { Upgrades = [new UpgradeRule("websocket")] },
            ["short head"] = static settings => settings with { RequestHeadersTimeout = s_short },
            ["short idle"] = static settings => settings with { IdleTimeout = s_short },
            ["short request"] = static settings => settings with { RequestTimeout = s_short },
            ["short stream"] = static settings => settings with { StreamIdleTimeout = s_short },
        });

    public ValueTask DisposeAsync() => _proxies.DisposeAsync();

    internal Task<RawProxy> ForAsync(string transport) => _proxies.ForAsync(transport);

    private static RouteConfiguration ConnectRoutes() => new()
    {
        VirtualHosts =
        [
            new VirtualHost
            {
                Name = "all",
                Domains = ["*"],
                Routes =
                [
                    new Route
                    {
                        Match = new RouteMatch { PathKind = PathMatchKind.Connect },
                        Action = new ForwardAction { Cluster = "upstream" },
                    },
                ],
            },
        ],
    };
}
