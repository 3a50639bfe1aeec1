using System;
using System.Buffers.Text;

namespace FastMesh.Protocols;

/// <summary>How HTTP says what a gRPC call and its outcome are (gRPC over HTTP/2, doc/PROTOCOL-HTTP2).</summary>
internal static class GrpcCalls
{
    /// <summary>DEADLINE_EXCEEDED.</summary>
    public const int DeadlineExceeded = 4;

    private const int Unknown = 2;

    private static readonly byte[][] s_camel = Names(
        "OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied "
        + "ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss "
        + "Unauthenticated");

    private static readonly byte[][] s_snake = Names(
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        + "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
        + "UNAUTHENTICATED");

    /// <summary>A gRPC request, by its content type.</summary>
    public static bool IsCall(HttpFields fields)
    {
        ReadOnlySpan<byte> grpc = "application/grpc"u8;
        return fields.TryGet(KnownField.ContentType, out ReadOnlySpan<byte> type)
            && type.StartsWith(grpc)
            && (type.Length == grpc.Length || type[grpc.Length] is (byte)'+' or (byte)';');
    }

    /// <summary>The status that <c>grpc-status</c> says in a head or in trailers; false where it says none.</summary>
    public static bool TryReadStatus(HttpFields? fields, out int status)
    {
        status = Unknown;
        return fields is not null && fields.TryGet(KnownField.GrpcStatus, out ReadOnlySpan<byte> value)
            && Utf8Parser.TryParse(value, out status, out int length) && length == value.Length && status >= 0;
    }

    /// <summary>The status of an answer that says none (doc/http-grpc-status-mapping).</summary>
    public static int StatusOf(int httpStatus) => httpStatus switch
    {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 or 502 or 503 or 504 => 14,
        _ => Unknown,
    };

    /// <summary>As <c>DeadlineExceeded</c>; empty for a number that has no name.</summary>
    public static ReadOnlySpan<byte> CamelName(int status) => status < s_camel.Length ? s_camel[status] : [];

    /// <summary>As <c>DEADLINE_EXCEEDED</c>; empty for a number that has no name.</summary>
    public static ReadOnlySpan<byte> SnakeName(int status) => status < s_snake.Length ? s_snake[status] : [];

    /// <summary>
    /// Writes text as the value of <c>grpc-message</c>: percent-encoded but for printable ASCII other than '%'. What
    /// does not fit is left out, whole characters of it.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public static int WriteMessage(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        int written = 0;
        foreach (byte value in text)
        {
            bool isPlain = value is >= 0x20 and <= 0x7E and not (byte)'%';
            if (written + (isPlain ? 1 : 3) > destination.Length)
            {
                break;
            }

            if (isPlain)
            {
                destination[written++] = value;
                continue;
            }

            destination[written++] = (byte)'%';
            destination[written++] = Hex(value >> 4);
            destination[written++] = Hex(value & 15);
        }

        return written;
    }

    private static byte Hex(int digit) => "0123456789ABCDEF"u8[digit];

    private static byte[][] Names(string text) =>
        Array.ConvertAll(text.Split(' '), System.Text.Encoding.ASCII.GetBytes);
}
