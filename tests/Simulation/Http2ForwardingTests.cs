using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>
/// HTTP/2 clients, one proxy or two that speak HTTP/2 between them, and an HTTP/1.1 upstream on one seed: whatever
/// happens, no response lies.
/// </summary>
public sealed class Http2ForwardingTests
{
    private static readonly string[] s_kinds = ["counted", "chunked", "until-close", "empty", "counted", "chunked"];

    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("FASTMESH_SEEDS"), CultureInfo.InvariantCulture, out int seeds)
            ? seeds
            : 30;

    // Two proxies take three times as long, and TLS ten times.
    private static ulong SeedsFor(int hops, bool speaksTls) =>
        (ulong)Math.Max(1, speaksTls ? Seeds / 10 : hops == 1 ? Seeds : Seeds / 3);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Streams_ShortReadsAndSmallBuffers_EveryBodyArrivesWhole(int hops, bool speaksTls)
    {
        for (ulong seed = 1; seed <= SeedsFor(hops, speaksTls); seed++)
        {
            var options = new SimulationOptions
            {
                ReadBytesMax = 1 + (int)(seed % 997),
                SocketBufferBytes = 200 + (int)(seed % 9000),
            };
            var world = new SimulatedHttpWorld(seed, options, hops: hops, speaksTls: speaksTls);
            world.Upstream.CloseAfterRequests = (int)(seed % 4);
            List<string> wrong = world.Run(ClientAsync(world, seed, requests: 24, expectsFaults: false));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            ExpectNothingIsHeld(world, seed);
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Streams_CancelledAndStalledAndSlow_TheOthersArriveWholeAndNothingIsHeld(int hops, bool speaksTls)
    {
        for (ulong seed = 1; seed <= SeedsFor(hops, speaksTls); seed++)
        {
            var options = new SimulationOptions { ReadBytesMax = 1 + (int)(seed % 5000) };
            var world = new SimulatedHttpWorld(seed, options, hops: hops, speaksTls: speaksTls);
            world.Upstream.CloseAfterRequests = (int)(seed % 5);
            List<string> wrong = world.Run(CancellingAsync(world, seed));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            ExpectNothingIsHeld(world, seed);
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Streams_ResetsAnywhere_NeverAShortBodyThatLooksWholeAndNoPostTwice(int hops, bool speaksTls)
    {
        for (ulong seed = 1; seed <= SeedsFor(hops, speaksTls); seed++)
        {
            var options = new SimulationOptions
            {
                ReadBytesMax = 1 + (int)(seed % 301),
                ResetOneIn = 3,
                ResetAfterBytesMax = 20_000,
                RefuseOneIn = 7,
            };
            var world = new SimulatedHttpWorld(seed, options, hops: hops, speaksTls: speaksTls);
            world.Upstream.CloseAfterRequests = 3;
            List<string> wrong = world.Run(ClientAsync(world, seed, requests: 20, expectsFaults: true));
            Assert.True(wrong.Count == 0, $"seed {seed}: {string.Join("; ", wrong)}");
            foreach (IGrouping<string, UpstreamRequest> same in world.Upstream.Requests
                .Where(static request => request.IsWhole && request.Head.StartsWith("POST", StringComparison.Ordinal))
                .GroupBy(static request => request.Head.Split(' ')[1]))
            {
                Assert.True(same.Count() == 1, $"seed {seed}: {same.Key} was executed {same.Count()} times");
            }

            ExpectNothingIsHeld(world, seed);
        }
    }

    private static void ExpectNothingIsHeld(SimulatedHttpWorld world, ulong seed)
    {
        ExpectNothingIsHeld(world, world.First, seed);
        if (world.Second is { } second)
        {
            ExpectNothingIsHeld(world, second, seed);
        }
    }

    private static void ExpectNothingIsHeld(SimulatedHttpWorld world, SimulatedProxy proxy, ulong seed)
    {
        bool isIdle = world.Network.RunUntil(() => Held(proxy).Length == 0, 120_000);
        Assert.True(isIdle, $"seed {seed}: never given back: {Held(proxy)}");
        Assert.True(proxy.Reactor.Faults == 0, $"seed {seed}: {proxy.Reactor.Faults} faults");
    }

    private static string Held(SimulatedProxy proxy) => string.Concat(
        Held("bytes of buffers", proxy.Reactor.Buffers.RentedBytes),
        Held("upstream requests", proxy.ClusterStats.UpstreamRqActive),
        Held("downstream requests", proxy.Stats.DownstreamRqActive),
        Held("downstream streams", proxy.Http2Stats.StreamsActive),
        Held("upstream streams", proxy.UpstreamHttp2Stats.StreamsActive));

    private static string Held(string what, long count) => count == 0 ? "" : $"{count} {what} ";

    private static async Task<List<string>> ClientAsync(
        SimulatedHttpWorld world, ulong seed, int requests, bool expectsFaults)
    {
        var wrong = new List<string>();
        var random = new Random((int)seed);
        Http2Client? client = null;
        var waiting = new List<Task>();
        for (int i = 0; i < requests; i++)
        {
            try
            {
                client = client is null || client.IsOver ? await world.ConnectHttp2Async() : client;
            }
            catch (InvalidOperationException) when (expectsFaults)
            {
                continue;
            }

            waiting.Add(CallAsync(world, client, random, i, expectsFaults, wrong));
            if (random.Next(3) == 0)
            {
                await waiting[random.Next(waiting.Count)];
            }
        }

        await Task.WhenAll(waiting);
        if (client is { Ended.IsFaulted: true })
        {
            await client.Ended;
        }

        client?.Connection.Close();
        return wrong;
    }

    private static async Task CallAsync(
        SimulatedHttpWorld world, Http2Client client, Random random, int i, bool expectsFaults, List<string> wrong)
    {
        string kind = s_kinds[random.Next(s_kinds.Length)];
        int length = kind == "empty" ? 0 : random.Next(40_000);
        int sent = random.Next(3) == 0 ? random.Next(30_000) : 0;
        string declared = sent > 0 && random.Next(2) == 0 ? $"content-length: {sent}" : "";
        string path = string.Create(CultureInfo.InvariantCulture, $"/{kind}/{length}?id={i}-{client.Connection.Id}");
        Http2Call call = await client.Send(
            sent > 0 ? "POST" : "GET", path, declared, Encoding.Latin1.GetBytes(ScriptedUpstream.Pattern(sent))).Done;
        int expected = kind == "empty" ? 204 : 200;
        string body = ScriptedUpstream.Pattern(length);
        bool isGood = call.Status == expected && call.IsWhole && call.Body.ToString() == body;
        bool isHonest = expectsFaults
            && (!call.IsWhole || call.Status is 502 or 503)
            && (call.Status != 200 || body.StartsWith(call.Body.ToString(), StringComparison.Ordinal));
        if (!isGood && !isHonest && !MayHaveRaced(world, call, sent))
        {
            wrong.Add($"{path} {sent}: status {call.Status}, {call.Body.Length} bytes, whole {call.IsWhole}, " +
                $"reset {call.ResetCode}");
        }
    }

    /// <summary>A body that is not kept cannot be sent again when the upstream closes an idle connection.</summary>
    private static bool MayHaveRaced(SimulatedHttpWorld world, Http2Call call, int sentBytes) =>
        world.Upstream.CloseAfterRequests > 0 && sentBytes > 0 && call.Status == 503;

    /// <summary>
    /// One connection on which a third of the streams is cancelled, some are never read, and all others must arrive.
    /// </summary>
    private static async Task<List<string>> CancellingAsync(SimulatedHttpWorld world, ulong seed)
    {
        var wrong = new List<string>();
        var random = new Random((int)seed);
        Http2Client client = await world.ConnectHttp2Async(
            Http2Limits.Default with { ConnectionWindowBytes = 16 << 20 });
        client.ConsumesData = false;
        var whole = new List<(Http2Call Call, int Length, int Sent)>();
        var cancelled = new List<Http2Call>();
        for (int i = 0; i < 40; i++)
        {
            int length = random.Next(60_000);
            string kind = random.Next(8) == 0 ? "hang" : random.Next(2) == 0 ? "counted" : "chunked";
            int sent = random.Next(2) == 0 ? random.Next(100_000) : 0;
            Http2Call call = client.Send(
                sent > 0 ? "POST" : "GET", $"/{kind}/{length}?{i}", "",
                Encoding.Latin1.GetBytes(ScriptedUpstream.Pattern(sent)));
            if (kind == "hang" || random.Next(3) == 0)
            {
                cancelled.Add(call);
            }
            else
            {
                whole.Add((call, length, sent));
            }

            if (cancelled.Count > 2 && whole.Count > 0 && random.Next(2) == 0)
            {
                await whole[random.Next(whole.Count)].Call.Done;
                client.Reset(cancelled[0]);
                cancelled.RemoveAt(0);
            }
        }

        foreach ((Http2Call call, int length, int sent) in whole)
        {
            await call.Done;
            if ((call.Status != 200 || call.Body.ToString() != ScriptedUpstream.Pattern(length))
                && !MayHaveRaced(world, call, sent))
            {
                wrong.Add($"stream {call.Key.Id}: status {call.Status}, {call.Body.Length} of {length} bytes");
            }
        }

        cancelled.ForEach(call => client.Reset(call));
        client.Connection.Close();
        return wrong;
    }
}
