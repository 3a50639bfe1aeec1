using System;
using System.Buffers.Text;
using System.Diagnostics;

namespace FastMesh.Protocols.Http1;

/// <summary>What the Connection field of a written head says.</summary>
internal enum ConnectionOption : byte
{
    /// <summary>No Connection field: HTTP/1.1 stays open by default.</summary>
    None,

    /// <summary>"close".</summary>
    Close,

    /// <summary>"keep-alive", for an HTTP/1.0 peer that asked for it.</summary>
    KeepAlive,

    /// <summary>"upgrade"; the Upgrade field is written from the fields.</summary>
    Upgrade,
}

/// <summary>
/// Writes heads, chunk heads and trailers in one canonical form, from parsed values only.
/// </summary>
/// <remarks>
/// The invariants of what is emitted hold in release builds: field names are tokens (<see cref="HttpFields"/> takes no
/// others), Host, Connection, Content-Length and Transfer-Encoding are written from <see
/// cref="RequestHead.Authority"/>,
/// the option and <see cref="BodyLength"/> and skipped among the fields, and the finished bytes hold exactly as many
/// control bytes as the line ends written here. A head that breaks them is not sent.
/// </remarks>
internal static class Http1Writer
{
    /// <summary>The most bytes of a chunk head: CRLF of the chunk before, sixteen digits, CRLF.</summary>
    public const int ChunkHeadBytesMax = 20;

    /// <summary>The bytes of a last chunk without trailers, the CRLF of the chunk before included.</summary>
    public const int LastChunkBytesMax = 7;

    // Room for the lines that are not fields: the start line's fixed parts, framing and Connection.
    private const int FixedBytes = 128;

    private static readonly ulong FramingMask = KnownFields.Mask(KnownField.Connection, KnownField.KeepAlive,
        KnownField.ProxyConnection, KnownField.TransferEncoding, KnownField.ContentLength);

    private static readonly ulong HostBit = KnownFields.Bit(KnownField.Host);

    private static readonly ulong UpgradeBit = KnownFields.Bit(KnownField.Upgrade);

    /// <summary>An upper bound of what <see cref="WriteRequest"/> writes.</summary>
    public static int MeasureRequest(RequestHead head) =>
        FixedBytes + head.MethodBytes.Length + head.Path.Length + (2 * head.Authority.Length)
        + head.Fields.TotalBytes;

    /// <summary>An upper bound of what <see cref="WriteResponse"/> writes.</summary>
    public static int MeasureResponse(ResponseHead head) =>
        FixedBytes + head.Reason.Length + head.Fields.TotalBytes;

    /// <summary>
    /// Writes a request head: method, path (authority for CONNECT), host, fields, framing, connection.
    /// </summary>
    /// <param name="head">What to write; its fields stay as they are.</param>
    /// <param name="body">How the body is framed, whatever framed it where it comes from.</param>
    /// <param name="connection">What the Connection field says.</param>
    /// <param name="destination">At least <see cref="MeasureRequest"/> bytes.</param>
    /// <returns>Bytes written, or -1 when the head cannot be sent without breaking the grammar.</returns>
    public static int WriteRequest(
        RequestHead head, BodyLength body, ConnectionOption connection, Span<byte> destination)
    {
        ReadOnlySpan<byte> method = head.MethodBytes;
        ReadOnlySpan<byte> authority = head.Authority;
        ReadOnlySpan<byte> target = head.Method == HttpMethod.Connect ? authority : head.Path;
        if (!Http1Grammar.IsToken(method) || target.IsEmpty || !Http1Grammar.IsTarget(target))
        {
            return -1;
        }

        int at = Put(destination, 0, method);
        destination[at++] = (byte)' ';
        at = Put(destination, at, target);
        at = Put(destination, at, " HTTP/1.1\r\nhost: "u8);
        at = Put(destination, at, authority);
        at = Put(destination, at, "\r\n"u8);
        ulong skip = Skip(connection) | HostBit;
        return Finish(head.Fields, skip, body, connection, destination, at, lines: 2);
    }

