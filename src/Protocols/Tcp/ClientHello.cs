using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace FastMesh.Protocols.Tcp;

/// <summary>What a read of a ClientHello came to.</summary>
internal enum ClientHelloStatus : byte
{
    /// <summary>TLS so far; more bytes are needed.</summary>
    NeedMore,

    /// <summary>Complete: server name and protocols are known.</summary>
    Done,

    /// <summary>The first bytes are not a TLS handshake.</summary>
    NotTls,

    /// <summary>TLS, but not a ClientHello that can be served.</summary>
    Malformed,
}

/// <summary>
/// Server name and application protocols of a ClientHello (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1) without doing
/// TLS and without consuming a byte. The message may come in any number of records and pieces.
/// </summary>
/// <remarks>
/// Reusable; <see cref="Clear"/> before the next connection. The handshake bytes are collected in a buffer of this
/// object, every byte once, so that a message in one-byte records costs no more than one in a piece.
/// </remarks>
internal sealed class ClientHello
{
    /// <summary>The longest message that is read, its four bytes of header included.</summary>
    public const int BytesMax = 64 * 1024;

    private const int RecordHeaderBytes = 5;
    private const int HandshakeHeaderBytes = 4;
    private const int RecordBytesMax = 16 * 1024;
    private const int KeptBytesMax = 4 * 1024;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const ushort ServerNameExtension = 0;
    private const ushort AlpnExtension = 16;
    private const int HostNameBytesMax = 255;

    private byte[] _message = [];
    private int _length;
    private int _remainingInRecord;
    private long _offset;
    private ByteRange _serverName;
    private ByteRange _protocols;
    private ClientHelloStatus _status;

    /// <summary>The server name in lower case; empty when there is none.</summary>
    public ReadOnlySpan<byte> ServerName => _message.AsSpan(_serverName.Start, _serverName.Length);

    /// <summary>
    /// The protocol list as sent: each with one byte of length before it; see <see cref="TryReadProtocol"/>.
    /// </summary>
    public ReadOnlySpan<byte> ProtocolList => _message.AsSpan(_protocols.Start, _protocols.Length);

    /// <summary>Takes the first protocol off a list from <see cref="ProtocolList"/>; false when it is empty.</summary>
    public static bool TryReadProtocol(scoped ref ReadOnlySpan<byte> list, out ReadOnlySpan<byte> protocol)
    {
        if (list.IsEmpty)
        {
            protocol = default;
            return false;
        }

        protocol = list.Slice(1, list[0]);
        list = list[(1 + list[0])..];
        return true;
    }

