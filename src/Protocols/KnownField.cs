using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastMesh.Protocols;

/// <summary>
/// The fields that the proxy itself reads or writes. At most 64 members, so that the presence of all of them in a
/// message is one 64-bit mask. The names are those of <see cref="KnownFields.Name"/>.
/// </summary>
public enum KnownField : byte
{
    /// <summary>Any other field.</summary>
    None,

    /// <summary><c>host</c>.</summary>
    Host,

    /// <summary><c>connection</c>.</summary>
    Connection,

    /// <summary><c>keep-alive</c>.</summary>
    KeepAlive,

    /// <summary><c>proxy-connection</c>.</summary>
    ProxyConnection,

    /// <summary><c>transfer-encoding</c>.</summary>
    TransferEncoding,

    /// <summary><c>content-length</c>.</summary>
    ContentLength,

    /// <summary><c>te</c>.</summary>
    Te,

    /// <summary><c>trailer</c>.</summary>
    Trailer,

    /// <summary><c>upgrade</c>.</summary>
    Upgrade,

    /// <summary><c>expect</c>.</summary>
    Expect,

    /// <summary><c>authorization</c>.</summary>
    Authorization,

    /// <summary><c>proxy-authorization</c>.</summary>
    ProxyAuthorization,

    /// <summary><c>proxy-authenticate</c>.</summary>
    ProxyAuthenticate,

    /// <summary><c>www-authenticate</c>.</summary>
    WwwAuthenticate,

    /// <summary><c>cookie</c>.</summary>
    Cookie,

    /// <summary><c>set-cookie</c>.</summary>
    SetCookie,

    /// <summary><c>content-type</c>.</summary>
    ContentType,

    /// <summary><c>content-encoding</c>.</summary>
    ContentEncoding,

    /// <summary><c>content-range</c>.</summary>
    ContentRange,

    /// <summary><c>date</c>.</summary>
    Date,

    /// <summary><c>server</c>.</summary>
    Server,

    /// <summary><c>via</c>.</summary>
    Via,

    /// <summary><c>location</c>.</summary>
    Location,

    /// <summary><c>user-agent</c>.</summary>
    UserAgent,

    /// <summary><c>accept</c>.</summary>
    Accept,

    /// <summary><c>accept-encoding</c>.</summary>
    AcceptEncoding,

    /// <summary><c>cache-control</c>.</summary>
    CacheControl,

    /// <summary><c>max-forwards</c>.</summary>
    MaxForwards,

    /// <summary><c>range</c>.</summary>
    Range,

    /// <summary><c>referer</c>.</summary>
    Referer,

    /// <summary><c>origin</c>.</summary>
    Origin,

    /// <summary><c>access-control-request-method</c>.</summary>
    AccessControlRequestMethod,

    /// <summary><c>forwarded</c>.</summary>
    Forwarded,

    /// <summary><c>x-forwarded-for</c>.</summary>
    XForwardedFor,

    /// <summary><c>x-forwarded-proto</c>.</summary>
    XForwardedProto,

    /// <summary><c>x-forwarded-host</c>.</summary>
    XForwardedHost,

    /// <summary><c>x-forwarded-port</c>.</summary>
    XForwardedPort,

    /// <summary><c>x-forwarded-client-cert</c>.</summary>
    XForwardedClientCert,

    /// <summary><c>x-request-id</c>.</summary>
    XRequestId,

    /// <summary><c>traceparent</c>.</summary>
    Traceparent,

    /// <summary><c>tracestate</c>.</summary>
    Tracestate,

    /// <summary><c>b3</c>.</summary>
    B3,

    /// <summary><c>x-b3-traceid</c>.</summary>
    XB3Traceid,

    /// <summary><c>x-b3-sampled</c>.</summary>
    XB3Sampled,

    /// <summary><c>grpc-status</c>.</summary>
    GrpcStatus,

    /// <summary><c>grpc-timeout</c>.</summary>
    GrpcTimeout,

    /// <summary><c>x-envoy-original-path</c>.</summary>
    XEnvoyOriginalPath,

    /// <summary><c>x-envoy-original-dst-host</c>.</summary>
    XEnvoyOriginalDstHost,

    /// <summary><c>x-envoy-internal</c>.</summary>
    XEnvoyInternal,

    /// <summary><c>x-envoy-external-address</c>.</summary>
    XEnvoyExternalAddress,

