using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Tests.Unit.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>
/// Every kind of response that a broken or hostile upstream can give, through the whole engine over real sockets: the
/// exact bytes that the client gets, the record, and whether the connection is ever used again. Each row goes whole,
/// split at an awkward byte, and byte by byte.
/// </summary>
public sealed class ResponseSocketTests : IClassFixture<RequestProxies>
{
    private static readonly Dictionary<string, ResponseRow> s_rows =
        UpstreamResponses.All().ToDictionary(static row => row.Name);

    private readonly RequestProxies _proxies;

    public ResponseSocketTests(RequestProxies proxies) => _proxies = proxies;

    public static IEnumerable<TheoryDataRow<string, string>> Rows() => TransportKinds.Each(s_rows.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Response_OverSockets_IsPassedOnAsItsRowSays(string transport, string name)
    {
        ResponseRow row = s_rows[name];
        RawProxy proxy = await _proxies.ForAsync(transport);
        foreach (string say in Pieces.Of(row.Say))
        {
            await RunAsync(proxy, row, say);
        }
    }

    private static async Task RunAsync(RawProxy proxy, ResponseRow row, string say)
    {
        await proxy.LogAsync(0);
        proxy.Upstream.Prepare(say, row.Ending);
        string version = row.Listener == "http10" ? "HTTP/1.0" : "HTTP/1.1";
        string request = $"{row.Method} / {version}\r\nHost: a\r\n{row.Fields}\r\n";
        using RawClient client = await RawClient.ConnectAsync(proxy.PortOf(row.Listener));
        await client.SendAsync(request, proxy.SettleAsync);
        string answer = row.Ends ? await client.ReadToEndAsync() : await client.ReadAsync(row.Answer);
        await proxy.Upstream.AnsweredAsync();
        await proxy.SettleAsync();
        using RawClient another = await RawClient.ConnectAsync(proxy.PortOf("plain"));
        RawClient next = row.Ends ? another : client;
        await next.SendAsync(Wire.After, proxy.SettleAsync);
        string after = await next.ReadToEndAsync();
        client.Dispose();
        List<UpstreamBytes> upstream = await proxy.Upstream.EndRowAsync();
        List<string> log = await proxy.LogAsync(2);

        Assert.Equal(row.Answer, row.Ends ? ChunkedText.OfUnfinished(answer) : ChunkedText.Join(answer));
        Assert.Equal(Wire.LastOk, after);
        // A tunnel is recorded when it ends, which is after the next request.
        Assert.Equal(new[] { row.Log, Wire.OkLog }.Order(), log.Order());
        string upgrade = row.Fields.Length > 0 ? "Upgrade: websocket\r\n" : "";
        string last = row.Fields.Length > 0 ? "connection: upgrade\r\n" : "";
        string expected = $"{row.Method} / HTTP/1.1\r\nhost: a\r\n{upgrade}{Wire.Tail}{last}\r\n";
        Assert.Equal(
            string.Concat(Enumerable.Repeat(expected, row.Attempts)) + Wire.UpstreamAfter,
            string.Concat(upstream.Select(static line => line.Text)));
        Assert.Equal(row.Attempts + (row.Reuses ? 0 : 1), upstream.Count);
    }
}
