using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using FastMesh.Bench.Load.Measuring;
using FastMesh.Bench.Load.Peers;

namespace FastMesh.Bench.Load.Suites;

/// <summary>Memory of an idle process and of idle connections; time from start to the first answer.</summary>
internal static class IdleSuite
{
    private const int IdleConnections = 9_800;
    private const int WarmRequests = 30_000;
    private const int Starts = 5;
    private const double MiB = 1024 * 1024;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public static void Memory(SuiteContext context)
    {
        context.Report.Section(
            "Memory",
            "Resident memory after the start, after some traffic, and with keep-alive connections that have each " +
            $"carried one request ({IdleConnections} of them); bytes per connection above the state before.");
        List<string[]> rows = [];
        foreach (var (name, start) in Variants(context).Where(variant => IsWanted(context, variant.Name)))
        {
            using ProxyList one = new();
            one.TryAdd(name, start);
            if (one.Count == 1)
            {
                rows.Add(Measure(context, one[0], name));
            }
        }

        context.Report.Table(
            "Resident memory", ["", "idle MiB", "after traffic MiB", "with connections MiB", "bytes each"], rows);
    }

    public static void StartTime(SuiteContext context)
    {
        context.Report.Section(
            "Start", $"From the start of the process to the first right answer; median of {Starts}.");
        List<string[]> rows = [];
        foreach (var (name, start) in Variants(context).Where(variant => IsWanted(context, variant.Name)))
        {
            using ProxyList runs = new();
            for (int i = 0; i < Starts; i++)
            {
                runs.TryAdd(name, start);
            }

            if (runs.Count > 0)
            {
                double ms = Spread.Of(runs.Select(run => run.StartTime.TotalMilliseconds)).Median;
                rows.Add([name, ms.ToString("0", CultureInfo.InvariantCulture)]);
                StartTarget(context, name, ms);
            }
        }

        context.Report.Table("Start to first answer", ["", "ms"], rows);
    }

    private static void StartTarget(SuiteContext context, string name, double ms)
    {
        if (name.StartsWith("FastMesh", StringComparison.Ordinal))
        {
            context.Report.Target(name + ", start to first answer", ms, IsNative(name) ? 60 : 300, " ms");
        }
    }

    private static string[] Measure(SuiteContext context, Proxy proxy, string name)
    {
        Thread.Sleep(Settle);
        double idle = proxy.ResidentBytes / MiB;
        using (IdleSockets traffic = new(proxy, 16))
        {
            traffic.Ask(WarmRequests);
        }

        Thread.Sleep(Settle);
        double before = proxy.ResidentBytes;
        using IdleSockets sockets = new(proxy, IdleConnections);
        sockets.Ask(IdleConnections);
        Thread.Sleep(Settle);
        double after = proxy.ResidentBytes;
        double each = (after - before) / IdleConnections;
        if (name.StartsWith("FastMesh", StringComparison.Ordinal))
        {
            context.Report.Target(name + ", idle process", idle, IsNative(name) ? 20 : 45, " MiB");
            context.Report.Target(name + ", each idle connection", each, 1024, " bytes");
        }

        return
        [
            name, Reporting.Report.Number(idle), Reporting.Report.Number(before / MiB),
            Reporting.Report.Number(after / MiB), Reporting.Report.Number(each),
        ];
    }

    private static bool IsWanted(SuiteContext context, string name) =>
        context.Options.Only is not { } only ||
        only.Split(',').Any(start => name.StartsWith(start, StringComparison.Ordinal));

    private static bool IsNative(string name) => name.EndsWith("ahead of time", StringComparison.Ordinal);

    private static IEnumerable<(string Name, Func<Proxy> Start)> Variants(SuiteContext context)
    {
        ProxyShape shape = new();
        int backend = context.Backend.Port;
        yield return (SuiteContext.Uring, () => FastMeshFiles.Start(shape, backend, "uring"));
        yield return (SuiteContext.Epoll, () => FastMeshFiles.Start(shape, backend, "epoll"));
        if (context.Options.AheadOfTime is { } native)
        {
            const string Name = "FastMesh ahead of time";
            yield return (Name, () => FastMeshFiles.Start(shape, backend, "uring", Name, native));
        }

        yield return ("HAProxy", () => HaproxyFiles.Start(shape, backend));
        yield return ("nginx", () => NginxFiles.Start(shape, backend));
        yield return ("YARP", () => YarpProxy.Start(shape, backend));
    }

    /// <summary>Blocking connections that ask in turn, so that few upstream connections are needed.</summary>
    private sealed class IdleSockets : IDisposable
    {
        private readonly List<Socket> _sockets = [];
        private readonly byte[] _request;
        private readonly byte[] _answer = new byte[4096];

        public IdleSockets(Proxy proxy, int count)
        {
            _request = Encoding.ASCII.GetBytes($"GET /100 HTTP/1.1\r\nHost: {proxy.Shape.RequestHost}\r\n\r\n");
            for (int i = 0; i < count; i++)
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.NoDelay = true;
                socket.Connect(IPAddress.Loopback, proxy.Port);
                _sockets.Add(socket);
            }
        }

        public void Ask(int requests)
        {
            for (int i = 0; i < requests; i++)
            {
                var socket = _sockets[i % _sockets.Count];
                socket.Send(_request);
                int length = 0;
                while (!_answer.AsSpan(0, length).EndsWith("xxxxxxxx"u8))
                {
                    int received = socket.Receive(_answer.AsSpan(length));
                    if (received == 0)
                    {
                        throw new InvalidOperationException("the proxy closed a connection that should stay");
                    }

                    length += received;
                }
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
