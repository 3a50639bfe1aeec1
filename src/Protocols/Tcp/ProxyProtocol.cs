using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;

namespace FastMesh.Protocols.Tcp;

/// <summary>What a read of a PROXY protocol header came to.</summary>
internal enum ProxyProtocolStatus : byte
{
    /// <summary>Could still be a header; more bytes decide.</summary>
    NeedMore,

    /// <summary>A header was read.</summary>
    Done,

    /// <summary>The first bytes are no header; nothing is consumed.</summary>
    Absent,

    /// <summary>A header, but a malformed one.</summary>
    Error,
}

/// <summary>The PROXY protocol, versions 1 and 2, as its specification (haproxy.org, 2020-03-05) has it.</summary>
internal static class ProxyProtocol
{
    /// <summary>The longest version 1 header, CRLF included (§2.1).</summary>
    public const int Version1BytesMax = 107;

    /// <summary>Bytes of a version 2 header without addresses.</summary>
    public const int Version2FixedBytes = 16;

    /// <summary>TLV: checksum over the whole header (§2.2.3).</summary>
    public const byte Crc32CType = 0x03;

    private const int IPv4Bytes = 12;
    private const int IPv6Bytes = 36;
    private const int UnixBytes = 216;
    private const int CrcTlvBytes = 7;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Version1Prefix => "PROXY "u8;

    /// <summary>Reads a header of either version from the first bytes of a connection.</summary>
    /// <param name="input">All bytes since the connection began.</param>
    /// <param name="header">Filled in when done.</param>
    /// <param name="consumed">Bytes of the header when done, else 0.</param>
    /// <param name="error">What is wrong, on error.</param>
    public static ProxyProtocolStatus Read(in ReadOnlySequence<byte> input, ProxyHeader header, out long consumed,
        out ProtocolError error)
    {
        header.Clear();
        consumed = 0;
        error = default;
        Span<byte> start = stackalloc byte[Version1BytesMax];
        int length = (int)Math.Min(input.Length, start.Length);
        input.Slice(0, length).CopyTo(start);
        start = start[..length];
        ProxyProtocolStatus status;
        if (StartsLike(start, Signature))
        {
            status = start.Length < Version2FixedBytes
                ? ProxyProtocolStatus.NeedMore
                : ReadVersion2(input, start, header, out consumed);
        }
        else if (StartsLike(start, Version1Prefix))
        {
            status = ReadVersion1(start, header, out consumed);
        }
        else
        {
            status = ProxyProtocolStatus.Absent;
        }

        if (status == ProxyProtocolStatus.Error)
        {
            error = ProtocolErrorCode.MalformedProxyHeader;
        }

        return status;
    }

    /// <summary>Writes a version 1 header; addresses of different or other kinds become UNKNOWN.</summary>
    /// <param name="destination">At least <see cref="Version1BytesMax"/> bytes.</param>
    /// <param name="source">Who connected.</param>
    /// <param name="target">Where to.</param>
    public static int WriteVersion1(Span<byte> destination, in NetAddress source, in NetAddress target)
    {
        if (source.Kind != target.Kind || source.BitLength == 0)
        {
            "PROXY UNKNOWN\r\n"u8.CopyTo(destination);
            return 15;
        }

        ReadOnlySpan<byte> prefix = source.Kind == NetAddressKind.IPv4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8;
        prefix.CopyTo(destination);
        int at = prefix.Length;
        source.TryFormat(destination[at..], out int written, withPort: false);
        at += written;
        destination[at++] = (byte)' ';
        target.TryFormat(destination[at..], out written, withPort: false);
        at += written;
        destination[at++] = (byte)' ';
        Utf8Formatter.TryFormat(source.Port, destination[at..], out written);
        at += written;
        destination[at++] = (byte)' ';
        Utf8Formatter.TryFormat(target.Port, destination[at..], out written);
        at += written;
        "\r\n"u8.CopyTo(destination[at..]);
        return at + 2;
    }

    /// <summary>An upper bound of what <see cref="WriteVersion2"/> writes.</summary>
    public static int MeasureVersion2(int tlvBytes) => Version2FixedBytes + IPv6Bytes + tlvBytes + CrcTlvBytes;

