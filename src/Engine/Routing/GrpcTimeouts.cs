using System;
using FastMesh.Protocols;
using FastMesh.Protocols.Grpc;

namespace FastMesh.Engine.Routing;

/// <summary>
/// How far a route lets gRPC calls say their own time limit by <c>grpc-timeout</c>. Envoy's fields
/// <c>max_grpc_timeout</c> and <c>grpc_timeout_offset</c> set the limit of the response, <c>grpc_timeout_header_max</c>
/// and <c>grpc_timeout_header_offset</c> that of the stream. Immutable.
/// </summary>
internal sealed class GrpcTimeouts
{
    /// <summary>Longest time for the response; 0 is no limit, null leaves the route's own timeout in force.</summary>
    public long? MaxMs { get; init; }

    /// <summary>Taken off what the call says, when that is more.</summary>
    public long OffsetMs { get; init; }

    /// <summary>Longest life of the stream; 0 is no limit, null leaves the route's own in force.</summary>
    public long? HeaderMaxMs { get; init; }

    /// <summary>Taken off what the call says, when that is more.</summary>
    public long HeaderOffsetMs { get; init; }

    /// <summary>
    /// The limit of the response. When the call's own is used, <c>grpc-timeout</c> is set to it, so that the upstream
    /// knows the same one.
    /// </summary>
    /// <param name="fields">Fields of the request.</param>
    /// <param name="routeMs">The route's timeout.</param>
    public long ResponseMs(HttpFields fields, long routeMs)
    {
        if (MaxMs is not { } maxMs || !GrpcCalls.IsCall(fields))
        {
            return routeMs;
        }

        bool isSaid = TryGet(fields, OffsetMs, out long saidMs);
        long limitMs = !isSaid ? maxMs : maxMs == 0 ? saidMs : Math.Min(saidMs, maxMs);
        if (limitMs > 0)
        {
            Span<byte> value = stackalloc byte[GrpcTimeout.BytesMax];
            fields.Set(KnownField.GrpcTimeout, value[..GrpcTimeout.Write(limitMs, value)]);
        }

        return limitMs;
    }

    /// <summary>The longest life of the stream.</summary>
    /// <param name="fields">Fields of the request.</param>
    /// <param name="streamMs">What holds without the field.</param>
    public long StreamMs(HttpFields fields, long streamMs)
    {
        if (HeaderMaxMs is not { } maxMs || !TryGet(fields, HeaderOffsetMs, out long saidMs))
        {
            return streamMs;
        }

        return maxMs == 0 ? saidMs : Math.Min(saidMs, maxMs);
    }

    private static bool TryGet(HttpFields fields, long offsetMs, out long milliseconds)
    {
        milliseconds = 0;
        if (!fields.TryGet(KnownField.GrpcTimeout, out ReadOnlySpan<byte> value)
            || !GrpcTimeout.TryParse(value, out milliseconds))
        {
            return false;
        }

        // Zero is over at once; our limits read it as none.
        milliseconds = Math.Max(1, milliseconds > offsetMs ? milliseconds - offsetMs : milliseconds);
        return true;
    }
}
