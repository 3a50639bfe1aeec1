using System;
using System.Buffers.Text;

namespace FastMesh.Engine.Forwarding;

/// <summary>The <c>date</c> field (RFC 9110 §6.6.1), formatted once a second per reactor.</summary>
internal sealed class ResponseDate
{
    private readonly byte[] _text = new byte[29];
    private long _second = long.MinValue;

    public ReadOnlySpan<byte> Value(long utcNowMs)
    {
        long second = utcNowMs / 1000;
        if (second != _second)
        {
            _second = second;
            Utf8Formatter.TryFormat(DateTimeOffset.FromUnixTimeSeconds(second), _text, out _, 'R');
        }

        return _text;
    }
}