    /// <summary>
    /// Writes a version 2 header; LOCAL when there are no IP addresses. Mixed kinds are written as IPv6.
    /// </summary>
    /// <param name="destination">At least <see cref="MeasureVersion2"/> bytes.</param>
    /// <param name="source">Who connected.</param>
    /// <param name="target">Where to.</param>
    /// <param name="tlvs">Finished records to pass on, at most 65,000 bytes.</param>
    /// <param name="checksum">Whether a CRC32c record is added.</param>
    public static int WriteVersion2(Span<byte> destination, in NetAddress source, in NetAddress target,
        ReadOnlySpan<byte> tlvs, bool checksum)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tlvs.Length, 65_000);
        Signature.CopyTo(destination);
        bool local = source.BitLength == 0 || target.BitLength == 0;
        bool wide = source.Kind == NetAddressKind.IPv6 || target.Kind == NetAddressKind.IPv6;
        destination[12] = local ? (byte)0x20 : (byte)0x21;
        destination[13] = local ? (byte)0x00 : wide ? (byte)0x21 : (byte)0x11;
        int at = Version2FixedBytes;
        if (!local)
        {
            at += WriteAddress(destination[at..], source, wide);
            at += WriteAddress(destination[at..], target, wide);
            BinaryPrimitives.WriteUInt16BigEndian(destination[at..], source.Port);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 2)..], target.Port);
            at += 4;
        }

        tlvs.CopyTo(destination[at..]);
        at += tlvs.Length;
        int crc = at + 3;
        if (checksum)
        {
            destination[at] = Crc32CType;
            BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 1)..], 4);
            destination.Slice(crc, 4).Clear();
            at += CrcTlvBytes;
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)(at - Version2FixedBytes));
        if (checksum)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[crc..], Crc32C(destination[..at], at));
        }

        return at;
    }

    private static bool StartsLike(ReadOnlySpan<byte> input, ReadOnlySpan<byte> prefix)
    {
        int common = Math.Min(input.Length, prefix.Length);
        return input[..common].SequenceEqual(prefix[..common]);
    }

    private static ProxyProtocolStatus ReadVersion1(ReadOnlySpan<byte> start, ProxyHeader header, out long consumed)
    {
        consumed = 0;
        int end = start.IndexOf((byte)'\r');
        if (end < 0 || end + 1 == start.Length)
        {
            return start.Length < Version1BytesMax ? ProxyProtocolStatus.NeedMore : ProxyProtocolStatus.Error;
        }

        if (start[end + 1] != '\n')
        {
            return ProxyProtocolStatus.Error;
        }

        header.Version = 1;
        consumed = end + 2;
        ReadOnlySpan<byte> line = start[Version1Prefix.Length..end];
        if (line.StartsWith("UNKNOWN"u8) && (line.Length == 7 || line[7] == ' '))
        {
            header.IsLocal = true;
            return ProxyProtocolStatus.Done;
        }

        bool known = line.StartsWith("TCP4 "u8) || line.StartsWith("TCP6 "u8);
        if (known && TryReadAddresses(line[5..], line[3] == '4' ? NetAddressKind.IPv4 : NetAddressKind.IPv6, header))
        {
            return ProxyProtocolStatus.Done;
        }

        consumed = 0;
        return ProxyProtocolStatus.Error;
    }

    private static bool TryReadAddresses(ReadOnlySpan<byte> text, NetAddressKind kind, ProxyHeader header)
    {
        if (!TryTakeWord(ref text, out ReadOnlySpan<byte> source)
            || !TryTakeWord(ref text, out ReadOnlySpan<byte> target)
            || !TryTakeWord(ref text, out ReadOnlySpan<byte> sourcePort)
            || !TryParsePort(sourcePort, out ushort from) || !TryParsePort(text, out ushort to)
            || !TryParseAddress(source, kind, out NetAddress sourceAddress)
            || !TryParseAddress(target, kind, out NetAddress targetAddress))
        {
            return false;
        }

        header.Source = sourceAddress.WithPort(from);
        header.Destination = targetAddress.WithPort(to);
        return true;
    }

    // TCP6 with an IPv4-mapped address folds to IPv4, so the spelling is judged and not the kind it came to.
    private static bool TryParseAddress(ReadOnlySpan<byte> text, NetAddressKind kind, out NetAddress address)
    {
        address = default;
        bool colon = text.Contains((byte)':');
        return colon == (kind == NetAddressKind.IPv6) && text.IndexOfAny("[]%"u8) < 0
            && NetAddress.TryParse(text, out address);
    }

    private static bool TryTakeWord(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> word)
    {
        int space = text.IndexOf((byte)' ');
        word = space > 0 ? text[..space] : default;
        text = space > 0 ? text[(space + 1)..] : default;
        return space > 0;
    }

    private static bool TryParsePort(ReadOnlySpan<byte> text, out ushort port)
    {
        bool plain = text.Length is > 0 and <= 5 && (text[0] != '0' || text.Length == 1)
            && text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
        port = 0;
        return plain && Utf8Parser.TryParse(text, out port, out int used) && used == text.Length;
    }

    private static ProxyProtocolStatus ReadVersion2(in ReadOnlySequence<byte> input, ReadOnlySpan<byte> start,
        ProxyHeader header, out long consumed)
    {
        consumed = 0;
        int command = start[12];
        int length = BinaryPrimitives.ReadUInt16BigEndian(start[14..]);
        if (command is not (0x20 or 0x21))
        {
            return ProxyProtocolStatus.Error;
        }

        int total = Version2FixedBytes + length;
        if (input.Length < total)
        {
            return ProxyProtocolStatus.NeedMore;
        }

        // The usual header lies in the stack copy whole; only one with many TLVs is copied out.
        ReadOnlySpan<byte> whole = total <= start.Length ? start[..total] : input.Slice(0, total).ToArray();
        header.Version = 2;
        header.IsLocal = command == 0x20 || start[13] == 0;
        int addresses = AddressBytes(start[13]);
        if (addresses < 0)
        {
            return ProxyProtocolStatus.Error;
        }

        if (header.IsLocal)
        {
            // A LOCAL sender may leave the addresses out, whatever family it names.
            addresses = Math.Min(addresses, length);
        }

        if (addresses > length)
        {
            return ProxyProtocolStatus.Error;
        }

        ReadOnlySpan<byte> block = whole.Slice(Version2FixedBytes, addresses);
        ReadOnlySpan<byte> tlvs = whole[(Version2FixedBytes + addresses)..];
        if (!header.IsLocal)
        {
            ReadAddresses(block, header);
        }

        if (!TlvsAreSound(whole, tlvs))
        {
            return ProxyProtocolStatus.Error;
        }

        header.SetTlvs(tlvs);
        consumed = total;
        return ProxyProtocolStatus.Done;
    }

    // Family in the upper, transport in the lower half. Datagrams cannot come over a stream: refused.
    private static int AddressBytes(byte family) => family switch
    {
        0x00 => 0,
        0x11 => IPv4Bytes,
        0x21 => IPv6Bytes,
        0x31 => UnixBytes,
        _ => -1,
    };

    private static void ReadAddresses(ReadOnlySpan<byte> block, ProxyHeader header)
    {
        if (block.Length == UnixBytes)
        {
            header.Source = NetAddress.Unix;
            header.Destination = NetAddress.Unix;
            return;
        }

        int size = block.Length == IPv4Bytes ? 4 : 16;
        ushort from = BinaryPrimitives.ReadUInt16BigEndian(block[(2 * size)..]);
        ushort to = BinaryPrimitives.ReadUInt16BigEndian(block[((2 * size) + 2)..]);
        header.Source = NetAddress.FromBytes(block[..size], from);
        header.Destination = NetAddress.FromBytes(block.Slice(size, size), to);
    }

    private static bool TlvsAreSound(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> tlvs)
    {
        ReadOnlySpan<byte> rest = tlvs;
        while (ProxyHeader.TryReadTlv(ref rest, out byte type, out ReadOnlySpan<byte> value))
        {
            if (type != Crc32CType)
            {
                continue;
            }

            int position = whole.Length - rest.Length - 4;
            if (value.Length != 4 || BinaryPrimitives.ReadUInt32BigEndian(value) != Crc32C(whole, position))
            {
                return false;
            }
        }

        return rest.IsEmpty;
    }

    // RFC 4960 appendix B, with the four bytes of the checksum itself taken as zero.
    private static uint Crc32C(ReadOnlySpan<byte> bytes, int zeroedAt)
    {
        uint crc = uint.MaxValue;
        for (int i = 0; i < bytes.Length; i++)
        {
            bool zeroed = i >= zeroedAt && i < zeroedAt + 4;
            crc = BitOperations.Crc32C(crc, zeroed ? (byte)0 : bytes[i]);
        }

        return ~crc;
    }

    private static int WriteAddress(Span<byte> destination, in NetAddress address, bool wide)
    {
        if (!wide || address.Kind == NetAddressKind.IPv6)
        {
            return address.WriteBytes(destination);
        }

        destination[..10].Clear();
        destination[10] = 0xFF;
        destination[11] = 0xFF;
        address.WriteBytes(destination[12..]);
        return 16;
    }
}
