using System;

namespace FastMesh.Protocols.Http1;

/// <summary>
/// What differs between requests, responses and trailers: the first line, and which fields are set aside.
/// </summary>
internal interface IStartLine
{
    /// <summary>Whether this kind of message may be preceded by one CRLF (RFC 9112 §2.2).</summary>
    bool SkipsLeadingLine { get; }

    /// <summary>What an over-long head is called.</summary>
    ProtocolErrorCode TooLarge(Http1Limits limits, ReadOnlySpan<byte> line, bool inFields);

    /// <summary>The most bytes of the whole.</summary>
    int BytesMax(Http1Limits limits);

    /// <summary>Parses the first line, which begins at <paramref name="offset"/> of the message.</summary>
    ProtocolErrorCode StartLine(ReadOnlySpan<byte> line, int offset, Http1Limits limits, ref Http1ParseState state);

    /// <summary>Looks at a field before it is added; <paramref name="add"/> is cleared to set it aside.</summary>
    ProtocolErrorCode Field(KnownField known, ByteRange value, ref Http1ParseState state, ref bool add);
}

/// <summary>The line loop that heads and trailers share (RFC 9112 §2.2, §5).</summary>
internal static class Http1Lines
{
    /// <summary>
    /// Parses complete lines of <paramref name="data"/> (the message from its first byte) from where the state stands.
    /// On done, the state's position is the offset behind the empty line.
    /// </summary>
    public static ParseStatus Parse<TLines>(ReadOnlySpan<byte> data, HttpFields fields, ref TLines lines,
        Http1Limits limits, ref Http1ParseState state, out ProtocolError error)
        where TLines : struct, IStartLine, allows ref struct
    {
        int bytesMax = lines.BytesMax(limits);
        while (true)
        {
            int start = state.Position;
            ReadOnlySpan<byte> rest = data[start..];
            int end = Http1Grammar.IndexOfControl(rest[state.Scanned..]);
            end = end < 0 ? rest.Length : end + state.Scanned;
            if (end + 1 >= rest.Length && (end == rest.Length || rest[end] == '\r'))
            {
                state.Scanned = end;
                error = Unfinished(rest[..end], ref lines, limits, in state);
                return error.IsError ? ParseStatus.Error : ParseStatus.NeedMore;
            }

            if (rest[end] != '\r' || rest[end + 1] != '\n')
            {
                error = rest[end] is (byte)'\r' or (byte)'\n' ? ProtocolErrorCode.BareLineEnd
                    : state.InFields ? ProtocolErrorCode.MalformedFieldValue
                    : ProtocolErrorCode.MalformedRequestLine;
                return ParseStatus.Error;
            }

            ReadOnlySpan<byte> line = rest[..end];
            if (start + end + 2 > bytesMax)
            {
                error = lines.TooLarge(limits, line, state.InFields);
                return ParseStatus.Error;
            }

            state.Position = start + end + 2;
            state.Scanned = 0;
            if (state.InFields)
            {
                if (end == 0)
                {
                    error = default;
                    return ParseStatus.Done;
                }

                error = Field(line, start, fields, ref lines, limits, ref state);
            }
            else if (end != 0 || start != 0 || !lines.SkipsLeadingLine)
            {
                error = lines.StartLine(line, start, limits, ref state);
                state.InFields = true;
            }
            else
            {
                error = default;
            }

            if (error.IsError)
            {
                return ParseStatus.Error;
            }
        }
    }

    // The limits hold for unfinished lines too, and a line that can never become right is refused at once.
    private static ProtocolErrorCode Unfinished<TLines>(ReadOnlySpan<byte> line, ref TLines lines, Http1Limits limits,
        in Http1ParseState state)
        where TLines : struct, IStartLine, allows ref struct
    {
        if (state.Position + line.Length + 2 > lines.BytesMax(limits))
        {
            return lines.TooLarge(limits, line, state.InFields);
        }

        int startLineMax = limits.MethodBytesMax + limits.TargetBytesMax + " HTTP/1.1 ".Length;
        return !state.InFields && line.Length > startLineMax && lines.SkipsLeadingLine
            ? lines.TooLarge(limits, line, false)
            : ProtocolErrorCode.None;
    }

    private static ProtocolErrorCode Field<TLines>(ReadOnlySpan<byte> line, int offset, HttpFields fields,
        ref TLines lines, Http1Limits limits, ref Http1ParseState state)
        where TLines : struct, IStartLine, allows ref struct
    {
        int nameLength = Http1Grammar.TokenLength(line);
        if (nameLength == 0 || nameLength >= line.Length || line[nameLength] != ':')
        {
            return line[0] is (byte)' ' or (byte)'\t'
                ? ProtocolErrorCode.FoldedField
                : ProtocolErrorCode.MalformedFieldName;
        }

        if (++state.Lines > limits.FieldsMax)
        {
            return ProtocolErrorCode.TooManyFields;
        }

        int valueStart = nameLength + 1;
        int valueEnd = line.Length;
        while (valueStart < valueEnd && line[valueStart] is (byte)' ' or (byte)'\t')
        {
            valueStart++;
        }

        while (valueEnd > valueStart && line[valueEnd - 1] is (byte)' ' or (byte)'\t')
        {
            valueEnd--;
        }

        ReadOnlySpan<byte> name = line[..nameLength];
        bool add = true;
        if (limits.Underscores != UnderscoreAction.Allow && name.Contains((byte)'_'))
        {
            if (limits.Underscores == UnderscoreAction.Reject)
            {
                return ProtocolErrorCode.UnderscoreInName;
            }

            add = false;
        }

        KnownField known = KnownFields.Parse(name);
        ByteRange value = new(offset + valueStart, valueEnd - valueStart);
        ProtocolErrorCode error = lines.Field(known, value, ref state, ref add);
        if (add && error == ProtocolErrorCode.None)
        {
            fields.AppendSlot(offset, nameLength, value.Start, value.Length, known);
        }

        return error;
    }
}
