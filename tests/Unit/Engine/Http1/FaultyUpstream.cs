using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>
/// An upstream that ends kept connections whenever it likes: with the answer, when the next request's first byte
/// arrives, or after a moment of rest; and that now and then does a POST and resets without an answer. It keeps a
/// ledger of what it did.
/// </summary>
internal sealed class FaultyUpstream : IAsyncDisposable
{
    private const int RestUsMax = 2_000;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _seed;

    public FaultyUpstream(int seed)
    {
        _seed = seed;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>How often each target was done.</summary>
    public ConcurrentDictionary<string, int> Done { get; } = new();

    /// <summary>Targets that were done and then reset.</summary>
    public ConcurrentDictionary<string, bool> ResetAfterwards { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                var random = new Random(Interlocked.Increment(ref _seed));
                serving.Add(Task.Run(() => ServeAsync(socket, random)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket, Random random)
    {
        using Socket own = socket;
        try
        {
            socket.NoDelay = true;
            for (int served = 0; await ReadAsync(socket) is { } request; served++)
            {
                string target = request.Split(' ')[1];
                Done.AddOrUpdate(target, 1, static (_, count) => count + 1);
                if (request[1] == 'O' && random.Next(12) == 0)
                {
                    ResetAfterwards[target] = true;
                    socket.LingerState = new LingerOption(true, 0);
                    return;
                }

                string answer = string.Create(
                    CultureInfo.InvariantCulture,
                        $"HTTP/1.1 200 OK\r\nContent-Length: {target.Length}\r\n\r\n{target}");
                await socket.SendAsync(Encoding.Latin1.GetBytes(answer));
                switch (random.Next(4))
                {
                    case 0:
                        return;
                    case 1:
                        socket.Poll(random.Next(RestUsMax), SelectMode.SelectRead);
                        return;
                    default:
                        break;
                }
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The proxy or the test ended it.
        }
    }

    /// <summary>One request, its body read; null when the connection ended.</summary>
    private async Task<string?> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        byte[] bytes = new byte[4096];
        while (true)
        {
            int count = await socket.ReceiveAsync(bytes, _stop.Token);
            if (count == 0)
            {
                return null;
            }

            text.Append(Encoding.Latin1.GetString(bytes, 0, count));
            string got = text.ToString();
            int end = got.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            int body = got.Contains("\r\ncontent-length: 4\r\n", StringComparison.Ordinal) ? 4 : 0;
            if (end >= 0 && got.Length >= end + 4 + body)
            {
                return got;
            }
        }
    }
}
