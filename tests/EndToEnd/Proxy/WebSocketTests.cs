using System;
using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>.NET's WebSocket client and Kestrel, both of both versions, and one proxy or two between them.</summary>
public sealed class WebSocketTests : IDisposable
{
    private const int LargeBytes = 300_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();

    public static TheoryData<string, int, int, int> Paths => new()
    {
        { "epoll", 1, 1, 1 }, { "epoll", 1, 2, 1 }, { "epoll", 2, 1, 1 }, { "epoll", 2, 2, 1 },
        { "auto", 1, 1, 1 }, { "auto", 1, 2, 1 }, { "auto", 2, 1, 1 }, { "auto", 2, 2, 1 },
        { "epoll", 1, 1, 2 }, { "auto", 2, 2, 2 },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Messages_OfEveryVersionToEveryVersion_PassBothWays(
        string transport, int client, int server, int proxies)
    {
        using CancellationTokenSource limit = new(s_patience);
        await using WebApplication application = await ServeAsync(server, limit.Token);
        await using ProxyProcess? second = proxies == 1 ? null : await ProxyProcess.StartAsync(
            _folder.Write("second.yaml", Config("backend.sock", server, _folder["second.sock"])),
            "--transport", transport);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(
            _folder.Write(
                "mesh.yaml",
                proxies == 1 ? Config("backend.sock", server) : Config("second.sock", upstream: 2)),
            "--transport", transport);

        using ClientWebSocket socket = await ConnectAsync(proxy, client, limit.Token);
        Assert.Equal("chat", socket.SubProtocol);
        Assert.Equal("hello", await AskAsync(socket, "hello", limit.Token));
        string large = new('x', LargeBytes);
        Assert.Equal(large, await AskAsync(socket, large, limit.Token));

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", limit.Token);
        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);

        // The server speaks first of the end.
        using ClientWebSocket other = await ConnectAsync(proxy, client, limit.Token);
        Assert.Null(await AskAsync(other, "close", limit.Token));
        Assert.Equal((WebSocketCloseStatus.EndpointUnavailable, "away"), (other.CloseStatus, other.CloseStatusDescription));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<ClientWebSocket> ConnectAsync(ProxyProcess proxy, int version, CancellationToken limit)
    {
        ClientWebSocket socket = new();
        socket.Options.AddSubProtocol("chat");
        socket.Options.HttpVersion = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using HttpMessageInvoker invoker = new(new SocketsHttpHandler());
        Uri uri = new(proxy.Url("web", "/chat").ToString().Replace("http:", "ws:", StringComparison.Ordinal));
        await socket.ConnectAsync(uri, invoker, limit);
        return socket;
    }

    /// <summary>Sends a text and returns the message that comes back; null when it is the end.</summary>
    private static async Task<string?> AskAsync(WebSocket socket, string text, CancellationToken limit)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, limit);
        StringBuilder got = new();
        byte[] room = new byte[16384];
        while (true)
        {
            WebSocketReceiveResult piece = await socket.ReceiveAsync(room, limit);
            got.Append(Encoding.UTF8.GetString(room, 0, piece.Count));
            if (piece.EndOfMessage)
            {
                return piece.MessageType == WebSocketMessageType.Close ? null : got.ToString();
            }
        }
    }

    private async Task<WebApplication> ServeAsync(int version, CancellationToken limit)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(
            _folder["backend.sock"],
            listen => listen.Protocols = version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2));
        WebApplication application = builder.Build();
        application.UseWebSockets();
        application.Run(static context => EchoAsync(context));
        await application.StartAsync(limit);
        return application;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("chat");
        byte[] room = new byte[16384];
        while (true)
        {
            WebSocketReceiveResult piece = await socket.ReceiveAsync(room, context.RequestAborted);
            if (piece.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(
                    piece.CloseStatus!.Value, piece.CloseStatusDescription, context.RequestAborted);
                return;
            }

            if (room.AsSpan(0, piece.Count).SequenceEqual("close"u8))
            {
                await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "away", context.RequestAborted);
                return;
            }

            await socket.SendAsync(
                room.AsMemory(0, piece.Count), piece.MessageType, piece.EndOfMessage, context.RequestAborted);
        }
    }

    private string Config(string backend, int upstream, string? listen = null) =>
        Configs.Forward(_folder[backend], upstream == 1 ? "" : "http2_protocol_options: { },", listen).Replace(
            "stat_prefix: web",
            "stat_prefix: web\n                upgrade_configs: [{ upgrade_type: websocket }]\n"
            + "                http2_protocol_options: { allow_connect: true }",
            StringComparison.Ordinal);
}
