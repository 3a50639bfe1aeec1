using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Proxy.Admin;
using Xunit;

namespace FastMesh.Tests.Unit.Proxy.Admin;

public sealed class AdminServerTests
{
    [Fact]
    public async Task Ask_OverARealSocket_GetsThePage()
    {
        await using AdminServer server = Start();
        (int status, string body) = await AdminClient.AskAsync(server.Address, "GET", "/ready");
        Assert.Equal((200, "LIVE\n"), (status, body));
    }

    [Fact]
    public async Task Request_ArrivesByteByByte_IsAnswered()
    {
        await using AdminServer server = Start();
        string answer = await SayAsync(server.Address, "GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 1);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_IsMalformed_GetsA400AndTheConnectionCloses()
    {
        await using AdminServer server = Start();
        string answer = await SayAsync(server.Address, "GET /ready HTTP/1.1\r\nbad header: a\r\n\r\n", 1000);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_OfAPage_HasNoBody()
    {
        await using AdminServer server = Start();
        string answer = await SayAsync(server.Address, "HEAD /help HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 1000);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    private static AdminServer Start() =>
        AdminServer.Start(new IPEndPoint(IPAddress.Loopback, 0), new ScriptedAdmin());

    private static async Task<string> SayAsync(EndPoint address, string text, int pieceBytes)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address);
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        for (int sent = 0; sent < bytes.Length; sent += pieceBytes)
        {
            await socket.SendAsync(bytes.AsMemory(sent, Math.Min(pieceBytes, bytes.Length - sent)));
        }

        await using NetworkStream stream = new(socket);
        using System.IO.StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(TestContextToken());
    }

    private static System.Threading.CancellationToken TestContextToken() =>
        Xunit.TestContext.Current.CancellationToken;
}
