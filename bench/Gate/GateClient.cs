using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace FastMesh.Bench.Gate;

/// <summary>One keep-alive connection that sends a request, reads its answer, and so on.</summary>
internal sealed class GateClient : IDisposable
{
    private const int TimeoutMs = 10_000;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer;
    private readonly Stream _stream;
    private GateHttp2? _http2;

    /// <param name="port">Where the engine listens.</param>
    /// <param name="bufferBytes">Room for the longest answer.</param>
    /// <param name="speaksTls">Over TLS; HTTP/1 only.</param>
    public GateClient(int port, int bufferBytes = 512 * 1024, bool speaksTls = false)
    {
        _buffer = new byte[bufferBytes];
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = TimeoutMs;
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket, ownsSocket: true);
        if (speaksTls)
        {
#pragma warning disable CA5359 // The certificate was made for this run.
            SslStream tls = new(_stream, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
#pragma warning restore CA5359
            tls.AuthenticateAsClient("gate.test");
            _stream = tls;
        }
    }

    public void Ask(GateCase gateCase, int times)
    {
        if (gateCase.IsHttp2)
        {
            _http2 ??= new GateHttp2(_socket, _buffer);
            for (int i = 0; i < times; i++)
            {
                _http2.Ask(gateCase.Request, gateCase.PostBytes);
            }

            return;
        }

        for (int i = 0; i < times; i++)
        {
            _stream.Write(gateCase.Request);
            int length = 0;
            while (!_buffer.AsSpan(0, length).EndsWith(gateCase.Tail))
            {
                int count = _stream.Read(_buffer.AsSpan(length));
                length += count;
                if (count == 0)
                {
                    throw new IOException("the engine closed the connection");
                }
            }

            if (!_buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
            {
                string head = System.Text.Encoding.ASCII.GetString(_buffer, 0, Math.Min(length, 200));
                throw new IOException("not the answer expected: " + head);
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
