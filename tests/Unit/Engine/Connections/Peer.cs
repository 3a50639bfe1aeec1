using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>A socket at the other end: says and expects what the test's script tells.</summary>
internal sealed class Peer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;

    private Peer(Socket socket) => _socket = socket;

    public IPEndPoint Local => (IPEndPoint)_socket.LocalEndPoint!;

    public IPEndPoint Remote => (IPEndPoint)_socket.RemoteEndPoint!;

    public static Socket Listen()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(64);
        return socket;
    }

    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>A port where nobody listens.</summary>
    public static int DeadPort()
    {
        using Socket socket = Listen();
        return PortOf(socket);
    }

    public static async Task<Peer> AcceptAsync(Socket listener)
    {
        using CancellationTokenSource limit = new(s_patience);
        return new Peer(await listener.AcceptAsync(limit.Token));
    }

    public static async Task<Peer> ConnectAsync(int port, int receiveBufferBytes = 0)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = receiveBufferBytes;
        }

        using CancellationTokenSource limit = new(s_patience);
        await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        return new Peer(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        using CancellationTokenSource limit = new(s_patience);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await _socket.SendAsync(bytes.AsMemory(sent), limit.Token);
        }
    }

    /// <summary>Exactly as many bytes as the text has.</summary>
    public async Task<string> ReceiveAsync(int count)
    {
        using CancellationTokenSource limit = new(s_patience);
        byte[] bytes = new byte[count];
        int received = 0;
        while (received < count)
        {
            int now = await _socket.ReceiveAsync(bytes.AsMemory(received), limit.Token);
            if (now == 0)
            {
                break;
            }

            received += now;
        }

        return Encoding.Latin1.GetString(bytes, 0, received);
    }

    /// <summary>Everything up to the end of the stream; "RST" instead of the end when it was reset.</summary>
    public async Task<string> ReceiveToEndAsync()
    {
        using CancellationTokenSource limit = new(s_patience);
        StringBuilder all = new();
        byte[] bytes = new byte[65536];
        try
        {
            while (true)
            {
                int received = await _socket.ReceiveAsync(bytes, limit.Token);
                if (received == 0)
                {
                    return all.ToString();
                }

                all.Append(Encoding.Latin1.GetString(bytes, 0, received));
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return all + "RST";
        }
    }

    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();
}
