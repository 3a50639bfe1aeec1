using FastMesh.Protocols;

namespace FastMesh.Engine.Telemetry;

/// <summary>Takes what a subject counted. The names are Envoy's, without prefix.</summary>
internal interface IStatVisitor
{
    void Counter(string name, long value);

    void Gauge(string name, long value);

    void Distribution(string name, Histogram values);
}

/// <summary>
/// Counters of one subject on one reactor: plain fields, written by that reactor only, read by scrapes.
/// </summary>
internal abstract class StatBlock
{
    public abstract void Visit(IStatVisitor visitor);
}

/// <summary>Responses by class, on either side.</summary>
internal struct ResponseClassCounts
{
    public long Of1xx;
    public long Of2xx;
    public long Of3xx;
    public long Of4xx;
    public long Of5xx;

    public void Count(int status)
    {
        switch (status / 100)
        {
            case 1: Of1xx++; break;
            case 2: Of2xx++; break;
            case 3: Of3xx++; break;
            case 4: Of4xx++; break;
            case 5: Of5xx++; break;
            default: break;
        }
    }

    public readonly void Visit(IStatVisitor visitor, string prefix)
    {
        visitor.Counter(prefix + "1xx", Of1xx);
        visitor.Counter(prefix + "2xx", Of2xx);
        visitor.Counter(prefix + "3xx", Of3xx);
        visitor.Counter(prefix + "4xx", Of4xx);
        visitor.Counter(prefix + "5xx", Of5xx);
    }
}

/// <summary><c>http.&lt;stat_prefix&gt;.*</c>.</summary>
internal sealed class HttpStats : StatBlock
{
    public long DownstreamCxTotal;
    public long DownstreamCxActive;
    public long DownstreamCxDestroy;
    public long DownstreamCxHttp1Total;
    public long DownstreamCxHttp1Active;
    public long DownstreamCxHttp2Total;
    public long DownstreamCxHttp2Active;
    public long DownstreamCxIdleTimeout;
    public long DownstreamCxMaxDurationReached;
    public long DownstreamCxProtocolError;
    public long DownstreamRqTotal;
    public long DownstreamRqActive;
    public long DownstreamRqHttp1Total;
    public long DownstreamRqHttp2Total;
    public long DownstreamRqTimeout;
    public long DownstreamRqHeaderTimeout;
    public long DownstreamRqIdleTimeout;
    public long DownstreamRqRxReset;
    public long NoRoute;
    public ResponseClassCounts Responses;

    public Histogram DownstreamRqTime { get; } = new();

    public void BeginRequest()
    {
        DownstreamRqTotal++;
        DownstreamRqActive++;
    }

    /// <summary>Counts an exchange that began with <see cref="BeginRequest"/> and is over.</summary>
    public void EndRequest(ExchangeRecord record)
    {
        DownstreamRqActive--;
        _ = record.Protocol == HttpVersion.Http2 ? DownstreamRqHttp2Total++ : DownstreamRqHttp1Total++;
        Responses.Count(record.ResponseCode);
        DownstreamRqTime.Record((record.EndUs - record.StartUs) / 1000);
        if (record.Flags != ResponseFlags.None || record.ResponseCode == 408)
        {
            CountTrouble(record);
        }
    }

    private void CountTrouble(ExchangeRecord record)
    {
        NoRoute += Has(record, ResponseFlags.NoRouteFound);
        DownstreamRqRxReset += Has(
            record, ResponseFlags.DownstreamConnectionTermination | ResponseFlags.DownstreamRemoteReset);
        DownstreamRqIdleTimeout += Has(record, ResponseFlags.StreamIdleTimeout);
        switch (record.ResponseCodeDetails)
        {
            case "request_header_timeout": DownstreamRqHeaderTimeout++; break;
            case "request_overall_timeout": DownstreamRqTimeout++; break;
            default: DownstreamCxProtocolError += Has(record, ResponseFlags.DownstreamProtocolError); break;
        }
    }

    private static int Has(ExchangeRecord record, ResponseFlags flag) => (record.Flags & flag) != 0 ? 1 : 0;

    public override void Visit(IStatVisitor visitor)
    {
        visitor.Counter("downstream_cx_total", DownstreamCxTotal);
        visitor.Gauge("downstream_cx_active", DownstreamCxActive);
        visitor.Counter("downstream_cx_destroy", DownstreamCxDestroy);
        visitor.Counter("downstream_cx_http1_total", DownstreamCxHttp1Total);
        visitor.Gauge("downstream_cx_http1_active", DownstreamCxHttp1Active);
        visitor.Counter("downstream_cx_http2_total", DownstreamCxHttp2Total);
        visitor.Gauge("downstream_cx_http2_active", DownstreamCxHttp2Active);
        visitor.Counter("downstream_cx_idle_timeout", DownstreamCxIdleTimeout);
        visitor.Counter("downstream_cx_max_duration_reached", DownstreamCxMaxDurationReached);
        visitor.Counter("downstream_cx_protocol_error", DownstreamCxProtocolError);
        visitor.Counter("downstream_rq_total", DownstreamRqTotal);
        visitor.Gauge("downstream_rq_active", DownstreamRqActive);
        visitor.Counter("downstream_rq_http1_total", DownstreamRqHttp1Total);
        visitor.Counter("downstream_rq_http2_total", DownstreamRqHttp2Total);
        visitor.Counter("downstream_rq_timeout", DownstreamRqTimeout);
        visitor.Counter("downstream_rq_header_timeout", DownstreamRqHeaderTimeout);
        visitor.Counter("downstream_rq_idle_timeout", DownstreamRqIdleTimeout);
        visitor.Counter("downstream_rq_rx_reset", DownstreamRqRxReset);
        visitor.Counter("no_route", NoRoute);
        Responses.Visit(visitor, "downstream_rq_");
        visitor.Distribution("downstream_rq_time", DownstreamRqTime);
    }
}

