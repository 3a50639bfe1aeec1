using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>
/// An upstream that ends kept connections with the answer, at the next request's first byte, or after a rest, by seed:
/// safe and idempotent requests never fail, and nothing is done twice.
/// </summary>
public sealed class IdleCloseRaceTests
{
    private const int Clients = 3;
    private const int RequestsPerClient = 20;

    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("FASTMESH_SEEDS"), CultureInfo.InvariantCulture, out int seeds)
            ? seeds
            : 150;

    [Fact]
    public void Upstream_EndsKeptConnectionsAnyTime_SafeRequestsNeverFailAndNothingIsDoneTwice()
    {
        long retries = 0;
        for (ulong seed = 1; seed <= (ulong)Seeds; seed++)
        {
            var world = new SimulatedHttpWorld(seed, new SimulationOptions { ReadBytesMax = 1 + (int)(seed % 400) });
            world.Upstream.Ends = new Random((int)seed);
            Task<List<string>>[] scripts = [.. Enumerable.Range(0, Clients).Select(client =>
                ClientAsync(world, client, new Random((int)seed * 31 + client)))];
            var wrong = new List<string>();
            foreach (Task<List<string>> script in scripts)
            {
                wrong.AddRange(world.Run(script));
            }

            wrong.AddRange(world.Upstream.Requests
                .Where(static request => request.IsWhole && request.Head.StartsWith("POST", StringComparison.Ordinal))
                .GroupBy(static request => request.Head.Split(' ')[1])
                .Where(static same => same.Count() > 1)
                .Select(static same => $"{same.Key} was done {same.Count()} times"));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            retries += world.ClusterStats.UpstreamRqRetry;
        }

        Assert.NotEqual(0, retries);
    }

    private static async Task<List<string>> ClientAsync(SimulatedHttpWorld world, int client, Random random)
    {
        var wrong = new List<string>();
        HttpPeer peer = await world.ConnectAsync();
        string[] methods = ["GET", "POST", "PUT", "HEAD"];
        for (int i = 0; i < RequestsPerClient; i++)
        {
            string method = methods[random.Next(methods.Length)];
            string body = method is "POST" or "PUT" ? "Content-Length: 4\r\n\r\nbody" : "\r\n";
            await peer.SendAsync($"{method} /counted/{random.Next(500)}?{client}-{i} HTTP/1.1\r\nHost: a\r\n{body}");
            PeerResponse? response = await peer.ReadResponseAsync(method);
            if (response is not { IsWhole: true })
            {
                wrong.Add($"{method} {client}-{i}: no whole response");
                break;
            }

            if (response.Status != 200 && !(method == "POST" && response.Status == 503))
            {
                wrong.Add($"{method} {client}-{i}: status {response.Status}");
            }

            if (random.Next(3) == 0)
            {
                await world.SleepAsync(random.Next(20));
            }
        }

        peer.Connection.Close();
        return wrong;
    }
}
