using System.Collections.Generic;

namespace FastMesh.Engine.Telemetry;

/// <summary>Envoy's command operators that mean something here.</summary>
internal enum FormatOperator : byte
{
    Literal,

    /// <summary>
    /// Known, but nothing here can have a value of it: metadata nobody sets.
    /// </summary>
    Absent,
    StartTime,
    EmitTime,
    AccessLogType,
    RequestField,
    ResponseField,
    TrailerField,
    RequestWithoutQuery,
    Environment,
    Protocol,
    ResponseCode,
    ResponseCodeDetails,
    ConnectionTerminationDetails,
    ResponseFlags,
    ResponseFlagsLong,
    BytesReceived,
    BytesSent,
    Duration,
    RequestDuration,
    ResponseDuration,
    ResponseTxDuration,
    UpstreamHost,
    UpstreamCluster,
    UpstreamLocalAddress,
    UpstreamLocalAddressWithoutPort,
    UpstreamLocalPort,
    UpstreamRemoteAddress,
    UpstreamRemoteAddressWithoutPort,
    UpstreamRemotePort,
    UpstreamTransportFailureReason,
    UpstreamRequestAttemptCount,
    DownstreamRemoteAddress,
    DownstreamRemoteAddressWithoutPort,
    DownstreamRemotePort,
    DownstreamDirectRemoteAddress,
    DownstreamDirectRemoteAddressWithoutPort,
    DownstreamDirectRemotePort,
    DownstreamLocalAddress,
    DownstreamLocalAddressWithoutPort,
    DownstreamLocalPort,
    RequestedServerName,
    RouteName,
    VirtualHostName,
    FilterChainName,
    HostName,
    ConnectionId,
    StreamId,
    LocalReplyBody,
    GrpcStatus,
    GrpcStatusSnake,
    GrpcStatusNumber,
    DownstreamTransportFailureReason,

    /// <summary>What TLS knows of the downstream connection; which value of it is in the part.</summary>
    DownstreamTls,
    UpstreamTls,
}

