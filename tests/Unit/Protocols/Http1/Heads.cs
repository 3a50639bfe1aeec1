using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>
/// Feeds text to the parsers, whole or in pieces, and renders what came out so that runs can be compared.
/// </summary>
internal static class Heads
{
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static ProtocolErrorCode RequestError(string text, Http1Limits? limits = null)
    {
        Http1ParseState state = default;
        ParseStatus status = Http1HeadParser.ParseRequest(Bytes(text), new RequestHead(),
            limits ?? Http1Limits.Default, ref state, out _, out ProtocolError error);
        return status == ParseStatus.Error ? error.Code : ProtocolErrorCode.None;
    }

    public static RequestHead Request(string text, Http1Limits? limits = null)
    {
        RequestHead head = new();
        Http1ParseState state = default;
        byte[] bytes = Bytes(text);
        ParseStatus status = Http1HeadParser.ParseRequest(bytes, head, limits ?? Http1Limits.Default, ref state,
            out int consumed, out ProtocolError error);
        if (status != ParseStatus.Done)
        {
            throw new InvalidOperationException($"{status} {error} after {consumed}: {text}");
        }

        return head;
    }

    public static ResponseHead Response(string text, HttpMethod method = HttpMethod.Get)
    {
        ResponseHead head = new();
        Http1ParseState state = default;
        ParseStatus status = Http1HeadParser.ParseResponse(Bytes(text), head, method, Http1Limits.Default, ref state,
            out _, out ProtocolError error);
        if (status != ParseStatus.Done)
        {
            throw new InvalidOperationException($"{status} {error}: {text}");
        }

        return head;
    }

    public static ProtocolErrorCode ResponseError(string text, HttpMethod method = HttpMethod.Get)
    {
        Http1ParseState state = default;
        ParseStatus status = Http1HeadParser.ParseResponse(Bytes(text), new ResponseHead(), method,
            Http1Limits.Default, ref state, out _, out ProtocolError error);
        return status == ParseStatus.Error ? error.Code : ProtocolErrorCode.None;
    }

    /// <summary>
    /// Parses pieces one after the other; what is left of a piece that ends the head is not looked at.
    /// </summary>
    public static string RequestInPieces(IEnumerable<byte[]> pieces)
    {
        RequestHead head = new();
        Http1ParseState state = default;
        long total = 0;
        foreach (byte[] piece in pieces)
        {
            ParseStatus status = Http1HeadParser.ParseRequest(piece, head, Http1Limits.Default, ref state,
                out int consumed, out ProtocolError error);
            total += consumed;
            if (status == ParseStatus.Done)
            {
                return $"{total} {Render(head)}";
            }

            if (status == ParseStatus.Error)
            {
                return $"error {error.Code}";
            }
        }

        return "more";
    }

    public static string ResponseInPieces(IEnumerable<byte[]> pieces)
    {
        ResponseHead head = new();
        Http1ParseState state = default;
        long total = 0;
        foreach (byte[] piece in pieces)
        {
            ParseStatus status = Http1HeadParser.ParseResponse(piece, head, HttpMethod.Get, Http1Limits.Default,
                ref state, out int consumed, out ProtocolError error);
            total += consumed;
            if (status == ParseStatus.Done)
            {
                return $"{total} {Render(head)}";
            }

            if (status == ParseStatus.Error)
            {
                return $"error {error.Code}";
            }
        }

        return "more";
    }

    public static IEnumerable<byte[]> SplitAt(byte[] bytes, int at)
    {
        yield return bytes[..at];
        yield return bytes[at..];
    }

    public static IEnumerable<byte[]> OneByOne(byte[] bytes)
    {
        foreach (byte value in bytes)
        {
            yield return [value];
        }
    }

    public static ReadOnlySequence<byte> Sequence(IEnumerable<byte[]> pieces)
    {
        Piece? first = null;
        Piece? last = null;
        foreach (byte[] bytes in pieces)
        {
            Piece next = new(bytes, last);
            first ??= next;
            last = next;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    public static string Render(RequestHead head)
    {
        StringBuilder text = new();
        text.Append($"{Text(head.MethodBytes)}|{Text(head.Authority)}|{Text(head.Path)}|{head.Version}|{head.Body}|");
        text.Append($"{head.KeepAlive}|{head.ExpectContinue}|{Text(head.Upgrade)}");
        Append(text, head.Fields);
        return text.ToString();
    }

    public static string Render(ResponseHead head)
    {
        StringBuilder text = new();
        text.Append($"{head.StatusCode}|{Text(head.Reason)}|{head.Version}|{head.Body}|{head.KeepAlive}");
        Append(text, head.Fields);
        return text.ToString();
    }

    public static string Render(HttpFields fields)
    {
        StringBuilder text = new();
        Append(text, fields);
        return text.ToString();
    }

    private static void Append(StringBuilder text, HttpFields fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            text.Append($"\n{Text(fields.Name(i))}={Text(fields.Value(i))} {fields.Known(i)}");
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, Piece? previous)
        {
            Memory = bytes;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
