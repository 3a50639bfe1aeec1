using System;
using System.Buffers.Binary;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Forwarding;

/// <summary>Makes and recognises <c>x-request-id</c> values: random UUIDs (RFC 9562 §5.4) in lower-case text.</summary>
internal static class RequestId
{
    /// <summary>Bytes of the text form.</summary>
    public const int Length = 36;

    /// <summary>Writes a new id; <paramref name="destination"/> holds at least <see cref="Length"/> bytes.</summary>
    public static void Write(Span<byte> destination, Reactor reactor)
    {
        Span<byte> bits = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bits, reactor.NextRandom());
        BinaryPrimitives.WriteUInt64LittleEndian(bits[8..], reactor.NextRandom());
        bits[6] = (byte)((bits[6] & 0x0F) | 0x40);
        bits[8] = (byte)((bits[8] & 0x3F) | 0x80);

        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        int at = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            if (i is 4 or 6 or 8 or 10)
            {
                destination[at++] = (byte)'-';
            }

            destination[at++] = digits[bits[i] >> 4];
            destination[at++] = digits[bits[i] & 15];
        }
    }
}