/// <summary>The operators by name.</summary>
internal static class FormatOperators
{
    private static readonly Dictionary<string, FormatOperator> s_byName = new()
    {
        ["START_TIME"] = FormatOperator.StartTime,
        ["EMIT_TIME"] = FormatOperator.EmitTime,
        ["ACCESS_LOG_TYPE"] = FormatOperator.AccessLogType,
        ["REQ"] = FormatOperator.RequestField,
        ["RESP"] = FormatOperator.ResponseField,
        ["TRAILER"] = FormatOperator.TrailerField,
        ["REQ_WITHOUT_QUERY"] = FormatOperator.RequestWithoutQuery,
        ["ENVIRONMENT"] = FormatOperator.Environment,
        ["PROTOCOL"] = FormatOperator.Protocol,
        ["RESPONSE_CODE"] = FormatOperator.ResponseCode,
        ["RESPONSE_CODE_DETAILS"] = FormatOperator.ResponseCodeDetails,
        ["CONNECTION_TERMINATION_DETAILS"] = FormatOperator.ConnectionTerminationDetails,
        ["RESPONSE_FLAGS"] = FormatOperator.ResponseFlags,
        ["RESPONSE_FLAGS_LONG"] = FormatOperator.ResponseFlagsLong,
        ["BYTES_RECEIVED"] = FormatOperator.BytesReceived,
        ["BYTES_SENT"] = FormatOperator.BytesSent,
        ["DURATION"] = FormatOperator.Duration,
        ["REQUEST_DURATION"] = FormatOperator.RequestDuration,
        ["RESPONSE_DURATION"] = FormatOperator.ResponseDuration,
        ["RESPONSE_TX_DURATION"] = FormatOperator.ResponseTxDuration,
        ["UPSTREAM_HOST"] = FormatOperator.UpstreamHost,
        ["UPSTREAM_CLUSTER"] = FormatOperator.UpstreamCluster,
        ["UPSTREAM_CLUSTER_RAW"] = FormatOperator.UpstreamCluster,
        ["UPSTREAM_LOCAL_ADDRESS"] = FormatOperator.UpstreamLocalAddress,
        ["UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"] = FormatOperator.UpstreamLocalAddressWithoutPort,
        ["UPSTREAM_LOCAL_PORT"] = FormatOperator.UpstreamLocalPort,
        ["UPSTREAM_REMOTE_ADDRESS"] = FormatOperator.UpstreamRemoteAddress,
        ["UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"] = FormatOperator.UpstreamRemoteAddressWithoutPort,
        ["UPSTREAM_REMOTE_PORT"] = FormatOperator.UpstreamRemotePort,
        ["UPSTREAM_TRANSPORT_FAILURE_REASON"] = FormatOperator.UpstreamTransportFailureReason,
        ["UPSTREAM_REQUEST_ATTEMPT_COUNT"] = FormatOperator.UpstreamRequestAttemptCount,
        ["DOWNSTREAM_REMOTE_ADDRESS"] = FormatOperator.DownstreamRemoteAddress,
        ["DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"] = FormatOperator.DownstreamRemoteAddressWithoutPort,
        ["DOWNSTREAM_REMOTE_PORT"] = FormatOperator.DownstreamRemotePort,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS"] = FormatOperator.DownstreamDirectRemoteAddress,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"] = FormatOperator.DownstreamDirectRemoteAddressWithoutPort,
        ["DOWNSTREAM_DIRECT_REMOTE_PORT"] = FormatOperator.DownstreamDirectRemotePort,
        ["DOWNSTREAM_LOCAL_ADDRESS"] = FormatOperator.DownstreamLocalAddress,
        ["DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"] = FormatOperator.DownstreamLocalAddressWithoutPort,
        ["DOWNSTREAM_LOCAL_PORT"] = FormatOperator.DownstreamLocalPort,
        ["REQUESTED_SERVER_NAME"] = FormatOperator.RequestedServerName,
        ["ROUTE_NAME"] = FormatOperator.RouteName,
        ["VIRTUAL_HOST_NAME"] = FormatOperator.VirtualHostName,
        ["FILTER_CHAIN_NAME"] = FormatOperator.FilterChainName,
        ["HOSTNAME"] = FormatOperator.HostName,
        ["CONNECTION_ID"] = FormatOperator.ConnectionId,
        ["STREAM_ID"] = FormatOperator.StreamId,
        ["LOCAL_REPLY_BODY"] = FormatOperator.LocalReplyBody,
        ["GRPC_STATUS"] = FormatOperator.GrpcStatus,
        ["GRPC_STATUS_NUMBER"] = FormatOperator.GrpcStatusNumber,
        ["DOWNSTREAM_TRANSPORT_FAILURE_REASON"] = FormatOperator.DownstreamTransportFailureReason,
        ["DYNAMIC_METADATA"] = FormatOperator.Absent,
        ["CLUSTER_METADATA"] = FormatOperator.Absent,
        ["UPSTREAM_METADATA"] = FormatOperator.Absent,
        ["FILTER_STATE"] = FormatOperator.Absent,
    };

    /// <summary>All names, for messages.</summary>
    public static string Known => $"{string.Join(", ", s_byName.Keys)}, and {TlsValues.Known}";

    public static bool TryParse(string name, out FormatOperator kind) => s_byName.TryGetValue(name, out kind);

    public static bool IsNumber(this FormatOperator kind) =>
        kind is FormatOperator.ResponseCode or FormatOperator.BytesReceived or FormatOperator.BytesSent
            or FormatOperator.Duration or FormatOperator.RequestDuration or FormatOperator.ResponseDuration
            or FormatOperator.ResponseTxDuration or FormatOperator.UpstreamRequestAttemptCount
            or FormatOperator.ConnectionId or FormatOperator.UpstreamLocalPort or FormatOperator.UpstreamRemotePort
            or FormatOperator.DownstreamRemotePort or FormatOperator.DownstreamDirectRemotePort
            or FormatOperator.DownstreamLocalPort or FormatOperator.StreamId
            or FormatOperator.GrpcStatusNumber;
}
