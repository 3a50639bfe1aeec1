using System;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Upstream;

/// <summary>What stands around the bytes of a body on HTTP/1.1: chunk heads and trailers, or nothing.</summary>
internal struct Http1BodyFraming
{
    private bool _isChunked;
    private bool _isFirst;
    private bool _properCase;

    /// <param name="framing">The framing that the head announced.</param>
    /// <param name="properCase">Names of trailers are written in <c>proper_case_words</c>.</param>
    public void Begin(BodyKind framing, bool properCase)
    {
        _properCase = properCase;
        _isChunked = framing == BodyKind.Chunked;
        _isFirst = true;
    }

    public void BeginData(SegmentWriter writer, long count)
    {
        if (!_isChunked)
        {
            return;
        }

        Span<byte> head = writer.GetSpan(Http1Writer.ChunkHeadBytesMax);
        writer.Advance(Http1Writer.WriteChunkHead(count, _isFirst, head));
        _isFirst = false;
    }

    public readonly bool End(SegmentWriter writer, HttpFields? trailers)
    {
        if (!_isChunked)
        {
            return true;
        }

        Span<byte> span = writer.GetSpan(Http1Writer.MeasureLastChunk(trailers));
        int written = Http1Writer.WriteLastChunk(trailers, _isFirst, span);
        if (written < 0)
        {
            return false;
        }

        if (_properCase && trailers is { Count: > 0 })
        {
            // Behind the line of the last chunk.
            int lastChunk = (_isFirst ? 0 : 2) + 3;
            Http1NameCase.CapitalizeFields(span[lastChunk..written]);
        }

        writer.Advance(written);
        return true;
    }
}
