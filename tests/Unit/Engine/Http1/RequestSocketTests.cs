using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Tests.Unit.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>
/// Every kind of request that HTTP/1.1 can be spoilt with, through the whole engine over real sockets: the exact bytes
/// that the client gets, the exact bytes that the upstream gets or that it gets none, and the record. Each row goes
/// whole, split at an awkward byte, and byte by byte.
/// </summary>
public sealed class RequestSocketTests : IClassFixture<RequestProxies>
{
    private const string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly Dictionary<string, RequestRow> s_rows =
        RefusedRequests.All().Concat(ForwardedRequests.All()).ToDictionary(static row => row.Name);

    private readonly RequestProxies _proxies;

    public RequestSocketTests(RequestProxies proxies) => _proxies = proxies;

    public static IEnumerable<TheoryDataRow<string, string>> Rows() => TransportKinds.Each(s_rows.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Request_OverSockets_IsAnsweredAndForwardedAsItsRowSays(string transport, string name)
    {
        RequestRow row = s_rows[name];
        RawProxy proxy = await _proxies.ForAsync(transport);
        foreach (string send in Pieces.Of(row.Send))
        {
            await RunAsync(proxy, row, send);
        }
    }

    private static async Task RunAsync(RawProxy proxy, RequestRow row, string send)
    {
        proxy.Upstream.Prepare(null);
        await proxy.LogAsync(0);
        using RawClient client = await RawClient.ConnectAsync(proxy.PortOf(row.Listener));
        await client.SendAsync(send + (row.Waits ? "" : row.Keeps ? Wire.After : Smuggled), proxy.SettleAsync);
        string answer = await client.ReadToEndAsync();
        client.Dispose();
        List<UpstreamBytes> upstream = await proxy.Upstream.EndRowAsync();
        string[] log = [.. row.Log, .. row.Keeps ? [Wire.OkLog] : Array.Empty<string>()];
        List<string> logged = await proxy.LogAsync(log.Length);
        Assert.Equal(row.Answer + (row.Keeps ? Wire.LastOk : ""), answer);
        Assert.Equal(log, logged);
        if (row.IsCutUpstream)
        {
            Assert.All(upstream, line => Assert.StartsWith(
                ChunkedText.OfUnfinished(line.Text), row.Upstream, StringComparison.Ordinal));
        }
        else
        {
            string got = ChunkedText.Join(string.Concat(upstream.Select(static line => line.Text)));
            Assert.Equal(row.Upstream + (row.Keeps ? Wire.UpstreamAfter : ""), got);
        }
    }
}