    /// <summary><c>x-envoy-attempt-count</c>.</summary>
    XEnvoyAttemptCount,

    /// <summary><c>x-envoy-upstream-rq-timeout-ms</c>.</summary>
    XEnvoyUpstreamRqTimeoutMs,

    /// <summary><c>x-envoy-upstream-rq-per-try-timeout-ms</c>.</summary>
    XEnvoyUpstreamRqPerTryTimeoutMs,

    /// <summary><c>x-envoy-max-retries</c>.</summary>
    XEnvoyMaxRetries,

    /// <summary><c>x-envoy-retry-on</c>.</summary>
    XEnvoyRetryOn,

    /// <summary><c>x-envoy-retry-grpc-on</c>.</summary>
    XEnvoyRetryGrpcOn,

    /// <summary><c>x-envoy-upstream-service-time</c>.</summary>
    XEnvoyUpstreamServiceTime,

    /// <summary><c>x-envoy-expected-rq-timeout-ms</c>.</summary>
    XEnvoyExpectedRqTimeoutMs,

    /// <summary><c>x-envoy-decorator-operation</c>.</summary>
    XEnvoyDecoratorOperation,

    /// <summary><c>x-envoy-overloaded</c>.</summary>
    XEnvoyOverloaded,

    /// <summary><c>x-envoy-peer-metadata</c>.</summary>
    XEnvoyPeerMetadata,

    /// <summary><c>x-envoy-peer-metadata-id</c>.</summary>
    XEnvoyPeerMetadataId,

    /// <summary><c>x-envoy-downstream-service-cluster</c>.</summary>
    XEnvoyDownstreamServiceCluster,
}

/// <summary>Names of the known fields, and the way back from a name.</summary>
public static class KnownFields
{
    /// <summary>Members of <see cref="KnownField"/>, <see cref="KnownField.None"/> included.</summary>
    public const int Count = 64;

    // Slots of the name table; a power of two well over the count keeps chains short.
    private const int TableSize = 256;

    private static readonly byte[][] Names = BuildNames();

    // First candidate for a hash, then the next candidate for the same hash; 0 ends the chain.
    private static readonly byte[] First = new byte[TableSize];
    private static readonly byte[] Next = BuildTable(First);

    /// <summary>The lower-case name; empty for <see cref="KnownField.None"/>.</summary>
    public static ReadOnlySpan<byte> Name(KnownField field) => Names[(int)field];

    /// <summary>The bit of a field in a presence mask; 0 for <see cref="KnownField.None"/>.</summary>
    public static ulong Bit(KnownField field) => field == KnownField.None ? 0 : 1UL << (int)field;

    /// <summary>The mask of several fields.</summary>
    public static ulong Mask(params ReadOnlySpan<KnownField> fields)
    {
        ulong mask = 0;
        foreach (KnownField field in fields)
        {
            mask |= Bit(field);
        }

        return mask;
    }

    /// <summary>The field with this name, compared without case (RFC 9110 §5.1); the name is a token.</summary>
    public static KnownField Parse(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return KnownField.None;
        }

        for (int index = First[Hash(name)]; index != 0; index = Next[index])
        {
            byte[] candidate = Names[index];
            if (candidate.Length == name.Length && IsSame(candidate, name))
            {
                return (KnownField)index;
            }
        }

