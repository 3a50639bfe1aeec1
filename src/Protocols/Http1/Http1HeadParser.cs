using System;
using System.Buffers;

namespace FastMesh.Protocols.Http1;

/// <summary>
/// Reads request and response heads (RFC 9112 §2 to §5), strictly and without allocating.
/// </summary>
/// <remarks>
/// A head that is complete in one piece is read in place and copied once into the block of its
/// <see cref="HttpFields"/>; slices refer to that copy. A head in pieces is collected in the block and every byte is
/// still looked at once: complete lines are parsed as they arrive, and the scan of an unfinished line goes on where it
/// stopped. All bytes given to a call are consumed while the head is unfinished; no call consumes beyond its end.
/// </remarks>
internal static class Http1HeadParser
{
    // How much is copied at a time while a head is collected, so that a large body behind it is not copied too.
    private const int CollectBytes = 2048;

    /// <summary>Parses a request head.</summary>
    /// <param name="input">The unread bytes of the connection.</param>
    /// <param name="head">Filled in; partly on error, for the log.</param>
    /// <param name="limits">What the head may cost.</param>
    /// <param name="state">Default before the first byte; kept by the caller between calls.</param>
    /// <param name="consumed">Bytes of the input that are used up, also on error.</param>
    /// <param name="error">What the peer did wrong, with the status to answer.</param>
    public static ParseStatus ParseRequest(in ReadOnlySequence<byte> input, RequestHead head, Http1Limits limits,
        ref Http1ParseState state, out long consumed, out ProtocolError error)
    {
        if (input.IsSingleSegment)
        {
            ParseStatus single = ParseRequest(input.FirstSpan, head, limits, ref state, out int used, out error);
            consumed = used;
            return single;
        }

        consumed = 0;
        error = default;
        foreach (ReadOnlyMemory<byte> segment in input)
        {
            ParseStatus status = ParseRequest(segment.Span, head, limits, ref state, out int used, out error);
            consumed += used;
            if (status != ParseStatus.NeedMore)
            {
                return status;
            }
        }

        return ParseStatus.NeedMore;
    }

    /// <summary>As the overload for a sequence, for one piece of input.</summary>
    public static ParseStatus ParseRequest(ReadOnlySpan<byte> input, RequestHead head, Http1Limits limits,
        ref Http1ParseState state, out int consumed, out ProtocolError error)
    {
        if (!state.HasStarted)
        {
            head.Clear();
        }

        RequestLines lines = new(head);
        ParseStatus status = Collect(input, head.Fields, ref lines, limits, ref state, out consumed, out error);
        if (status == ParseStatus.Done)
        {
            error = Http1Framing.CompleteRequest(head, state);
            status = error.IsError ? ParseStatus.Error : ParseStatus.Done;
        }

        if (status != ParseStatus.NeedMore)
        {
            state = default;
        }

        return status;
    }

    /// <summary>Parses a response head; 1xx heads are returned one by one.</summary>
    /// <param name="input">The unread bytes of the connection.</param>
    /// <param name="head">Filled in; partly on error.</param>
    /// <param name="requestMethod">The method that is answered: it decides whether a body follows.</param>
    /// <param name="limits">What the head may cost.</param>
    /// <param name="state">Default before the first byte; kept by the caller between calls.</param>
    /// <param name="consumed">Bytes of the input that are used up, also on error.</param>
    /// <param name="error">What the peer did wrong.</param>
    public static ParseStatus ParseResponse(in ReadOnlySequence<byte> input, ResponseHead head,
        HttpMethod requestMethod, Http1Limits limits, ref Http1ParseState state, out long consumed,
        out ProtocolError error)
    {
        if (input.IsSingleSegment)
        {
            ParseStatus single =
                ParseResponse(input.FirstSpan, head, requestMethod, limits, ref state, out int used, out error);
            consumed = used;
            return single;
        }

        consumed = 0;
        error = default;
        foreach (ReadOnlyMemory<byte> segment in input)
        {
            ParseStatus status =
                ParseResponse(segment.Span, head, requestMethod, limits, ref state, out int used, out error);
            consumed += used;
            if (status != ParseStatus.NeedMore)
            {
                return status;
            }
        }

        return ParseStatus.NeedMore;
    }

    /// <summary>As the overload for a sequence, for one piece of input.</summary>
    public static ParseStatus ParseResponse(ReadOnlySpan<byte> input, ResponseHead head, HttpMethod requestMethod,
        Http1Limits limits, ref Http1ParseState state, out int consumed, out ProtocolError error)
    {
        if (!state.HasStarted)
        {
            head.Clear();
        }

        ResponseLines lines = new(head);
        ParseStatus status = Collect(input, head.Fields, ref lines, limits, ref state, out consumed, out error);
        if (status == ParseStatus.Done)
        {
            error = Http1Framing.CompleteResponse(head, requestMethod);
            status = error.IsError ? ParseStatus.Error : ParseStatus.Done;
        }

        if (status != ParseStatus.NeedMore)
        {
            state = default;
        }

        return status;
    }

    /// <summary>
    /// Parses trailers up to and including the empty line that ends them; <paramref name="state"/> as above.
    /// </summary>
    public static ParseStatus ParseTrailers(ReadOnlySpan<byte> input, HttpFields trailers, Http1Limits limits,
        ref Http1ParseState state, out int consumed, out ProtocolError error)
    {
        if (!state.HasStarted)
        {
            trailers.Clear();
            state.InFields = true;
        }

        TrailerLines lines = default;
        ParseStatus status = Collect(input, trailers, ref lines, limits, ref state, out consumed, out error);
        if (status != ParseStatus.NeedMore)
        {
            state = default;
        }

        return status;
    }

    private static ParseStatus Collect<TLines>(ReadOnlySpan<byte> input, HttpFields fields, ref TLines lines,
        Http1Limits limits, ref Http1ParseState state, out int consumed, out ProtocolError error)
        where TLines : struct, IStartLine, allows ref struct
    {
        error = default;
        consumed = 0;
        if (!state.Buffered)
        {
            if (input.IsEmpty)
            {
                return ParseStatus.NeedMore;
            }

            ParseStatus status = Http1Lines.Parse(input, fields, ref lines, limits, ref state, out error);

            // Slices made so far count from the first byte of the message, which is also the first of the block.
            consumed = status == ParseStatus.Done ? state.Position : input.Length;
            fields.AppendBytes(input[..consumed]);
            state.Buffered = true;
            return status;
        }

        while (!input.IsEmpty)
        {
            ReadOnlySpan<byte> piece = input[..Math.Min(input.Length, CollectBytes)];
            fields.AppendBytes(piece);
            ParseStatus status = Http1Lines.Parse(fields.Block, fields, ref lines, limits, ref state, out error);
            consumed += piece.Length;
            if (status == ParseStatus.Done)
            {
                consumed -= fields.BlockLength - state.Position;
                fields.TruncateBlock(state.Position);
            }

            if (status != ParseStatus.NeedMore)
            {
                return status;
            }

            input = input[piece.Length..];
        }

        return ParseStatus.NeedMore;
    }
}
