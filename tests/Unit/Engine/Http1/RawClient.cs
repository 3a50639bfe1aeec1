using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>A client on a plain socket: bytes out in the pieces that a row wants, bytes in as they are.</summary>
internal sealed class RawClient : IDisposable
{
    /// <summary>Stands behind what came when the proxy reset the connection instead of ending it.</summary>
    public const string Reset = "(reset)";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>What differs from run to run.</summary>
    private static readonly Regex s_volatile = new(
        "(?<=\r\n)(date|x-envoy-upstream-service-time): [^\r]*\r\n", RegexOptions.ExplicitCapture);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var client = new RawClient();
        using CancellationTokenSource limit = new(s_patience);
        await client._socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        return client;
    }

    /// <summary>Sends, and waits at each mark until the proxy has read what came before.</summary>
    public async Task SendAsync(string text, Func<Task> between)
    {
        string[] pieces = text.Split(Pieces.Mark);
        for (int i = 0; i < pieces.Length; i++)
        {
            if (i > 0)
            {
                await between();
            }

            if (!await TrySendAsync(Encoding.Latin1.GetBytes(pieces[i])))
            {
                return;
            }
        }
    }

    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>All that comes until the proxy ends the connection, without what differs from run to run.</summary>
    public Task<string> ReadToEndAsync() => ReadAsync(static _ => false);

    /// <summary>As much as is expected, or what comes until the end.</summary>
    public Task<string> ReadAsync(string expected) =>
        ReadAsync(text => ChunkedText.Join(text).Length >= expected.Length);

    private async Task<string> ReadAsync(Func<string, bool> isEnough)
    {
        using CancellationTokenSource limit = new(s_patience);
        StringBuilder all = new();
        byte[] bytes = new byte[65536];
        try
        {
            while (await _socket.ReceiveAsync(bytes, limit.Token) is var count && count > 0)
            {
                all.Append(Encoding.Latin1.GetString(bytes, 0, count));
                if (isEnough(s_volatile.Replace(all.ToString(), "")))
                {
                    break;
                }
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            all.Append(Reset);
        }
        catch (OperationCanceledException)
        {
            all.Append("(the connection stays open)");
        }

        return s_volatile.Replace(all.ToString(), "");
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>False when the proxy has ended the connection meanwhile, as it may.</summary>
    private async Task<bool> TrySendAsync(byte[] bytes)
    {
        using CancellationTokenSource limit = new(s_patience);
        try
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                sent += await _socket.SendAsync(bytes.AsMemory(sent), limit.Token);
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
