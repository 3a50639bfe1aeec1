using System;
using System.Buffers.Text;
using System.Text;

namespace FastMesh.Engine.Telemetry;

/// <summary>Writes text into a fixed span; what does not fit is left out and noted.</summary>
internal ref struct ByteWriter
{
    private readonly Span<byte> _destination;

    public ByteWriter(Span<byte> destination)
    {
        _destination = destination;
        Length = 0;
        Overflowed = false;
    }

    public int Length { get; private set; }

    public bool Overflowed { get; private set; }

    public readonly Span<byte> Rest => _destination[Length..];

    public readonly Span<byte> Written => _destination[..Length];

    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _destination.Length - Length)
        {
            bytes = bytes[..(_destination.Length - Length)];
            Overflowed = true;
        }

        bytes.CopyTo(_destination[Length..]);
        Length += bytes.Length;
    }

    public void Write(byte value)
    {
        if (Length == _destination.Length)
        {
            Overflowed = true;
            return;
        }

        _destination[Length++] = value;
    }

    public void Write(string text)
    {
        if (Encoding.UTF8.TryGetBytes(text, Rest, out int written))
        {
            Length += written;
            return;
        }

        Overflowed = true;
    }

    public void Write(long value)
    {
        if (Utf8Formatter.TryFormat(value, Rest, out int written))
        {
            Length += written;
            return;
        }

        Overflowed = true;
    }

    /// <summary>A number with leading zeros.</summary>
    public void WritePadded(long value, int digits)
    {
        if (Rest.Length < digits)
        {
            Overflowed = true;
            return;
        }

        for (int i = digits - 1; i >= 0; i--)
        {
            _destination[Length + i] = (byte)('0' + (value % 10));
            value /= 10;
        }

        Length += digits;
    }

    /// <summary>Takes what was written into <see cref="Rest"/>.</summary>
    public void Advance(int length) => Length += length;

    public void Truncate(int length) => Length = Math.Min(Length, length);
}
