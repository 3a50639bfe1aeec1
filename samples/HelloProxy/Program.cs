// A whole proxy on one screen: what comes in on one port goes to an upstream, with a header of our own.
//   dotnet run --project samples/HelloProxy -- 8080 127.0.0.1:9000
using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using FastMesh.Engine;
using FastMesh.Model;

int port = int.Parse(args.Length > 0 ? args[0] : "8080", CultureInfo.InvariantCulture);
string[] upstream = (args.Length > 1 ? args[1] : "127.0.0.1:9000").Split(':');
var options = new EngineOptions { Concurrency = 1 };

var config = new MeshConfig
{
    Clusters =
    [
        new Cluster
        {
            Name = "upstream",
            Endpoints =
            [
                new Endpoint(new SocketTarget(upstream[0], int.Parse(upstream[1], CultureInfo.InvariantCulture))),
            ],
        },
    ],
    Listeners =
    [
        new Listener
        {
            Name = "hello",
            Address = new SocketTarget("127.0.0.1", port),
            FilterChains =
            [
                new FilterChain
                {
                    Filter = new HttpConnectionManagerSettings
                    {
                        StatPrefix = "hello",
                        Routes = new RouteConfiguration
                        {
                            ResponseFields = new FieldMutation { Add = [new FieldAddition("x-proxy", "hello")] },
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
                                            Match = new RouteMatch(),
                                            Action = new ForwardAction { Cluster = "upstream" },
                                        },
                                    ],
                                },
                            ],
                        },
                    },
                },
            ],
        },
    ],
};

await using var engine = new MeshEngine(options);
foreach (ConfigProblem problem in await engine.ApplyAsync(config))
{
    Console.Error.WriteLine(problem);
}

EngineStatus status = engine.Status;
Console.WriteLine($"{status.State} on {status.Transport} ({status.TransportReason}), port {port}");
var stopped = new TaskCompletionSource();
using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stopped.TrySetResult();
});
await stopped.Task;
await engine.DrainAsync(TimeSpan.FromSeconds(5));