    /// <summary>True when the client offers this protocol.</summary>
    public bool Offers(ReadOnlySpan<byte> protocol)
    {
        ReadOnlySpan<byte> list = ProtocolList;
        while (TryReadProtocol(ref list, out ReadOnlySpan<byte> offered))
        {
            if (offered.SequenceEqual(protocol))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Looks at the bytes of a connection.</summary>
    /// <param name="input">All bytes since the connection began: each call sees at least what the call before
    /// saw.</param>
    public ClientHelloStatus Read(in ReadOnlySequence<byte> input)
    {
        if (_status != ClientHelloStatus.NeedMore)
        {
            return _status;
        }

        ReadOnlySequence<byte> rest = input.Slice(_offset);
        while (_status == ClientHelloStatus.NeedMore && TryTakeFragment(ref rest))
        {
            // Each turn moved some handshake bytes over or decided.
        }

        return _status;
    }

    /// <summary>Forgets the connection.</summary>
    public void Clear()
    {
        _length = 0;
        _offset = 0;
        _remainingInRecord = 0;
        _serverName = default;
        _protocols = default;
        _status = ClientHelloStatus.NeedMore;
        if (_message.Length > KeptBytesMax)
        {
            _message = [];
        }
    }

    private bool TryTakeFragment(ref ReadOnlySequence<byte> rest)
    {
        if (_remainingInRecord == 0 && !TryTakeRecordHeader(ref rest))
        {
            return false;
        }

        int wanted = Wanted();
        int take = (int)Math.Min(Math.Min(rest.Length, _remainingInRecord), wanted - _length);
        if (take == 0)
        {
            return false;
        }

        Reserve(_length + take);
        rest.Slice(0, take).CopyTo(_message.AsSpan(_length));
        rest = rest.Slice(take);
        _length += take;
        _offset += take;
        _remainingInRecord -= take;
        if (_length >= HandshakeHeaderBytes)
        {
            Decide();
        }

        return true;
    }

    // type, two bytes of version, two bytes of length (RFC 8446 §5.1).
    private bool TryTakeRecordHeader(ref ReadOnlySequence<byte> rest)
    {
        Span<byte> header = stackalloc byte[RecordHeaderBytes];
        int available = (int)Math.Min(rest.Length, RecordHeaderBytes);
        rest.Slice(0, available).CopyTo(header);
        bool plausible = (available < 1 || header[0] == HandshakeRecord) && (available < 2 || header[1] == 3);
        if (!plausible)
        {
            _status = _offset == 0 ? ClientHelloStatus.NotTls : ClientHelloStatus.Malformed;
            return false;
        }

        if (available < RecordHeaderBytes)
        {
            return false;
        }

        _remainingInRecord = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
        if (_remainingInRecord is 0 or > RecordBytesMax)
        {
            _status = ClientHelloStatus.Malformed;
            return false;
        }

        rest = rest.Slice(RecordHeaderBytes);
        _offset += RecordHeaderBytes;
        return true;
    }

    private int Wanted() => _length < HandshakeHeaderBytes ? HandshakeHeaderBytes : MessageLength();

    private int MessageLength() =>
        HandshakeHeaderBytes + (_message[1] << 16) + BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(2));

    private void Decide()
    {
        int total = MessageLength();
        if (_message[0] != ClientHelloMessage || total > BytesMax)
        {
            _status = ClientHelloStatus.Malformed;
        }
        else if (_length == total)
        {
            _status = TryParse() ? ClientHelloStatus.Done : ClientHelloStatus.Malformed;
        }
    }

    // legacy_version, random, session id, cipher suites, compression methods, extensions.
    private bool TryParse()
    {
        Cursor message = new(_message, HandshakeHeaderBytes, _length);
        if (!message.TrySkip(34) || !message.TryVector8(out _) || !message.TryVector16(out Cursor suites)
            || suites.Remaining < 2 || !message.TryVector8(out Cursor compressions) || compressions.Remaining == 0)
        {
            return false;
        }

        if (message.Remaining == 0)
        {
            return true;
        }

        if (!message.TryVector16(out Cursor extensions) || message.Remaining != 0)
        {
            return false;
        }

        bool name = false;
        bool protocols = false;
        while (extensions.Remaining != 0)
        {
            if (!extensions.TryUInt16(out ushort type) || !extensions.TryVector16(out Cursor body))
            {
                return false;
            }

            // Each extension at most once (RFC 8446 §4.2): the second could contradict the first.
            if (type == ServerNameExtension && (name || !(name = TryServerName(body))))
            {
                return false;
            }

            if (type == AlpnExtension && (protocols || !(protocols = TryProtocols(body))))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryServerName(Cursor body)
    {
        if (!body.TryVector16(out Cursor list) || body.Remaining != 0 || !list.TryUInt8(out byte type) || type != 0
            || !list.TryVector16(out Cursor host) || list.Remaining != 0)
        {
            return false;
        }

        Span<byte> name = _message.AsSpan(host.Position, host.Remaining);
        if (name.IsEmpty || name.Length > HostNameBytesMax || name.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) >= 0)
        {
            return false;
        }

        Ascii.ToLowerInPlace(name, out _);
        _serverName = new ByteRange(host.Position, host.Remaining);
        return true;
    }

    private bool TryProtocols(Cursor body)
    {
        if (!body.TryVector16(out Cursor list) || body.Remaining != 0 || list.Remaining == 0)
        {
            return false;
        }

        _protocols = new ByteRange(list.Position, list.Remaining);
        while (list.Remaining != 0)
        {
            if (!list.TryVector8(out Cursor protocol) || protocol.Remaining == 0)
            {
                _protocols = default;
                return false;
            }
        }

        return true;
    }

    private void Reserve(int length)
    {
        if (_message.Length < length)
        {
            Array.Resize(ref _message, Math.Max(1024, Math.Max(length, _message.Length * 2)));
        }
    }

    /// <summary>Reads numbers and vectors of TLS, bounds checked.</summary>
    private struct Cursor(byte[] bytes, int position, int end)
    {
        public int Position { get; private set; } = position;

        public readonly int Remaining => end - Position;

        public bool TrySkip(int count)
        {
            Debug.Assert(count >= 0, "a cursor only goes forward");
            bool fits = count <= Remaining;
            Position += fits ? count : 0;
            return fits;
        }

        public bool TryUInt8(out byte value)
        {
            value = Remaining >= 1 ? bytes[Position] : (byte)0;
            return TrySkip(1);
        }

        public bool TryUInt16(out ushort value)
        {
            value = Remaining >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(Position)) : (ushort)0;
            return TrySkip(2);
        }

        public bool TryVector8(out Cursor vector)
        {
            bool read = TryUInt8(out byte length);
            vector = new Cursor(bytes, Position, Position + (length <= Remaining ? length : 0));
            return read && TrySkip(length);
        }

        public bool TryVector16(out Cursor vector)
        {
            bool read = TryUInt16(out ushort length);
            vector = new Cursor(bytes, Position, Position + (length <= Remaining ? length : 0));
            return read && TrySkip(length);
        }
    }
}
