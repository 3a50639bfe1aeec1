using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace FastMesh.Protocols;

/// <summary>What kind of address a <see cref="NetAddress"/> holds.</summary>
public enum NetAddressKind : byte
{
    /// <summary>No address.</summary>
    None,

    /// <summary>IPv4, four bytes.</summary>
    IPv4,

    /// <summary>IPv6, sixteen bytes.</summary>
    IPv6,

    /// <summary>A Unix domain socket; the path is kept elsewhere.</summary>
    Unix,
}

/// <summary>
/// An address and port as a value: compared, hashed, formatted and matched without allocating. An IPv4-mapped IPv6
/// address (RFC 4291 §2.5.5.2) is folded to IPv4, so that one peer has one spelling in matches and logs.
/// </summary>
public readonly struct NetAddress : IEquatable<NetAddress>
{
    /// <summary>The longest text of <see cref="TryFormat"/>: brackets, 39 digits and colons, colon, port.</summary>
    public const int FormattedLengthMax = 47;

    // The address in network order read as two big-endian numbers; IPv4 sits in the upper half of _high.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;

    private NetAddress(NetAddressKind kind, ulong high, ulong low, ushort port, uint scope)
    {
        Kind = kind;
        _high = high;
        _low = low;
        Port = port;
        _scope = scope;
    }

    /// <summary>An unnamed Unix domain socket address.</summary>
    public static NetAddress Unix => new(NetAddressKind.Unix, 0, 0, 0, 0);

    /// <summary>What kind of address this is.</summary>
    public NetAddressKind Kind { get; }

    /// <summary>The port in host order; 0 when none.</summary>
    public ushort Port { get; }

    /// <summary>The scope of a link-local IPv6 address, else 0.</summary>
    public uint ScopeId => _scope;

    /// <summary>True unless <see cref="Kind"/> is none.</summary>
    public bool HasValue => Kind != NetAddressKind.None;

    /// <summary>Bits of the address: 32, 128, or 0 when it is not an IP address.</summary>
    public int BitLength => Kind == NetAddressKind.IPv4 ? 32 : Kind == NetAddressKind.IPv6 ? 128 : 0;

    /// <summary>127.0.0.0/8, ::1 or a Unix domain socket.</summary>
    public bool IsLoopback => Kind switch
    {
        NetAddressKind.IPv4 => _high >> 56 == 127,
        NetAddressKind.IPv6 => _high == 0 && _low == 1,
        NetAddressKind.Unix => true,
        _ => false,
    };

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsAny => Kind is NetAddressKind.IPv4 or NetAddressKind.IPv6 && _high == 0 && _low == 0;

    /// <summary>RFC 1918, RFC 4193, link-local and loopback addresses: Envoy's "internal" ranges.</summary>
    public bool IsPrivate => Kind switch
    {
        NetAddressKind.IPv4 => _high >> 56 is 10 or 127 || _high >> 52 == 0xAC1 || _high >> 48 is 0xC0A8 or 0xA9FE,
        NetAddressKind.IPv6 => _high >> 57 == 0x7E || IsLoopback,
        NetAddressKind.Unix => true,
        _ => false,
    };

    /// <summary>The IPv4 address as a host-order number; 0 for others.</summary>
    public uint IPv4Value => Kind == NetAddressKind.IPv4 ? (uint)(_high >> 32) : 0;

    /// <summary>An IPv4 address from its host-order number.</summary>
    public static NetAddress FromIPv4(uint hostOrder, ushort port) =>
        new(NetAddressKind.IPv4, (ulong)hostOrder << 32, 0, port, 0);

    /// <summary>An address from 4 or 16 bytes in network order; none for any other length.</summary>
    public static NetAddress FromBytes(ReadOnlySpan<byte> address, ushort port, uint scope = 0)
    {
        if (address.Length == 4)
        {
            return FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(address), port);
        }

        if (address.Length != 16)
        {
            return default;
        }

        ulong high = BinaryPrimitives.ReadUInt64BigEndian(address);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(address[8..]);
        return high == 0 && low >> 32 == 0xFFFF
            ? FromIPv4((uint)low, port)
            : new NetAddress(NetAddressKind.IPv6, high, low, port, scope);
    }

    /// <summary>The value of an endpoint of the class library.</summary>
    public static NetAddress From(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return From(endPoint.Address, (ushort)endPoint.Port);
    }

    /// <summary>The value of an address of the class library.</summary>
    public static NetAddress From(IPAddress address, ushort port = 0)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        bool fits = address.TryWriteBytes(bytes, out int written);
        uint scope = fits && written == 16 ? (uint)address.ScopeId : 0;
        return FromBytes(bytes[..written], port, scope);
    }

    /// <summary>Reads "1.2.3.4", "1.2.3.4:80", "::1" or "[::1]:80". Names are not resolved.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out NetAddress address)
    {
        address = default;
        ReadOnlySpan<char> host = text;
        ushort port = 0;
        int colon = text.LastIndexOf(':');
        bool bracketed = text.Length > 0 && text[0] == '[';
        if (bracketed)
        {
            int close = text.IndexOf(']');
            if (close < 0 || (close + 1 != text.Length && close + 1 != colon))
            {
                return false;
            }

            host = text[1..close];
            colon = close + 1 == text.Length ? -1 : colon;
        }
        else if (colon >= 0 && text.IndexOf(':') == colon)
        {
            host = text[..colon];
        }
        else
        {
            colon = -1;
        }

        if (colon >= 0 && !TryParsePort(text[(colon + 1)..], out port))
        {
            return false;
        }

        if (!LooksLikeAddress(host, bracketed) || !IPAddress.TryParse(host, out IPAddress? parsed))
        {
            return false;
        }

        address = From(parsed, port);
        return true;
    }

    /// <summary>As <see cref="TryParse(ReadOnlySpan{char}, out NetAddress)"/>, from UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out NetAddress address)
    {
        Span<char> text = stackalloc char[64];
        address = default;
        if (utf8.Length > text.Length
            || Ascii.ToUtf16(utf8, text, out int written) != OperationStatus.Done)
        {
            return false;
        }

        return TryParse(text[..written], out address);
    }

    /// <summary>The endpoint of the class library; null unless this is an IP address.</summary>
    public IPEndPoint? ToIPEndPoint()
    {
        IPAddress? address = ToIPAddress();
        return address is null ? null : new IPEndPoint(address, Port);
    }

    /// <summary>The address of the class library; null unless this is an IP address.</summary>
    public IPAddress? ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        int length = WriteBytes(bytes);
        return length switch
        {
            4 => new IPAddress(bytes[..4]),
            16 => new IPAddress(bytes, _scope),
            _ => null,
        };
    }

    /// <summary>Writes the address in network order and returns 4, 16 or 0 bytes.</summary>
    /// <param name="destination">At least 16 bytes.</param>
    public int WriteBytes(Span<byte> destination)
    {
        if (BitLength == 0)
        {
            return 0;
        }

        if (Kind == NetAddressKind.IPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(_high >> 32));
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        return 16;
    }

    /// <summary>The same address with another port.</summary>
    public NetAddress WithPort(ushort port) => new(Kind, _high, _low, port, _scope);

    /// <summary>True when both are the same IP address, whatever the port.</summary>
    public bool SameAddress(in NetAddress other) => Kind == other.Kind && _high == other._high && _low == other._low;

    /// <summary>True when the first <paramref name="prefixLength"/> bits equal those of the network.</summary>
    public bool IsIn(in NetAddress network, int prefixLength)
    {
        if (Kind != network.Kind || BitLength == 0)
        {
            return false;
        }

        int bits = Math.Clamp(prefixLength, 0, BitLength);
        ulong highMask = bits == 0 ? 0 : ulong.MaxValue << (64 - Math.Min(bits, 64));
        ulong lowMask = bits <= 64 ? 0 : ulong.MaxValue << (128 - bits);
        return ((_high ^ network._high) & highMask) == 0 && ((_low ^ network._low) & lowMask) == 0;
    }

    /// <summary>
    /// Writes "1.2.3.4:80", "[::1]:80", or without port "1.2.3.4", "::1"; "unix" and "-" for the rest.
    /// </summary>
    /// <param name="utf8">Where to write; <see cref="FormattedLengthMax"/> bytes always suffice.</param>
    /// <param name="written">Bytes written.</param>
    /// <param name="withPort">Whether the port is written (and IPv6 put in brackets).</param>
    /// <returns>False when the destination is too short.</returns>
    public bool TryFormat(Span<byte> utf8, out int written, bool withPort = true) =>
        NetAddressText.TryFormat(this, utf8, out written, withPort);

    /// <inheritdoc/>
    public bool Equals(NetAddress other) => SameAddress(other) && Port == other.Port && _scope == other._scope;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NetAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        ulong mixed = (_high ^ (_low * 0x9E3779B97F4A7C15)) + ((ulong)Port << 8) + (byte)Kind;
        return (int)((mixed * 0xD6E8FEB86659FD93) >> 32);
    }

    /// <summary>A mix of the address bits without the port, for hashing by source address.</summary>
    public ulong AddressHash()
    {
        ulong mixed = (_high ^ (_low * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
        return mixed ^ (mixed >> 32);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[FormattedLengthMax];
        TryFormat(text, out int written, Port != 0);
        return Encoding.ASCII.GetString(text[..written]);
    }

    /// <summary>Equality of address, port and scope.</summary>
    public static bool operator ==(NetAddress left, NetAddress right) => left.Equals(right);

    /// <summary>Inequality of address, port and scope.</summary>
    public static bool operator !=(NetAddress left, NetAddress right) => !left.Equals(right);

    // The class library also reads "1", "0x7f.1" and "010.0.0.1"; a configuration that means something else by them
    // would be a trap, so IPv4 has exactly three dots, digits only, and no leading zeros.
    private static bool LooksLikeAddress(ReadOnlySpan<char> host, bool bracketed)
    {
        if (host.Contains(':'))
        {
            return true;
        }

        int dots = 0;
        int digits = 0;
        foreach (char c in host)
        {
            if (c == '.')
            {
                dots++;
                digits = 0;
                continue;
            }

            digits++;
            if (!char.IsAsciiDigit(c) || digits > 3)
            {
                return false;
            }
        }

        return dots == 3 && !bracketed && !host.StartsWith("00") && !HasLeadingZero(host);
    }

    private static bool HasLeadingZero(ReadOnlySpan<char> host)
    {
        for (int i = 0; i + 1 < host.Length; i++)
        {
            if (host[i] == '0' && (i == 0 || host[i - 1] == '.') && host[i + 1] != '.')
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out ushort port) =>
        ushort.TryParse(text, System.Globalization.NumberStyles.None, null, out port);
}
