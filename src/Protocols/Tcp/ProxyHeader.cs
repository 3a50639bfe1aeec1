using System;
using System.Buffers.Binary;

namespace FastMesh.Protocols.Tcp;

/// <summary>What a PROXY protocol header said. Reusable: each read overwrites it.</summary>
internal sealed class ProxyHeader
{
    private byte[] _tlvs = [];
    private int _tlvLength;

    /// <summary>1 or 2; 0 before a read.</summary>
    public int Version { get; internal set; }

    /// <summary>True when the sender speaks for itself (LOCAL, UNKNOWN): the connection's own addresses hold.</summary>
    public bool IsLocal { get; internal set; }

    /// <summary>Who connected to the sender; none when local.</summary>
    public NetAddress Source { get; internal set; }

    /// <summary>Where to; none when local.</summary>
    public NetAddress Destination { get; internal set; }

    /// <summary>The type-length-value records as sent; see <see cref="TryReadTlv"/>.</summary>
    public ReadOnlySpan<byte> Tlvs => _tlvs.AsSpan(0, _tlvLength);

    /// <summary>Takes the first record off a list from <see cref="Tlvs"/>; false when none is left.</summary>
    public static bool TryReadTlv(scoped ref ReadOnlySpan<byte> list, out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (list.Length < 3)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(list[1..]);
        if (list.Length < 3 + length)
        {
            return false;
        }

        type = list[0];
        value = list.Slice(3, length);
        list = list[(3 + length)..];
        return true;
    }

    /// <summary>The value of the first record of a type.</summary>
    public bool TryGetTlv(byte type, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> list = Tlvs;
        while (TryReadTlv(ref list, out byte found, out value))
        {
            if (found == type)
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Makes the header ready for another read.</summary>
    public void Clear()
    {
        Version = 0;
        IsLocal = false;
        Source = default;
        Destination = default;
        _tlvLength = 0;
    }

    internal void SetTlvs(ReadOnlySpan<byte> tlvs)
    {
        if (_tlvs.Length < tlvs.Length)
        {
            _tlvs = new byte[tlvs.Length];
        }

        tlvs.CopyTo(_tlvs);
        _tlvLength = tlvs.Length;
    }
}
