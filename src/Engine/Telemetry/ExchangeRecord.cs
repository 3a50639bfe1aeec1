using System;
using FastMesh.Protocols;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// What is known of one exchange, or of one opaque connection, for logs and counters. Reused; times are the reactor's
/// monotonic microseconds, 0 where the moment did not come.
/// </summary>
internal sealed class ExchangeRecord
{
    public RequestHead? Request { get; set; }

    public ResponseHead? Response { get; set; }

    public HttpFields? ResponseTrailers { get; set; }

    public long StartUs { get; set; }

    public long StartUtcMs { get; set; }

    public long RequestEndUs { get; set; }

    public long FirstUpstreamTxUs { get; set; }

    public long FirstUpstreamRxUs { get; set; }

    public long LastUpstreamRxUs { get; set; }

    public long FirstDownstreamTxUs { get; set; }

    public long EndUs { get; set; }

    /// <summary>Body bytes from the client.</summary>
    public long BytesReceived { get; set; }

    /// <summary>Body bytes to the client.</summary>
    public long BytesSent { get; set; }

    public int ResponseCode { get; set; }

    public ResponseFlags Flags { get; set; }

    public string? ResponseCodeDetails { get; set; }

    public string? ConnectionTerminationDetails { get; set; }

    /// <summary>The text of an answer that the proxy makes itself, while it is given its form.</summary>
    public ReadOnlyMemory<byte> LocalReplyBody { get; set; }

    public string? UpstreamFailureReason { get; set; }

    /// <summary>Why the downstream TLS handshake failed.</summary>
    public string? DownstreamFailureReason { get; set; }

    /// <summary>Null where the client speaks in plaintext.</summary>
    public ConnectionSecurity? DownstreamSecurity { get; set; }

    /// <summary>Null where the upstream is spoken to in plaintext.</summary>
    public ConnectionSecurity? UpstreamSecurity { get; set; }

    public NetAddress DownstreamRemote { get; set; }

    public NetAddress DownstreamDirectRemote { get; set; }

    public NetAddress DownstreamLocal { get; set; }

    public NetAddress UpstreamRemote { get; set; }

    public NetAddress UpstreamLocal { get; set; }

    public string? UpstreamCluster { get; set; }

    public string? RouteName { get; set; }

    public string? VirtualHostName { get; set; }

    public string? RequestedServerName { get; set; }

    public string? ListenerName { get; set; }

    public string? FilterChainName { get; set; }

    public HttpVersion Protocol { get; set; }

    public int AttemptCount { get; set; }

    public ulong ConnectionId { get; set; }

    public ulong StreamId { get; set; }

    public void Clear()
    {
        Request = null;
        Response = null;
        ResponseTrailers = null;
        StartUs = 0;
        StartUtcMs = 0;
        RequestEndUs = 0;
        FirstUpstreamTxUs = 0;
        FirstUpstreamRxUs = 0;
        LastUpstreamRxUs = 0;
        FirstDownstreamTxUs = 0;
        EndUs = 0;
        BytesReceived = 0;
        BytesSent = 0;
        ResponseCode = 0;
        Flags = ResponseFlags.None;
        ResponseCodeDetails = null;
        ConnectionTerminationDetails = null;
        LocalReplyBody = default;
        UpstreamFailureReason = null;
        DownstreamFailureReason = null;
        DownstreamSecurity = null;
        UpstreamSecurity = null;
        DownstreamRemote = default;
        DownstreamDirectRemote = default;
        DownstreamLocal = default;
        UpstreamRemote = default;
        UpstreamLocal = default;
        UpstreamCluster = null;
        RouteName = null;
        VirtualHostName = null;
        RequestedServerName = null;
        ListenerName = null;
        FilterChainName = null;
        Protocol = HttpVersion.Unknown;
        AttemptCount = 0;
        ConnectionId = 0;
        StreamId = 0;
    }
}
