using System;
using System.Buffers;
using System.Buffers.Text;
using System.Text.Unicode;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// Writes text into a fixed span. The first piece that does not fit is cut, and nothing follows it, so that what is
/// written is always a beginning of what was meant.
/// </summary>
internal ref struct ByteWriter
{
    private Span<byte> _destination;

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
            bytes.CopyTo(_destination[Length..]);
            Length += bytes.Length;
            Overflow();
            return;
        }

        bytes.CopyTo(_destination[Length..]);
        Length += bytes.Length;
    }

    public void Write(byte value)
    {
        if (Length == _destination.Length)
        {
            Overflow();
            return;
        }

        _destination[Length++] = value;
    }

    public void Write(string text)
    {
        OperationStatus status = Utf8.FromUtf16(text, Rest, out _, out int written);
        Length += written;
        if (status == OperationStatus.DestinationTooSmall)
        {
            Overflow();
        }
    }

    public void Write(long value)
    {
        if (Utf8Formatter.TryFormat(value, Rest, out int written))
        {
            Length += written;
            return;
        }

        Overflow();
    }

    /// <summary>A number with leading zeros.</summary>
    public void WritePadded(long value, int digits)
    {
        if (Rest.Length < digits)
        {
            Overflow();
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

    /// <summary>Notes that something did not fit, and takes nothing more.</summary>
    public void Overflow()
    {
        Overflowed = true;
        _destination = _destination[..Length];
    }
}
