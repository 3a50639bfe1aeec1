using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>A proxy under measurement, running on its core.</summary>
internal sealed class Proxy : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private readonly ChildProcess _process;
    private List<int> _members;

    private Proxy(string name, int port, ProxyShape shape, ChildProcess process, TimeSpan startTime)
    {
        Name = name;
        Port = port;
        Shape = shape;
        _process = process;
        StartTime = startTime;
        _members = ProcessTree.Members(process.Id);
    }

    /// <summary>As tables show it.</summary>
    public string Name { get; }

    /// <summary>Where it listens on loopback.</summary>
    public int Port { get; }

    public ProxyShape Shape { get; }

    /// <summary>From the start of the process to its first right answer.</summary>
    public TimeSpan StartTime { get; }

    public int Id => _process.Id;

    /// <summary>User and system time so far, ns.</summary>
    public long CpuNs => ProcessTree.CpuNs(_members);

    public long ResidentBytes => ProcessTree.ResidentBytes(Id);

    public long PrivateBytes => ProcessTree.PrivateBytes(Id);

    /// <summary>Starts a proxy and waits until it answers (HTTP) or accepts (TCP).</summary>
    public static Proxy Start(
        string name,
        int port,
        ProxyShape shape,
        string command,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        long started = Stopwatch.GetTimestamp();
        string file = name.Replace(' ', '-').Replace('(', '-').Replace(')', '-').ToLowerInvariant() + "-" + port;
        var process = ChildProcess.Start(file, SteadyMachine.ProxyCore, command, environment);
        while (!Answers(port, shape))
        {
            if (process.Ended || Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                string tail = process.LogTail();
                process.Dispose();
                throw new InvalidOperationException($"{name} does not answer; its log ends with:\n{tail}");
            }

            Thread.Sleep(1);
        }

        return new Proxy(name, port, shape, process, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Looks again which processes belong to it; call after a reload.</summary>
    public void Refresh() => _members = ProcessTree.Members(Id);

    public void Signal(int signal) => _process.Signal(signal);

    public bool Ended => _process.Ended;

    public int WaitForExit(TimeSpan limit) => _process.WaitForExit(limit);

    public string LogTail() => _process.LogTail();

    public void Dispose() => _process.Dispose();

    /// <summary>It gives the smallest answer.</summary>
    public static bool Answers(int port, ProxyShape shape) =>
        shape.Http2 ? GreetsHttp2(port) : Ask(port, shape).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);

    /// <summary>The first bytes of the answer to one GET on its own connection; empty if there is none.</summary>
    public static string Ask(int port, ProxyShape shape) => Say(
        port, $"GET /100 HTTP/1.1\r\nHost: {shape.RequestHost}\r\nx-a: 1\r\nx-b: yes\r\nx-c: no\r\n\r\n");

    /// <summary>It answers the preface with SETTINGS (RFC 9113 §3.4).</summary>
    private static bool GreetsHttp2(int port) =>
        Say(port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0") is { Length: > 3 } answer && answer[3] == 4;

    private static string Say(int port, string text)
    {
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.ReceiveTimeout = 1000;
            socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
            socket.Send(Encoding.ASCII.GetBytes(text));
            byte[] answer = new byte[1024];
            int count = socket.Receive(answer);
            return Encoding.ASCII.GetString(answer, 0, count);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return "";
        }
    }
}
