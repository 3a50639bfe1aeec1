using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Engine;

namespace FastMesh.Bench.Gate;

/// <summary>
/// Gates that do not depend on how fast the machine is: a proxied request allocates nothing in steady state, and takes
/// no more turns and ring system calls than it should. Exit code 1 when one is broken.
/// </summary>
internal static class Program
{
    private const int WarmUpRequests = 2_000;
    private const int MeasuredRequests = 3_000;

    /// <summary>A timer may allocate once in a while; a request may not. Below this it is not a request.</summary>
    private const double AllocatedBytesMax = 0.5;

    /// <summary>
    /// Windows that are measured before allocations count as steady: a buffer that grows for the last time, or an
    /// access log's spare one, shows in one of them; what requests allocate shows in all.
    /// </summary>
    private const int Windows = 3;

    /// <summary>One request at a time wakes the reactor twice, by the client and by the origin.</summary>
    private const double TurnsMax = 2.5;

    /// <summary>Turns for each 16 KB of bodies on top: they may arrive in pieces.</summary>
    private const double TurnsPerPieceMax = 1;

    /// <summary>Twice as many ends on one reactor, and on epoll a look after each write to itself.</summary>
    private const double HopTurns = 2.5;

    private const int PieceBytes = 16 * 1024;

    /// <summary>
    /// Managed memory that one more keep-alive connection may cost, its first request included. 
    /// </summary>
    private const double ConnectionBytesMax = 1024;

    /// <summary>The same for HTTP/2: two header tables, windows, and a session.</summary>
    private const double Http2ConnectionBytesMax = 4096;

    private const int Connections = 500;

    public static async Task<int> Main()
    {
        int total = 0;
        int failed = 0;
        int skipped = 0;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fastmesh-gate-");
        foreach (var transport in (EngineTransport[])[EngineTransport.Epoll, EngineTransport.Uring])
        {
            using GateOrigin origin = new();
            if (await TryStartAsync(transport, origin.Port, folder.FullName) is not { } engine)
            {
                total += GateCase.All.Length + 2;
                skipped += GateCase.All.Length + 2;
                continue;
            }

            await using (engine)
            {
                foreach (var gateCase in GateCase.All)
                {
                    total++;
                    failed += Passes(transport, engine, origin, gateCase) ? 0 : 1;
                }

                total += 2;
                failed += ConnectionPasses(transport, engine, origin, GateCase.All[0], ConnectionBytesMax) ? 0 : 1;
                failed += ConnectionPasses(transport, engine, origin, GateCase.IdleHttp2, Http2ConnectionBytesMax)
                    ? 0
                    : 1;
            }
        }

        folder.Delete(recursive: true);
        Console.WriteLine($"FastMesh.Bench.Gate  Total: {total}, Errors: 0, Failed: {failed}, Skipped: {skipped}");
        return failed == 0 ? 0 : 1;
    }

    private static async Task<GateEngine?> TryStartAsync(EngineTransport transport, int originPort, string folder)
    {
        try
        {
            return await GateEngine.StartAsync(transport, originPort, Path.Combine(folder, transport + ".sock"));
        }
        catch (InvalidOperationException e) when (transport == EngineTransport.Uring)
        {
            Console.WriteLine($"io_uring is skipped: {e.Message}");
            return null;
        }
    }

    private static bool Passes(EngineTransport transport, GateEngine engine, GateOrigin origin, GateCase gateCase)
    {
        string name = $"{transport.ToString().ToLowerInvariant()}, {gateCase.Name}";
        try
        {
            origin.AnswerWith(gateCase.Answer);
            using GateClient client = new(
                engine.Port(gateCase.Listener), speaksTls: gateCase.Listener == GateConfiguration.Tls);
            client.Ask(gateCase, WarmUpRequests);
            var work = Measure(engine, client, gateCase);
            for (int window = 1; window < Windows && work.AllocatedBytes > AllocatedBytesMax; window++)
            {
                work = Measure(engine, client, gateCase);
            }

            return Judge(name, gateCase, work);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            Console.WriteLine($"  ✗ {name}: {e.Message}");
            return false;
        }
    }

    /// <summary>Idle keep-alive connections are opened, asked once and kept.</summary>
    private static bool ConnectionPasses(
        EngineTransport transport, GateEngine engine, GateOrigin origin, GateCase gateCase, double bytesMax)
    {
        origin.AnswerWith(gateCase.Answer);
        List<GateClient> clients = [];
        try
        {
            // The tables that hold connections double now and then; the last window sees none of that.
            double bytes = 0;
            for (int window = 0; window < Windows; window++)
            {
                var before = engine.Read();
                for (int i = 0; i < Connections; i++)
                {
                    clients.Add(new GateClient(engine.Port(GateConfiguration.Plain), bufferBytes: 4096));
                    clients[^1].Ask(gateCase, 1);
                }

                bytes = (engine.Read().AllocatedBytes - before.AllocatedBytes) / (double)Connections;
            }

            bool good = bytes <= bytesMax;
            string name = transport.ToString().ToLowerInvariant();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {(good ? '✓' : '✗')} {name}, one more connection, {gateCase.Name}: {bytes:0} bytes allocated"));
            return good;
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    private static WorkPerRequest Measure(GateEngine engine, GateClient client, GateCase gateCase)
    {
        var before = engine.Read();
        client.Ask(gateCase, MeasuredRequests);
        var after = engine.Read();
        return new WorkPerRequest(
            (after.AllocatedBytes - before.AllocatedBytes) / (double)MeasuredRequests,
            (after.Turns - before.Turns) / (double)MeasuredRequests,
            (after.Enters - before.Enters) / (double)MeasuredRequests);
    }

    private static bool Judge(string name, GateCase gateCase, WorkPerRequest work)
    {
        int pieces = (gateCase.Request.Length + gateCase.Answer.Length) / PieceBytes;
        double turnsMax = TurnsMax + (TurnsPerPieceMax * pieces);
        turnsMax *= gateCase.Listener == GateConfiguration.Hop ? HopTurns : 1;
        bool good = work.AllocatedBytes <= AllocatedBytesMax && work.Turns <= turnsMax && work.Enters <= turnsMax;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {(good ? '✓' : '✗')} {name}: {work.AllocatedBytes:0.00} bytes allocated, {work.Turns:0.00} turns, " +
            $"{work.Enters:0.00} ring enters"));
        return good;
    }

    private readonly record struct WorkPerRequest(double AllocatedBytes, double Turns, double Enters);
}
