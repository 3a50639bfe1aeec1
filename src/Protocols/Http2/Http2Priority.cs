using System;

namespace FastMesh.Protocols.Http2;

/// <summary>The priority of a request (RFC 9218 §4), read from the priority field or a PRIORITY_UPDATE frame.</summary>
/// <param name="Urgency">0 is most urgent, 7 least.</param>
/// <param name="IsIncremental">True when it can be used piece by piece.</param>
internal readonly record struct Http2Priority(byte Urgency, bool IsIncremental)
{
    /// <summary>The urgency of a request that names none.</summary>
    public const byte DefaultUrgency = 3;

    /// <summary>What holds when nothing is said.</summary>
    public static Http2Priority Default => new(DefaultUrgency, false);

    /// <summary>
    /// Reads the members u and i of a dictionary (RFC 8941 §3.2); what is malformed or unknown has no effect
    /// (RFC 9218 §4).
    /// </summary>
    public static Http2Priority Parse(ReadOnlySpan<byte> value)
    {
        byte urgency = DefaultUrgency;
        bool incremental = false;
        while (!value.IsEmpty)
        {
            int comma = value.IndexOf((byte)',');
            ReadOnlySpan<byte> member = (comma < 0 ? value : value[..comma]).Trim((byte)' ');
            value = comma < 0 ? default : value[(comma + 1)..];
            int parameters = member.IndexOf((byte)';');
            member = parameters < 0 ? member : member[..parameters];
            if (member.Length == 3 && member.StartsWith("u="u8) && member[2] is >= (byte)'0' and <= (byte)'7')
            {
                urgency = (byte)(member[2] - '0');
            }
            else if (member.SequenceEqual("i"u8) || member.SequenceEqual("i=?1"u8))
            {
                incremental = true;
            }
            else if (member.SequenceEqual("i=?0"u8))
            {
                incremental = false;
            }
        }

        return new Http2Priority(urgency, incremental);
    }
}
