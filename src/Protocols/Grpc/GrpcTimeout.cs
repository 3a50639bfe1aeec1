using System;
using System.Buffers.Text;

namespace FastMesh.Protocols.Grpc;

/// <summary>The field <c>grpc-timeout</c>: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").</summary>
internal static class GrpcTimeout
{
    /// <summary>The most bytes of a value: eight digits and the unit.</summary>
    public const int BytesMax = 9;

    private const int DigitsMax = 8;

    /// <summary>Reads a value; parts of a millisecond are rounded up.</summary>
    /// <returns>False when it is no timeout; the call has none then.</returns>
    public static bool TryParse(ReadOnlySpan<byte> value, out long milliseconds)
    {
        milliseconds = 0;
        if (value.Length is < 2 or > BytesMax)
        {
            return false;
        }

        long number = 0;
        foreach (byte digit in value[..^1])
        {
            if ((uint)(digit - '0') > 9)
            {
                return false;
            }

            number = (number * 10) + (digit - '0');
        }

        (long multiply, long divide) = value[^1] switch
        {
            (byte)'H' => (3_600_000L, 1L),
            (byte)'M' => (60_000L, 1L),
            (byte)'S' => (1_000L, 1L),
            (byte)'m' => (1L, 1L),
            (byte)'u' => (1L, 1_000L),
            (byte)'n' => (1L, 1_000_000L),
            _ => (0L, 1L),
        };
        milliseconds = ((number * multiply) + divide - 1) / divide;
        return multiply > 0;
    }

    /// <summary>Writes a time in the smallest unit whose digits fit.</summary>
    /// <param name="milliseconds">At least 0.</param>
    /// <param name="destination">At least <see cref="BytesMax"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(long milliseconds, Span<byte> destination)
    {
        (long number, byte unit) =
            milliseconds <= 99_999_999 ? (milliseconds, (byte)'m')
            : milliseconds / 1_000 <= 99_999_999 ? (milliseconds / 1_000, (byte)'S')
            : milliseconds / 60_000 <= 99_999_999 ? (milliseconds / 60_000, (byte)'M')
            : (Math.Min(milliseconds / 3_600_000, 99_999_999), (byte)'H');
        Utf8Formatter.TryFormat(number, destination[..DigitsMax], out int digits);
        destination[digits] = unit;
        return digits + 1;
    }
}