/// <summary><c>cluster.&lt;name&gt;.*</c>.</summary>
internal sealed class ClusterStats : StatBlock
{
    public long UpstreamCxTotal;
    public long UpstreamCxActive;

    /// <summary>Connections that are being opened; not a statistic of its own.</summary>
    public long UpstreamCxConnecting;

    public long UpstreamCxHttp2Total;
    public long UpstreamCxConnectFail;
    public TlsStats Tls;
    public long UpstreamCxConnectTimeout;
    public long UpstreamCxConnectAttemptsExceeded;
    public long UpstreamCxDestroy;
    public long UpstreamCxIdleTimeout;
    public long UpstreamCxNoneHealthy;
    public long UpstreamCxOverflow;
    public long UpstreamCxRxBytesTotal;
    public long UpstreamCxTxBytesTotal;
    public long UpstreamRqTotal;
    public long UpstreamRqActive;
    public long UpstreamRqTimeout;
    public long UpstreamRqPerTryTimeout;
    public long UpstreamRqRetry;
    public long UpstreamRqRetrySuccess;
    public long UpstreamRqRetryOverflow;
    public long UpstreamRqRetryLimitExceeded;
    public long UpstreamRqRetryBackOffExponential;

    /// <summary>Retries under way, for the circuit breaker; not a statistic of its own.</summary>
    public long UpstreamRqRetryActive;

    public long UpstreamRqPendingTotal;
    public long UpstreamRqPendingActive;
    public long UpstreamRqPendingOverflow;
    public long UpstreamRqPendingFailureEject;
    public long UpstreamRqRxReset;
    public ResponseClassCounts Responses;

    public Histogram UpstreamRqTime { get; } = new();

    public void BeginRequest()
    {
        UpstreamRqTotal++;
        UpstreamRqActive++;
    }

    /// <summary>Counts an exchange that began with <see cref="BeginRequest"/> and is over.</summary>
    public void EndRequest(ExchangeRecord record)
    {
        UpstreamRqActive--;
        Responses.Count(record.ResponseCode);
        if (record.FirstUpstreamTxUs != 0)
        {
            UpstreamRqTime.Record((record.EndUs - record.FirstUpstreamTxUs) / 1000);
        }

        if (record.Flags != ResponseFlags.None)
        {
            UpstreamRqTimeout += Has(record, ResponseFlags.UpstreamRequestTimeout);
            UpstreamCxNoneHealthy += Has(record, ResponseFlags.NoHealthyUpstream);
            UpstreamRqRxReset += Has(
                record, ResponseFlags.UpstreamRemoteReset | ResponseFlags.UpstreamConnectionTermination);
        }
    }

    private static int Has(ExchangeRecord record, ResponseFlags flags) => (record.Flags & flags) != 0 ? 1 : 0;

    public override void Visit(IStatVisitor visitor)
    {
        visitor.Counter("upstream_cx_total", UpstreamCxTotal);
        visitor.Gauge("upstream_cx_active", UpstreamCxActive);
        visitor.Counter("upstream_cx_http2_total", UpstreamCxHttp2Total);
        visitor.Counter("upstream_cx_connect_fail", UpstreamCxConnectFail);
        Tls.Visit(visitor);
        visitor.Counter("upstream_cx_connect_timeout", UpstreamCxConnectTimeout);
        visitor.Counter("upstream_cx_connect_attempts_exceeded", UpstreamCxConnectAttemptsExceeded);
        visitor.Counter("upstream_cx_destroy", UpstreamCxDestroy);
        visitor.Counter("upstream_cx_idle_timeout", UpstreamCxIdleTimeout);
        visitor.Counter("upstream_cx_none_healthy", UpstreamCxNoneHealthy);
        visitor.Counter("upstream_cx_overflow", UpstreamCxOverflow);
        visitor.Counter("upstream_cx_rx_bytes_total", UpstreamCxRxBytesTotal);
        visitor.Counter("upstream_cx_tx_bytes_total", UpstreamCxTxBytesTotal);
        visitor.Counter("upstream_rq_total", UpstreamRqTotal);
        visitor.Gauge("upstream_rq_active", UpstreamRqActive);
        visitor.Counter("upstream_rq_timeout", UpstreamRqTimeout);
        visitor.Counter("upstream_rq_per_try_timeout", UpstreamRqPerTryTimeout);
        visitor.Counter("upstream_rq_retry", UpstreamRqRetry);
        visitor.Counter("upstream_rq_retry_success", UpstreamRqRetrySuccess);
        visitor.Counter("upstream_rq_retry_overflow", UpstreamRqRetryOverflow);
        visitor.Counter("upstream_rq_retry_limit_exceeded", UpstreamRqRetryLimitExceeded);
        visitor.Counter("upstream_rq_retry_backoff_exponential", UpstreamRqRetryBackOffExponential);
        visitor.Counter("upstream_rq_pending_total", UpstreamRqPendingTotal);
        visitor.Gauge("upstream_rq_pending_active", UpstreamRqPendingActive);
        visitor.Counter("upstream_rq_pending_overflow", UpstreamRqPendingOverflow);
        visitor.Counter("upstream_rq_pending_failure_eject", UpstreamRqPendingFailureEject);
        visitor.Counter("upstream_rq_rx_reset", UpstreamRqRxReset);
        Responses.Visit(visitor, "upstream_rq_");
        visitor.Distribution("upstream_rq_time", UpstreamRqTime);
    }
}

