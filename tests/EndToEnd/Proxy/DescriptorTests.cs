using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Tests.EndToEnd.Processes;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Proxy;

/// <summary>A process whose clients would take all of its descriptors.</summary>
public sealed class DescriptorTests : IDisposable
{
    private const int FilesMax = 300;
    private const int ClientsMany = 500;

    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("auto")]
    [InlineData("epoll")]
    public async Task Clients_TakeAllDescriptors_RequestsStillReachTheUpstreamAndTheRestIsServedLater(string transport)
    {
        string backendSocket = _folder["backend.sock"];
        await using TestProcess backend = await Backends.NginxAsync(_folder, backendSocket);
        // Each request needs a descriptor of its own for the upstream.
        string config = _folder.Write("mesh.yaml", Configs.Forward(backendSocket, "max_requests_per_connection: 1,"));
        await using ProxyProcess proxy =
            await ProxyProcess.StartLimitedAsync(FilesMax, config, "--transport", transport);
        using Socket early = await ConnectAsync(proxy);
        await AskAsync(early);

        List<Socket> many = [];
        for (int i = 0; i < ClientsMany; i++)
        {
            many.Add(await ConnectAsync(proxy));
        }

        await proxy.Process.WaitForErrorLineAsync("listener web rests");
        for (int i = 0; i < 20; i++)
        {
            await AskAsync(early);
        }

        many.ForEach(static one => one.Dispose());

        // io_uring takes what waited in the queue at once and refuses what reaches the reserve: a later one is served.
        await Poll.UntilAsync(async () =>
        {
            using Socket late = await ConnectAsync(proxy);
            try
            {
                await AskAsync(late);
                return true;
            }
            catch (Exception refused) when (refused is SocketException or Xunit.Sdk.XunitException)
            {
                return false;
            }
        });
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<Socket> ConnectAsync(ProxyProcess proxy)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.Address("web"));
        return socket;
    }

    private static async Task AskAsync(Socket socket)
    {
        await socket.SendAsync("GET /x HTTP/1.1\r\nhost: a\r\n\r\n"u8.ToArray());
        byte[] buffer = new byte[4096];
        StringBuilder answer = new();
        while (!answer.ToString().Contains("nginx /x", StringComparison.Ordinal))
        {
            int count = await socket.ReceiveAsync(buffer);
            Assert.True(count > 0, "the connection was closed after: " + answer);
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer.ToString(), StringComparison.Ordinal);
    }
}
