using System;

namespace FastMesh.Protocols;

/// <summary>How the end of a body is known.</summary>
public enum BodyKind : byte
{
    /// <summary>No body follows the head.</summary>
    None,

    /// <summary>Exactly <see cref="BodyLength.Length"/> bytes.</summary>
    Counted,

    /// <summary>Chunked transfer coding (RFC 9112 §7.1).</summary>
    Chunked,

    /// <summary>Until the connection closes; only responses (RFC 9112 §6.3).</summary>
    UntilClose,

    /// <summary>Until END_STREAM (RFC 9113 §8.1).</summary>
    EndStream,
}

/// <summary>
/// Where a body ends. <see cref="None"/> may still declare a length: the content-length of a HEAD or 304 answer
/// describes a body that is not sent (RFC 9110 §8.6).
/// </summary>
public readonly struct BodyLength : IEquatable<BodyLength>
{
    // One more than the length, so that default(BodyLength) is "none, nothing declared".
    private readonly long _lengthPlusOne;

    private BodyLength(BodyKind kind, long lengthPlusOne)
    {
        Kind = kind;
        _lengthPlusOne = lengthPlusOne;
    }

    /// <summary>No body, no declared length.</summary>
    public static BodyLength None => default;

    /// <summary>Chunked transfer coding.</summary>
    public static BodyLength Chunked => new(BodyKind.Chunked, 0);

    /// <summary>Until the connection closes.</summary>
    public static BodyLength UntilClose => new(BodyKind.UntilClose, 0);

    /// <summary>Until END_STREAM, length unknown.</summary>
    public static BodyLength EndStream => new(BodyKind.EndStream, 0);

    /// <summary>How the end is known.</summary>
    public BodyKind Kind { get; }

    /// <summary>Bytes of the body, or the declared bytes for a body that is not sent; -1 when not known.</summary>
    public long Length => _lengthPlusOne - 1;

    /// <summary>True when <see cref="Length"/> is known.</summary>
    public bool HasLength => _lengthPlusOne > 0;

    /// <summary>True when no byte of body will come: kind none, or counted zero.</summary>
    public bool IsEmpty => Kind == BodyKind.None || (Kind == BodyKind.Counted && _lengthPlusOne == 1);

    /// <summary>Exactly <paramref name="length"/> bytes, 0 to 2^63-2.</summary>
    public static BodyLength Counted(long length) => new(BodyKind.Counted, Checked(length));

    /// <summary>No body, but a content-length of <paramref name="length"/> bytes is declared.</summary>
    public static BodyLength NoneDeclaring(long length) => new(BodyKind.None, Checked(length));

    /// <summary>Until END_STREAM with a declared content-length.</summary>
    public static BodyLength EndStreamDeclaring(long length) => new(BodyKind.EndStream, Checked(length));

    /// <inheritdoc/>
    public bool Equals(BodyLength other) => Kind == other.Kind && _lengthPlusOne == other._lengthPlusOne;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BodyLength other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, _lengthPlusOne);

    /// <inheritdoc/>
    public override string ToString() => HasLength ? $"{Kind}({Length})" : Kind.ToString();

    /// <summary>Equality by kind and length.</summary>
    public static bool operator ==(BodyLength left, BodyLength right) => left.Equals(right);

    /// <summary>Inequality by kind and length.</summary>
    public static bool operator !=(BodyLength left, BodyLength right) => !left.Equals(right);

    private static long Checked(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfEqual(length, long.MaxValue);
        return length + 1;
    }
}
