using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace FastMesh.Bench.Gate;

/// <summary>Reads whole requests and answers with the same bytes; one thread for each connection.</summary>
internal sealed class GateOrigin : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private volatile byte[] _answer = [];

    public GateOrigin()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>What it answers from now on.</summary>
    public void AnswerWith(byte[] answer) => _answer = answer;

    public void Dispose() => _listener.Dispose();

    private void Accept()
    {
        try
        {
            while (true)
            {
                var connection = _listener.Accept();
                connection.NoDelay = true;
                new Thread(() => Serve(connection)) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed: the run is over.
        }
    }

    private void Serve(Socket connection)
    {
        byte[] buffer = new byte[64 * 1024];
        int length = 0;
        try
        {
            while (connection.Receive(buffer.AsSpan(length)) is var count and > 0)
            {
                length += count;
                if (IsWhole(buffer.AsSpan(0, length)))
                {
                    length = 0;
                    connection.Send(_answer);
                }
            }
        }
        catch (SocketException)
        {
            // The engine closed it.
        }

        connection.Dispose();
    }

    /// <summary>Good for what the gate sends: one request at a time, no trailers.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> request)
    {
        int head = request.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var fields = request[..head];
        int counted = fields.IndexOf("Content-Length: "u8);
        if (counted >= 0)
        {
            var number = fields[(counted + 16)..];
            int end = number.IndexOf((byte)'\r');
            int length = int.Parse(end < 0 ? number : number[..end], System.Globalization.CultureInfo.InvariantCulture);
            return request.Length - head - 4 >= length;
        }

        return fields.IndexOf("chunked"u8) < 0 || request.EndsWith("\r\n0\r\n\r\n"u8);
    }
}
