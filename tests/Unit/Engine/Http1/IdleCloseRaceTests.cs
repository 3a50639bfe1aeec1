using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Model;
using FastMesh.Tests.Unit.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>The idle-close race over real sockets: what may be sent again is, and nothing is done twice.</summary>
public sealed class IdleCloseRaceTests
{
    private const int Clients = 8;
    private const int RequestsPerClient = 400;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Upstream_EndsKeptConnectionsAnyTime_SafeRequestsNeverFailAndNothingIsDoneTwice(string transport)
    {
        await using var upstream = new FaultyUpstream(seed: 1);
        await using RawProxy proxy = await RawProxy.StartAsync(
            transport,
            new Dictionary<string, Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>>
            {
                ["plain"] = static settings => settings,
            },
            cluster => cluster with { Endpoints = [new Endpoint(new SocketTarget("127.0.0.1", upstream.Port))] });
        Outcome[][] outcomes = await Task.WhenAll(Enumerable.Range(0, Clients)
            .Select(client => ClientAsync(proxy.PortOf("plain"), client)));

        Outcome[] all = [.. outcomes.SelectMany(static some => some)];
        Assert.Equal(Clients * RequestsPerClient, all.Length);
        Assert.DoesNotContain(all, static one => one.Method != "POST" && one.Status != 200);
        Assert.DoesNotContain(all, static one => one.Status is not (200 or 503));
        Assert.DoesNotContain(all, static one => one.Status == 200 && one.Method != "HEAD" && one.Body != one.Target);
        foreach (Outcome post in all.Where(static one => one.Method == "POST"))
        {
            int done = upstream.Done.GetValueOrDefault(post.Target);
            Assert.True(post.Status == 200 ? done == 1 : done <= 1, $"{post} was done {done} times");
        }

        // The faults happened at all: connections died under a request, and POSTs were reset when they had been done.
        Assert.NotEqual(0, proxy.ClusterStats.UpstreamRqRetry);
        Assert.NotEmpty(upstream.ResetAfterwards);
        Assert.All(
            all.Where(one => upstream.ResetAfterwards.ContainsKey(one.Target)),
            static one => Assert.Equal(503, one.Status));
    }

    private static async Task<Outcome[]> ClientAsync(int port, int client)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            { NoDelay = true };
        using CancellationTokenSource limit = new(s_patience);
        await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        var random = new Random(client);
        string[] methods = ["GET", "GET", "POST", "POST", "PUT", "HEAD", "OPTIONS"];
        var outcomes = new Outcome[RequestsPerClient];
        for (int i = 0; i < outcomes.Length; i++)
        {
            string method = methods[random.Next(methods.Length)];
            string target = string.Create(CultureInfo.InvariantCulture, $"/{client}/{i}");
            string body = method is "POST" or "PUT" ? "Content-Length: 4\r\n\r\nbody" : "\r\n";
            await socket.SendAsync(
                Encoding.Latin1.GetBytes($"{method} {target} HTTP/1.1\r\nHost: a\r\n{body}"), limit.Token);
            outcomes[i] = await ReadAsync(socket, method, target, limit.Token);
        }

        return outcomes;
    }

    private static async Task<Outcome> ReadAsync(Socket socket, string method, string target, CancellationToken limit)
    {
        const string Length = "\r\ncontent-length: ";
        byte[] bytes = new byte[4096];
        string text = "";
        while (true)
        {
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                int from = text.IndexOf(Length, StringComparison.Ordinal) + Length.Length;
                int to = text.IndexOf('\r', from);
                int body = int.Parse(text.AsSpan(from, to - from), NumberStyles.None, CultureInfo.InvariantCulture);
                if (method == "HEAD" || text.Length >= end + 4 + body)
                {
                    int status = int.Parse(text.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
                    return new Outcome(method, target, status, text[(end + 4)..]);
                }
            }

            int count = await socket.ReceiveAsync(bytes, limit);
            if (count == 0)
            {
                return new Outcome(method, target, 0, text);
            }

            text += Encoding.Latin1.GetString(bytes, 0, count);
        }
    }

    private sealed record Outcome(string Method, string Target, int Status, string Body);
}