/// <summary><c>ssl.*</c> of a listener or a cluster.</summary>
internal struct TlsStats
{
    public long Handshake;
    public long SessionReused;
    public long NoCertificate;
    public long ConnectionError;
    public long FailVerifyNoCert;
    public long FailVerifyError;

    public readonly void Visit(IStatVisitor visitor)
    {
        visitor.Counter("ssl.handshake", Handshake);
        visitor.Counter("ssl.session_reused", SessionReused);
        visitor.Counter("ssl.no_certificate", NoCertificate);
        visitor.Counter("ssl.connection_error", ConnectionError);
        visitor.Counter("ssl.fail_verify_no_cert", FailVerifyNoCert);
        visitor.Counter("ssl.fail_verify_error", FailVerifyError);
    }
}

/// <summary><c>listener.&lt;address&gt;.*</c>.</summary>
internal sealed class ListenerStats : StatBlock
{
    public long DownstreamCxTotal;
    public long DownstreamCxActive;
    public long DownstreamCxDestroy;
    public long DownstreamCxOverflow;
    public long DownstreamCxOverloadReject;
    public long DownstreamCxAcceptRests;
    public long DownstreamGlobalCxOverflow;
    public long DownstreamCxHandshakeOverflow;
    public long DownstreamPreCxTimeout;
    public long DownstreamPreCxActive;
    public long DownstreamCxLoop;
    public long DownstreamListenerFilterError;
    public long NoFilterChainMatch;
    public TlsStats Tls;

    public override void Visit(IStatVisitor visitor)
    {
        visitor.Counter("downstream_cx_total", DownstreamCxTotal);
        visitor.Gauge("downstream_cx_active", DownstreamCxActive);
        visitor.Counter("downstream_cx_destroy", DownstreamCxDestroy);
        visitor.Counter("downstream_cx_overflow", DownstreamCxOverflow);
        visitor.Counter("downstream_cx_overload_reject", DownstreamCxOverloadReject);
        visitor.Counter("downstream_cx_accept_rests", DownstreamCxAcceptRests);
        visitor.Counter("downstream_global_cx_overflow", DownstreamGlobalCxOverflow);
        visitor.Counter("downstream_cx_handshake_overflow", DownstreamCxHandshakeOverflow);
        visitor.Counter("downstream_pre_cx_timeout", DownstreamPreCxTimeout);
        visitor.Gauge("downstream_pre_cx_active", DownstreamPreCxActive);
        visitor.Counter("downstream_cx_loop", DownstreamCxLoop);
        visitor.Counter("downstream_listener_filter_error", DownstreamListenerFilterError);
        visitor.Counter("no_filter_chain_match", NoFilterChainMatch);
        Tls.Visit(visitor);
    }
}

/// <summary><c>tcp.&lt;stat_prefix&gt;.*</c>.</summary>
internal sealed class TcpStats : StatBlock
{
    public long DownstreamCxTotal;
    public long DownstreamCxActive;
    public long DownstreamCxNoRoute;
    public long DownstreamCxRxBytesTotal;
    public long DownstreamCxTxBytesTotal;
    public long DownstreamCxSpliced;
    public long IdleTimeout;
    public long MaxDownstreamConnectionDuration;

    public override void Visit(IStatVisitor visitor)
    {
        visitor.Counter("downstream_cx_total", DownstreamCxTotal);
        visitor.Gauge("downstream_cx_active", DownstreamCxActive);
        visitor.Counter("downstream_cx_no_route", DownstreamCxNoRoute);
        visitor.Counter("downstream_cx_rx_bytes_total", DownstreamCxRxBytesTotal);
        visitor.Counter("downstream_cx_tx_bytes_total", DownstreamCxTxBytesTotal);
        visitor.Counter("downstream_cx_spliced", DownstreamCxSpliced);
        visitor.Counter("idle_timeout", IdleTimeout);
        visitor.Counter("max_downstream_connection_duration", MaxDownstreamConnectionDuration);
    }
}