        return KnownField.None;
    }

    // Bit 0x20 folds the case of letters, and of all token bytes only a letter becomes a letter by it; "-" and digits
    // have it set. Words overlap at the end, so no length needs a loop over bytes but those below four.
    private static bool IsSame(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> name)
    {
        ref byte left = ref MemoryMarshal.GetReference(lower);
        ref byte right = ref MemoryMarshal.GetReference(name);
        int length = name.Length;
        if (length >= sizeof(ulong))
        {
            const ulong Fold = 0x2020202020202020;
            int last = length - sizeof(ulong);
            ulong differs = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref left, last))
                ^ (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref right, last)) | Fold);
            for (int i = 0; i < last; i += sizeof(ulong))
            {
                differs |= Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref left, i))
                    ^ (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref right, i)) | Fold);
            }

            return differs == 0;
        }

        if (length >= sizeof(uint))
        {
            const uint Fold = 0x20202020;
            uint first = BinaryPrimitives.ReadUInt32LittleEndian(lower)
                ^ (BinaryPrimitives.ReadUInt32LittleEndian(name) | Fold);
            uint second = BinaryPrimitives.ReadUInt32LittleEndian(lower[(length - sizeof(uint))..])
                ^ (BinaryPrimitives.ReadUInt32LittleEndian(name[(length - sizeof(uint))..]) | Fold);
            return (first | second) == 0;
        }

        int rest = 0;
        for (int i = 0; i < length; i++)
        {
            rest |= lower[i] ^ (name[i] | 0x20);
        }

        return rest == 0;
    }

    // Letters fold by bit 0x20; other bytes of a token may collide, which the comparison settles.
    private static int Hash(ReadOnlySpan<byte> name)
    {
        int length = name.Length;
        uint mixed = (uint)((name[0] | 0x20) + ((name[length - 1] | 0x20) << 8) + ((name[length >> 1] | 0x20) << 16));
        return (int)((((mixed + ((uint)length << 24)) * 0x9E3779B1u) >> 24) & (TableSize - 1));
    }

    private static byte[] BuildTable(byte[] first)
    {
        byte[] next = new byte[Count];
        for (int index = Count - 1; index > 0; index--)
        {
            int slot = Hash(Names[index]);
            next[index] = first[slot];
            first[slot] = (byte)index;
        }

        return next;
    }

    private static byte[][] BuildNames() =>
    [
        [],
        "host"u8.ToArray(),
        "connection"u8.ToArray(),
        "keep-alive"u8.ToArray(),
        "proxy-connection"u8.ToArray(),
        "transfer-encoding"u8.ToArray(),
        "content-length"u8.ToArray(),
        "te"u8.ToArray(),
        "trailer"u8.ToArray(),
        "upgrade"u8.ToArray(),
        "expect"u8.ToArray(),
        "authorization"u8.ToArray(),
        "proxy-authorization"u8.ToArray(),
        "proxy-authenticate"u8.ToArray(),
        "www-authenticate"u8.ToArray(),
        "cookie"u8.ToArray(),
        "set-cookie"u8.ToArray(),
        "content-type"u8.ToArray(),
        "content-encoding"u8.ToArray(),
        "content-range"u8.ToArray(),
        "date"u8.ToArray(),
        "server"u8.ToArray(),
        "via"u8.ToArray(),
        "location"u8.ToArray(),
        "user-agent"u8.ToArray(),
        "accept"u8.ToArray(),
        "accept-encoding"u8.ToArray(),
        "cache-control"u8.ToArray(),
        "max-forwards"u8.ToArray(),
        "range"u8.ToArray(),
        "referer"u8.ToArray(),
        "origin"u8.ToArray(),
        "access-control-request-method"u8.ToArray(),
        "forwarded"u8.ToArray(),
        "x-forwarded-for"u8.ToArray(),
        "x-forwarded-proto"u8.ToArray(),
        "x-forwarded-host"u8.ToArray(),
        "x-forwarded-port"u8.ToArray(),
        "x-forwarded-client-cert"u8.ToArray(),
        "x-request-id"u8.ToArray(),
        "traceparent"u8.ToArray(),
        "tracestate"u8.ToArray(),
        "b3"u8.ToArray(),
        "x-b3-traceid"u8.ToArray(),
        "x-b3-sampled"u8.ToArray(),
        "grpc-status"u8.ToArray(),
        "grpc-timeout"u8.ToArray(),
        "x-envoy-original-path"u8.ToArray(),
        "x-envoy-original-dst-host"u8.ToArray(),
        "x-envoy-internal"u8.ToArray(),
        "x-envoy-external-address"u8.ToArray(),
        "x-envoy-attempt-count"u8.ToArray(),
        "x-envoy-upstream-rq-timeout-ms"u8.ToArray(),
        "x-envoy-upstream-rq-per-try-timeout-ms"u8.ToArray(),
        "x-envoy-max-retries"u8.ToArray(),
        "x-envoy-retry-on"u8.ToArray(),
        "x-envoy-retry-grpc-on"u8.ToArray(),
        "x-envoy-upstream-service-time"u8.ToArray(),
        "x-envoy-expected-rq-timeout-ms"u8.ToArray(),
        "x-envoy-decorator-operation"u8.ToArray(),
        "x-envoy-overloaded"u8.ToArray(),
        "x-envoy-peer-metadata"u8.ToArray(),
        "x-envoy-peer-metadata-id"u8.ToArray(),
        "x-envoy-downstream-service-cluster"u8.ToArray(),
    ];
}
