using System;
using System.Buffers;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Runs the codecs over whole or split input and renders the outcome, so that two runs can be compared.
/// </summary>
internal static class Wire
{
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>Cut points that depend on the input only, so that a failing file fails again.</summary>
    public static int Cut(byte[] input) => input.Length == 0 ? 0 : (int)(Hash(input) % (uint)(input.Length + 1));

    public static uint Hash(ReadOnlySpan<byte> bytes)
    {
        uint hash = 2166136261;
        foreach (byte value in bytes)
        {
            hash = (hash ^ value) * 16777619;
        }

        return hash ^ (hash >> 15);
    }

    public static string Request(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, RequestHead head)
    {
        Http1ParseState state = default;
        ParseStatus status = Http1HeadParser.ParseRequest(first, head, Http1Limits.Default, ref state, out int used,
            out ProtocolError error);
        int total = used;
        if (status == ParseStatus.NeedMore)
        {
            status = Http1HeadParser.ParseRequest(second, head, Http1Limits.Default, ref state, out used, out error);
            total += used;
        }

        return Outcome(status, error, total, status == ParseStatus.Done ? Render(head) : "");
    }

    public static string Response(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ResponseHead head,
        HttpMethod method)
    {
        Http1ParseState state = default;
        ParseStatus status = Http1HeadParser.ParseResponse(first, head, method, Http1Limits.Default, ref state,
            out int used, out ProtocolError error);
        int total = used;
        if (status == ParseStatus.NeedMore)
        {
            status = Http1HeadParser.ParseResponse(second, head, method, Http1Limits.Default, ref state, out used,
                out error);
            total += used;
        }

        return Outcome(status, error, total, status == ParseStatus.Done ? Render(head) : "");
    }

    public static string Render(RequestHead head)
    {
        StringBuilder text = new();
        text.Append(Text(head.MethodBytes)).Append('|').Append(Text(head.Authority)).Append('|');
        text.Append(Text(head.Path)).Append('|').Append(head.Version).Append('|').Append(head.Body).Append('|');
        text.Append(head.KeepAlive).Append('|').Append(head.ExpectContinue).Append('|').Append(head.HasUpgrade);
        return Append(text, head.Fields).ToString();
    }

    public static string Render(ResponseHead head)
    {
        StringBuilder text = new();
        text.Append(head.StatusCode).Append('|').Append(Text(head.Reason)).Append('|').Append(head.Version);
        text.Append('|').Append(head.Body).Append('|').Append(head.KeepAlive);
        return Append(text, head.Fields).ToString();
    }

    public static StringBuilder Append(StringBuilder text, HttpFields fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            text.Append('\n').Append(Text(fields.Name(i))).Append('=').Append(Text(fields.Value(i)));
        }

        return text;
    }

    public static ReadOnlySequence<byte> Pieces(byte[] input, int cut)
    {
        Piece first = new(input.AsMemory(0, cut), 0);
        Piece last = first.Then(input.AsMemory(cut));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static string Outcome(ParseStatus status, ProtocolError error, int consumed, string head) => status switch
    {
        ParseStatus.Done => $"done {consumed} {head}",
        ParseStatus.Error => $"error {error.Code}",
        _ => "more",
    };

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece Then(ReadOnlyMemory<byte> memory)
        {
            Piece next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
