using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using FastMesh.Bench.Load.Machine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace FastMesh.Bench.Load.Peers;

/// <summary>YARP on Kestrel, in a process of its own: this executable started with "yarp".</summary>
internal static class YarpProxy
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["DOTNET_PROCESSOR_COUNT"] = "1",
        ["DOTNET_TieredPGO"] = "1",
    };

    public static Proxy Start(ProxyShape shape, int backendPort)
    {
        int port = ChildProcess.FreePort();
        string command = string.Create(
            CultureInfo.InvariantCulture,
            $"dotnet {typeof(YarpProxy).Assembly.Location} yarp {port} {backendPort} {shape.VirtualHosts}");
        return Proxy.Start("YARP", port, shape, command, Settings);
    }

    /// <summary>The process: yarp PORT BACKEND HOSTS.</summary>
    public static int Run(string[] arguments)
    {
        int[] numbers = arguments.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => Configure(options, numbers[0]));
        var routes = Enumerable.Range(0, numbers[2]).Select(index => new RouteConfig
        {
            RouteId = "route" + index,
            ClusterId = "backend",
            Match = new RouteMatch { Hosts = [$"host{index}.bench"] },
        });
        ClusterConfig cluster = new()
        {
            ClusterId = "backend",
            Destinations = new Dictionary<string, DestinationConfig>
            {
                ["s1"] = new() { Address = $"http://127.0.0.1:{numbers[1]}/" },
            },
        };
        builder.Services.AddReverseProxy().LoadFromMemory([.. routes], [cluster]);
        var app = builder.Build();
        app.MapReverseProxy();
        app.Run();
        return 0;
    }

    private static void Configure(KestrelServerOptions options, int port)
    {
        options.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        options.Limits.MaxRequestBodySize = null;
        options.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.AddServerHeader = false;
    }
}
