using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>Clients, proxy and upstream on one seed: whatever the network does, no response lies.</summary>
public sealed class HttpForwardingTests
{
    private static readonly string[] s_kinds = ["counted", "chunked", "until-close", "empty", "counted", "chunked"];

    /// <summary>Seeds of a run; FASTMESH_SEEDS makes it longer.</summary>
    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("FASTMESH_SEEDS"), CultureInfo.InvariantCulture, out int seeds)
            ? seeds
            : 150;

    [Fact]
    public void Requests_ShortReadsAndSmallBuffers_EveryBodyArrivesWhole()
    {
        for (ulong seed = 1; seed <= (ulong)Seeds; seed++)
        {
            var options = new SimulationOptions
            {
                ReadBytesMax = 1 + (int)(seed % 97),
                SocketBufferBytes = 200 + (int)(seed % 5000),
            };
            var world = new SimulatedHttpWorld(seed, options);
            world.Upstream.CloseAfterRequests = (int)(seed % 4);
            List<string> wrong = world.Run(ClientAsync(world, seed, requests: 12));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            Assert.True(
                world.Network.RunUntil(() => world.ProxyReactor.Buffers.RentedBytes == 0, 120_000),
                $"seed {seed}: {world.ProxyReactor.Buffers.RentedBytes} bytes of buffers are not given back");
        }
    }

    [Fact]
    public void Requests_ResetsAnywhere_NeverAShortBodyThatLooksWholeAndNoPostTwice()
    {
        for (ulong seed = 1; seed <= (ulong)Seeds; seed++)
        {
            var options = new SimulationOptions
            {
                ReadBytesMax = 1 + (int)(seed % 301),
                ResetOneIn = 3,
                ResetAfterBytesMax = 6000,
                RefuseOneIn = 7,
            };
            var world = new SimulatedHttpWorld(seed, options);
            world.Upstream.CloseAfterRequests = 3;
            List<string> wrong = world.Run(ClientAsync(world, seed, requests: 10, expectsFaults: true));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            foreach (IGrouping<string, UpstreamRequest> same in world.Upstream.Requests
                .Where(static request => request.IsWhole && request.Head.StartsWith("POST", StringComparison.Ordinal))
                .GroupBy(static request => request.Head.Split(' ')[1]))
            {
                Assert.True(same.Count() == 1, $"seed {seed}: {same.Key} was executed {same.Count()} times");
            }
        }
    }

    [Fact]
    public void Requests_SameSeed_SameRun()
    {
        static ulong RunOnce(ulong seed)
        {
            var world = new SimulatedHttpWorld(seed);
            Assert.Empty(world.Run(ClientAsync(world, seed, requests: 5)));
            return world.Network.Fingerprint;
        }

        // Request ids are random, so even the bytes depend on the seed alone.
        Assert.Equal(RunOnce(7), RunOnce(7));
        Assert.NotEqual(RunOnce(7), RunOnce(8));
    }

    /// <summary>Sends requests one after the other, reconnecting where it must; returns what was wrong.</summary>
    private static async Task<List<string>> ClientAsync(
        SimulatedHttpWorld world, ulong seed, int requests, bool expectsFaults = false)
    {
        var wrong = new List<string>();
        var random = new Random((int)seed);
        HttpPeer? peer = null;
        for (int i = 0; i < requests; i++)
        {
            try
            {
                peer ??= await world.ConnectAsync();
            }
            catch (InvalidOperationException) when (expectsFaults)
            {
                continue;
            }

            string kind = s_kinds[random.Next(s_kinds.Length)];
            int length = kind == "empty" ? 0 : random.Next(20_000);
            int sent = random.Next(3) == 0 ? random.Next(15_000) : 0;
            string method = sent > 0 ? "POST" : random.Next(6) == 0 ? "HEAD" : "GET";
            await peer.SendAsync(Request(method, $"/{kind}/{length}?id={i}", sent, random.Next(2) == 0));
            PeerResponse? response = await peer.ReadResponseAsync(method);
            if (response is null)
            {
                if (!expectsFaults)
                {
                    wrong.Add($"request {i} {method} {kind} {length}: no response");
                }

                peer = null;
                continue;
            }

            Check(response, method, kind, length, expectsFaults, wrong, i);
            if (!response.IsWhole || response.Field("connection") == "close" || IsUntilClose(response, method))
            {
                peer = null;
            }
        }

        peer?.Connection.Close();
        return wrong;
    }

    private static bool IsUntilClose(PeerResponse response, string method) =>
        method != "HEAD" && response.Status == 200
        && response.Field("content-length") is null && response.Field("transfer-encoding") is null;

    private static void Check(
        PeerResponse response, string method, string kind, int length, bool expectsFaults, List<string> wrong, int i)
    {
        int expected = kind == "empty" ? 204 : 200;
        if (response.Status != expected)
        {
            if (!expectsFaults || response.Status is not (502 or 503))
            {
                wrong.Add($"request {i} {method} {kind} {length}: status {response.Status}");
            }

            return;
        }

        string body = method == "HEAD" || kind == "empty" ? "" : ScriptedUpstream.Pattern(length);
        if (response.IsWhole ? response.Body != body : !expectsFaults || !body.StartsWith(response.Body, StringComparison.Ordinal))
        {
            wrong.Add($"request {i} {method} {kind} {length}: got {response.Body.Length} bytes, whole {response.IsWhole}");
        }
    }

    private static string Request(string method, string target, int bodyLength, bool chunked)
    {
        string head = $"{method} {target} HTTP/1.1\r\nHost: example.test\r\n";
        string body = ScriptedUpstream.Pattern(bodyLength);
        if (bodyLength == 0)
        {
            return head + "\r\n";
        }

        return chunked
            ? string.Create(CultureInfo.InvariantCulture,
                $"{head}Transfer-Encoding: chunked\r\n\r\n{bodyLength:x}\r\n{body}\r\n0\r\n\r\n")
            : string.Create(CultureInfo.InvariantCulture, $"{head}Content-Length: {bodyLength}\r\n\r\n{body}");
    }
}
