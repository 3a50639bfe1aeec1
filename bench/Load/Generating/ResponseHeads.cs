using System;
using System.Buffers.Text;

namespace FastMesh.Bench.Load.Generating;

/// <summary>
/// Reads the little that a generator needs from response heads. Heads repeat byte for byte for a second (until the
/// date moves), so the last one is kept and a repeat costs one comparison.
/// </summary>
internal sealed class ResponseHeads
{
    private readonly byte[] _last = new byte[16 * 1024];
    private int _lastLength;

    /// <summary>The status of the head read last.</summary>
    public int Status { get; private set; }

    /// <summary>Its Content-Length, or -1.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>Its body is chunked.</summary>
    public bool Chunked { get; private set; }

    /// <summary>It announces that the connection closes after it.</summary>
    public bool Closes { get; private set; }

    /// <summary>Bytes of the head at the start of the input, or 0 when it is not complete.</summary>
    public int Read(ReadOnlySpan<byte> input)
    {
        if (_lastLength > 0 && input.StartsWith(_last.AsSpan(0, _lastLength)))
        {
            return _lastLength;
        }

        int end = input.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return 0;
        }

        var head = input[..(end + 4)];
        Parse(head);
        _lastLength = head.Length <= _last.Length ? head.Length : 0;
        head[.._lastLength].CopyTo(_last);
        return head.Length;
    }

    private void Parse(ReadOnlySpan<byte> head)
    {
        Status = head.StartsWith("HTTP/1."u8) && Utf8Parser.TryParse(head[9..12], out int status, out _) ? status : 0;
        BodyBytes = -1;
        Chunked = false;
        Closes = false;
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            int colon = line.IndexOf((byte)':');
            if (colon > 0)
            {
                Take(line[..colon], line[(colon + 1)..].Trim((byte)' '));
            }
        }
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (System.Text.Ascii.EqualsIgnoreCase(name, "content-length"u8))
        {
            BodyBytes = Utf8Parser.TryParse(value, out long length, out _) ? length : -2;
        }
        else if (System.Text.Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
        {
            Chunked = System.Text.Ascii.EqualsIgnoreCase(value, "chunked"u8);
        }
        else if (System.Text.Ascii.EqualsIgnoreCase(name, "connection"u8))
        {
            Closes = System.Text.Ascii.EqualsIgnoreCase(value, "close"u8);
        }
    }
}