    /// <summary>Writes a response head: status line, fields, framing, connection.</summary>
    /// <param name="head">What to write; its fields stay as they are.</param>
    /// <param name="connection">What the Connection field says.</param>
    /// <param name="destination">At least <see cref="MeasureResponse"/> bytes.</param>
    /// <returns>Bytes written, or -1 when the head cannot be sent without breaking the grammar.</returns>
    public static int WriteResponse(ResponseHead head, ConnectionOption connection, Span<byte> destination)
    {
        int status = head.StatusCode;
        if (status is < 100 or > 999)
        {
            return -1;
        }

        int at;
        if (status == 200 && head.Reason.SequenceEqual("OK"u8))
        {
            at = Put(destination, 0, "HTTP/1.1 200 OK\r\n"u8);
        }
        else
        {
            at = Put(destination, 0, "HTTP/1.1 "u8);
            destination[at++] = (byte)('0' + (status / 100));
            destination[at++] = (byte)('0' + (status / 10 % 10));
            destination[at++] = (byte)('0' + (status % 10));
            destination[at++] = (byte)' ';
            at = Put(destination, at, head.Reason.IsEmpty ? ReasonPhrases.Get(status) : head.Reason);
            at = Put(destination, at, "\r\n"u8);
        }

        // 1xx and 204 carry no framing (RFC 9110 §8.6, RFC 9112 §6.1); their head never has any either.
        BodyLength body = status is < 200 or 204 ? BodyLength.None : head.Body;
        return Finish(head.Fields, Skip(connection), body, connection, destination, at, lines: 1);
    }

    /// <summary>Writes the head of a chunk, which ends the chunk before it unless it is the first.</summary>
    /// <param name="size">Bytes of data that follow, at least 1.</param>
    /// <param name="first">True for the first chunk of a body.</param>
    /// <param name="destination">At least <see cref="ChunkHeadBytesMax"/> bytes.</param>
    public static int WriteChunkHead(long size, bool first, Span<byte> destination)
    {
        Debug.Assert(size > 0, "a chunk of no bytes ends the body");
        int at = first ? 0 : Put(destination, 0, "\r\n"u8);
        int shift = (63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)size)) & ~3;
        for (; shift >= 0; shift -= 4)
        {
            int digit = (int)(size >> shift) & 0xF;
            destination[at++] = (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);
        }

        return Put(destination, at, "\r\n"u8);
    }

    /// <summary>An upper bound of what <see cref="WriteLastChunk"/> writes.</summary>
    public static int MeasureLastChunk(HttpFields? trailers) =>
        LastChunkBytesMax + (trailers is { Count: > 0 } ? trailers.TotalBytes : 0);

    /// <summary>Writes the last chunk and the trailers.</summary>
    /// <param name="trailers">May be null or empty.</param>
    /// <param name="first">True when no chunk came before.</param>
    /// <param name="destination">At least <see cref="MeasureLastChunk"/> bytes.</param>
    /// <returns>Bytes written, or -1 when the trailers cannot be sent without breaking the grammar.</returns>
    public static int WriteLastChunk(HttpFields? trailers, bool first, Span<byte> destination)
    {
        int at = first ? 0 : Put(destination, 0, "\r\n"u8);
        at = Put(destination, at, "0\r\n"u8);
        if (trailers is { Count: > 0 })
        {
            int start = at;
            at += trailers.WriteTo(destination[at..], FramingMask | UpgradeBit, out int lines);
            if (Http1Grammar.CountControls(destination[start..at]) != 2 * lines)
            {
                return -1;
            }
        }

        return Put(destination, at, "\r\n"u8);
    }

    private static ulong Skip(ConnectionOption connection) =>
        connection == ConnectionOption.Upgrade ? FramingMask : FramingMask | UpgradeBit;

    private static int Finish(HttpFields fields, ulong skip, BodyLength body, ConnectionOption connection,
        Span<byte> destination, int at, int lines)
    {
        at += fields.WriteTo(destination[at..], skip, out int fieldLines);
        lines += fieldLines + 1;
        switch (connection)
        {
            case ConnectionOption.Close:
                at = Put(destination, at, "connection: close\r\n"u8);
                lines++;
                break;
            case ConnectionOption.KeepAlive:
                at = Put(destination, at, "connection: keep-alive\r\n"u8);
                lines++;
                break;
            case ConnectionOption.Upgrade:
                at = Put(destination, at, "connection: upgrade\r\n"u8);
                lines++;
                break;
            default:
                break;
        }

        if (body.Kind == BodyKind.Chunked)
        {
            at = Put(destination, at, "transfer-encoding: chunked\r\n"u8);
            lines++;
        }
        else if (body.HasLength && body.Kind != BodyKind.EndStream)
        {
            at = Put(destination, at, "content-length: "u8);
            Utf8Formatter.TryFormat(body.Length, destination[at..], out int digits);
            at = Put(destination, at + digits, "\r\n"u8);
            lines++;
        }

        at = Put(destination, at, "\r\n"u8);
        return Http1Grammar.CountControls(destination[..at]) == 2 * lines ? at : -1;
    }

    private static int Put(Span<byte> destination, int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(destination[at..]);
        return at + bytes.Length;
    }
}
