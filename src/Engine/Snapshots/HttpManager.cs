using System;
using System.Buffers.Text;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Snapshots;

/// <summary>What the proxy does with the <c>server</c> field of responses.</summary>
internal enum ServerField : byte
{
    Overwrite,
    AppendIfAbsent,
    PassThrough,
}

/// <summary>
/// One HTTP connection manager, compiled: everything a request consults, immutable but for <see cref="IsDraining"/>.
/// Fields carry the name of the Envoy field they come from.
/// </summary>
internal sealed class HttpManager
{
    public required RouteTable Routes { get; init; }

    public required Http1Limits Limits { get; init; }

    public required HttpStats[] Stats { get; init; }

    public required AccessLog[] AccessLogs { get; init; }

    /// <summary>How answers look that are made here; null as they are.</summary>
    public LocalReplies? LocalReplies { get; init; }

    public required PathNormalizer Paths { get; init; }

    /// <summary>Milliseconds; 0 is no limit.</summary>
    public long RequestHeadersTimeoutMs { get; init; }

    public long RequestTimeoutMs { get; init; }

    public long StreamIdleTimeoutMs { get; init; }

    public long IdleTimeoutMs { get; init; }

    public long MaxConnectionDurationMs { get; init; }

    public long MaxStreamDurationMs { get; init; }

    public long DelayedCloseTimeoutMs { get; init; }

    public uint MaxRequestsPerConnection { get; init; }

    /// <summary>When a draining HTTP/2 connection takes no stream any more even if its peer says nothing.</summary>
    public long DrainTimeoutMs { get; init; }

    /// <summary>What HTTP/2 connections offer and may cost.</summary>
    public Http2Limits Http2Limits { get; init; } = Http2Limits.Default;

    public required Http2Stats[] Http2Stats { get; init; }

    /// <summary>A malformed HTTP/2 message ends its connection, not just its stream.</summary>
    public bool EndsConnectionOnMalformedMessage { get; init; }

    /// <summary>Between PINGs that ask whether an HTTP/2 client lives; 0 asks never.</summary>
    public long KeepaliveIntervalMs { get; init; }

    public long KeepaliveTimeoutMs { get; init; }

    public int KeepaliveJitterPercent { get; init; }

    /// <summary>What a connection speaks is told from its first bytes.</summary>
    public bool DetectsHttp2 { get; init; }

    /// <summary>Only HTTP/2 is spoken.</summary>
    public bool IsHttp2 { get; init; }

    public bool AcceptHttp10 { get; init; }

    public byte[] DefaultHostForHttp10 { get; init; } = [];

    public byte[] ServerName { get; init; } = [];

    public ServerField ServerField { get; init; }

    public byte[] Via { get; init; } = [];

    public bool UseRemoteAddress { get; init; }

    public int TrustedHops { get; init; }

    public bool SkipForwardedForAppend { get; init; }

    public bool AppendForwardedPort { get; init; }

    public ForwardClientCert ForwardClientCert { get; init; }

    public ClientCertDetails ClientCertDetails { get; init; } = new(false, false, false, false, false);

    /// <summary>Field names of responses are written in <c>proper_case_words</c>.</summary>
    public bool ProperCaseWords { get; init; }

    public bool GenerateRequestId { get; init; }

    public bool PreserveExternalRequestId { get; init; }

    public bool AlwaysSetRequestIdInResponse { get; init; }

    public bool StripAnyPort { get; init; }

    /// <summary>The listener's port when <c>strip_matching_host_port</c> is on, else -1.</summary>
    public int StripPort { get; init; } = -1;

    public bool StripTrailingHostDot { get; init; }

    public bool Proxy100Continue { get; init; }

    public bool EnableTrailers { get; init; }

    /// <summary>Neither responses nor requests get <c>x-envoy-</c> fields of the router's own.</summary>
    public bool SuppressEnvoyFields { get; init; }

    /// <summary>Upgrade tokens and whether each is allowed, in the order of the configuration.</summary>
    public (byte[] Type, bool Enabled)[] Upgrades { get; init; } = [];

    /// <summary>Responses carry <c>connection: close</c> from now on.</summary>
    public bool IsDraining { get; set; }

    public HttpStats StatsFor(int reactor) => Stats[reactor];

    public bool AllowsUpgrade(ReadOnlySpan<byte> type)
    {
        foreach ((byte[] token, bool enabled) in Upgrades)
        {
            if (Ascii.EqualsIgnoreCase(token, type))
            {
                return enabled;
            }
        }

        return false;
    }

    public bool StripsPort(ReadOnlySpan<byte> port) =>
        StripAnyPort
        || (StripPort >= 0 && Utf8Parser.TryParse(port, out int value, out int used) && used == port.Length
            && value == StripPort);

    public void ApplyServerField(HttpFields fields)
    {
        if (ServerField == ServerField.Overwrite
            || (ServerField == ServerField.AppendIfAbsent && !fields.Has(KnownField.Server)))
        {
            fields.Set(KnownField.Server, ServerName);
        }
    }

    public void Log(ExchangeRecord record, int reactor)
    {
        foreach (AccessLog log in AccessLogs)
        {
            log.Write(record, reactor);
        }
    }
}

/// <summary>
/// The place of a connection manager that outlives snapshots: connections hold the slot, exchanges what stands in it
/// when they begin. A reload swaps the content; a removed listener leaves the old one, draining.
/// </summary>
internal sealed class HttpManagerSlot
{
    private volatile HttpManager _current;

    public HttpManagerSlot(HttpManager current) => _current = current;

    public HttpManager Current
    {
        get => _current;
        set => _current = value;
    }
}
