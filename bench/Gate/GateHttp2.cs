using System;
using System.Buffers.Binary;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace FastMesh.Bench.Gate;

/// <summary>
/// One HTTP/2 connection with one stream at a time, by hand: literal fields, frames of fixed bytes, and the last frame
/// of a stream as the end of an answer. It allocates, but on its own thread.
/// </summary>
internal sealed class GateHttp2
{
    private const int FrameHeaderBytes = 9;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    private readonly Socket _socket;
    private readonly byte[] _buffer;
    private int _start;
    private int _end;
    private uint _stream = 1;

    public GateHttp2(Socket socket, byte[] buffer)
    {
        _socket = socket;
        _buffer = buffer;
        byte[] window = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(window, int.MaxValue - 65535);
        Send([
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, []), .. Frame(WindowUpdate, 0, 0, window),
        ]);
    }

    /// <summary>The fields of a GET, or of a POST with so many bytes, as a block of literals.</summary>
    public static byte[] Block(int postBytes) =>
    [
        .. Literal(":method", postBytes > 0 ? "POST" : "GET"), .. Literal(":scheme", "http"),
        .. Literal(":path", "/app/thing?x=1"), .. Literal(":authority", "gate.test"),
        .. Literal("user-agent", "gate/1"), .. Literal("accept", "*/*"),
    ];

    /// <summary>Sends a block and a body of so many bytes, and reads to the end of the answer.</summary>
    public void Ask(byte[] block, int postBytes)
    {
        byte[] head = Frame(
            Headers, (byte)(EndHeaders | (postBytes == 0 ? EndStream : 0)), _stream, block);
        Send(postBytes == 0 ? head : [.. head, .. Frame(Data, EndStream, _stream, new byte[postBytes])]);
        while (!ReadFrame())
        {
        }

        _stream += 2;
    }

    private bool ReadFrame()
    {
        Fill(FrameHeaderBytes);
        ReadOnlySpan<byte> header = _buffer.AsSpan(_start, FrameHeaderBytes);
        int length = (header[0] << 16) | (header[1] << 8) | header[2];
        byte type = header[3];
        bool ends = type is Data or Headers && (header[4] & EndStream) != 0;
        _start += FrameHeaderBytes;
        Fill(length);
        if (type is GoAway or 3)
        {
            throw new IOException("the engine ended the stream or the connection");
        }

        if (type == Headers && _buffer[_start] != 0x88)
        {
            throw new IOException("not :status 200");
        }

        _start += length;
        return ends;
    }

    private void Fill(int bytes)
    {
        if (_end == _start)
        {
            _start = 0;
            _end = 0;
        }
        else if (_start + bytes > _buffer.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        while (_end - _start < bytes)
        {
            int count = _socket.Receive(_buffer.AsSpan(_end));
            _end += count;
            if (count == 0)
            {
                throw new IOException("the engine closed the connection");
            }
        }
    }

    private void Send(byte[] bytes) => _socket.Send(bytes);

    private static byte[] Frame(byte type, byte flags, uint stream, byte[] payload)
    {
        byte[] frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, ((uint)payload.Length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, FrameHeaderBytes);
        return frame;
    }

    // RFC 7541 §6.2.2: a literal that is not indexed, with a new name; both shorter than 127 bytes.
    private static byte[] Literal(string name, string value) =>
    [
        0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value),
    ];
}
