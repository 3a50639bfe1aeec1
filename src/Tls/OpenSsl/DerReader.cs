using System;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// Walks elements of DER (X.690): single-byte tags and definite lengths, which is all that certificates have. Returns
/// false for anything else and never throws.
/// </summary>
internal ref struct DerReader(ReadOnlySpan<byte> bytes)
{
    public const byte Boolean = 0x01;
    public const byte Integer = 0x02;
    public const byte BitString = 0x03;
    public const byte OctetString = 0x04;
    public const byte ObjectIdentifier = 0x06;
    public const byte UtcTime = 0x17;
    public const byte GeneralizedTime = 0x18;
    public const byte Sequence = 0x30;
    public const byte Set = 0x31;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>True when all elements were read.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>The tag of the next element; 0 at the end.</summary>
    public readonly byte NextTag => _rest.IsEmpty ? (byte)0 : _rest[0];

    /// <summary>Reads the next element whatever its tag.</summary>
    public bool TryRead(out byte tag, out ReadOnlySpan<byte> content) => TryRead(out tag, out content, out _);

    /// <summary>Reads the next element if it has the tag.</summary>
    public bool TryRead(byte tag, out ReadOnlySpan<byte> content)
    {
        content = default;
        return NextTag == tag && TryRead(out _, out content, out _);
    }

    /// <summary>Reads the next element; <paramref name="whole"/> has its tag and length too.</summary>
    public bool TryRead(out byte tag, out ReadOnlySpan<byte> content, out ReadOnlySpan<byte> whole)
    {
        tag = 0;
        content = whole = default;
        if (_rest.Length < 2 || (_rest[0] & 0x1F) == 0x1F)
        {
            return false;
        }

        int start = 2;
        int length = _rest[1];
        if (length > 0x80)
        {
            int octets = length & 0x7F;
            if (octets > 3 || _rest.Length < 2 + octets)
            {
                return false;
            }

            length = 0;
            for (int i = 0; i < octets; i++)
            {
                length = (length << 8) | _rest[2 + i];
            }

            // X.690 §10.1: the shortest form.
            if (length < 0x80 || (octets > 1 && length < 1 << (8 * (octets - 1))))
            {
                return false;
            }

            start += octets;
        }
        else if (length == 0x80)
        {
            return false;
        }

        if (_rest.Length - start < length)
        {
            return false;
        }

        tag = _rest[0];
        content = _rest.Slice(start, length);
        whole = _rest[..(start + length)];
        _rest = _rest[(start + length)..];
        return true;
    }
}
