using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Proxy.Admin;

/// <summary>Asks a running proxy one thing. An answer of ours has a length and no chunks.</summary>
internal static class AdminClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Status and body; throws <see cref="SocketException"/> or <see cref="IOException"/> when nobody answers.
    /// </summary>
    public static async Task<(int Status, string Body)> AskAsync(EndPoint address, string method, string target)
    {
        using CancellationTokenSource patience = new(Patience);
        bool unix = address.AddressFamily == AddressFamily.Unix;
        using Socket socket = unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, patience.Token);
        await using NetworkStream stream = new(socket);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"{method} {target} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
            patience.Token);
        using StreamReader reader = new(stream, Encoding.UTF8);
        string answer = await reader.ReadToEndAsync(patience.Token);
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0
            || !answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            || !int.TryParse(answer.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new IOException("the answer is not HTTP/1.1");
        }

        return (status, answer[(end + 4)..]);
    }

    /// <summary>
    /// Reads "HOST:PORT", ":PORT", "PORT" or the path of a Unix socket; false when it is none of them.
    /// </summary>
    public static bool TryParseAddress(string text, out EndPoint address)
    {
        address = new IPEndPoint(IPAddress.Loopback, 0);
        if (text.StartsWith('/'))
        {
            address = new UnixDomainSocketEndPoint(text);
            return true;
        }

        string local = text.StartsWith(':') ? "127.0.0.1" + text : text;
        local = local.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + local[9..] : local;
        if (int.TryParse(local, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            local = "127.0.0.1:" + local;
        }

        if (!IPEndPoint.TryParse(local, out IPEndPoint? parsed) || parsed.Port == 0)
        {
            return false;
        }

        address = parsed;
        return true;
    }
}
