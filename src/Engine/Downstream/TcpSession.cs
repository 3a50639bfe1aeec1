using System;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Downstream;

/// <summary>
/// One relayed connection: pick, connect, then two pumps that run side by side until both directions have ended.
/// An end of stream passes through as a half-close, a reset as a reset. Reactor thread only.
/// </summary>
internal sealed class TcpSession
{
    private const int SpliceTriesMax = 8;
    private const string IdleDetails = "tcp_session_idle_timeout";
    private const string DurationDetails = "max_downstream_connection_duration_reached";

    private static readonly Action<TransportConnection> s_unread = OnUnread;

    private readonly TcpRelay _relay;
    private readonly AcceptedConnection _accepted;
    private readonly TransportConnection _downstream;
    private readonly TcpStats _stats;
    private readonly long _startMs;
    private readonly long _startUs;
    private TransportConnection? _upstream;
    private ClusterStats? _clusterStats;
    private EndpointRuntime? _endpoint;
    private ReactorTimer? _timer;
    private string? _clusterName;
    private string? _details;
    private string? _failure;
    private ResponseFlags _flags;
    private NetAddress _upstreamRemote;
    private NetAddress _upstreamLocal;
    private ConnectionSecurity? _upstreamSecurity;
    private long _receivedBytes;
    private long _sentBytes;
    private long _receivedBeforeSplice;
    private long _sentBeforeSplice;
    private Splice? _splice;
    private int _spliceTries;
    private bool _isLost;

    public TcpSession(TcpRelay relay, AcceptedConnection accepted)
    {
        _relay = relay;
        _accepted = accepted;
        _downstream = accepted.Transport;
        _stats = relay.Stats[Reactor.Index];
        _startMs = Reactor.NowMs;
        _startUs = Reactor.NowUs;
    }

    private Reactor Reactor => _downstream.Reactor;

    /// <summary>Relays until both sides are done; both are closed then.</summary>
    public async Task RunAsync()
    {
        _stats.DownstreamCxTotal++;
        _stats.DownstreamCxActive++;
        if (await ConnectAsync())
        {
            StartTimer();
            Watch(_downstream);
            Watch(_upstream!);
            Task<long> up = PumpAsync(_downstream, _upstream!);
            _sentBytes = await PumpAsync(_upstream!, _downstream);
            _receivedBytes = await up;
            if (_splice is not null)
            {
                await SpliceAsync(_splice);
            }

            CloseUpstream();
        }

        _downstream.Close();
        _stats.DownstreamCxActive--;
        _stats.DownstreamCxRxBytesTotal += _receivedBytes;
        _stats.DownstreamCxTxBytesTotal += _sentBytes;
        WriteLog();
    }

    private async Task<bool> ConnectAsync()
    {
        RelayCluster choice = _relay.PickCluster(Reactor.NextRandom());
        _clusterName = choice.Name;
        if (choice.Runtime is not { } cluster)
        {
            _stats.DownstreamCxNoRoute++;
            _flags |= ResponseFlags.NoClusterFound;
            return false;
        }

        _clusterStats = cluster.StatsFor(Reactor.Index);
        if (cluster.HasAllConnections())
        {
            _clusterStats.UpstreamCxOverflow++;
            _flags |= ResponseFlags.UpstreamOverflow;
            return false;
        }

        for (int attempt = 1; attempt <= _relay.ConnectAttemptsMax; attempt++)
        {
            if (Pick(cluster) is not { } endpoint)
            {
                return false;
            }

            if (await TryConnectAsync(cluster, endpoint))
            {
                return true;
            }
        }

        _clusterStats.UpstreamCxConnectAttemptsExceeded++;
        _flags |= _relay.ConnectAttemptsMax > 1 ? ResponseFlags.UpstreamRetryLimitExceeded : ResponseFlags.None;
        return false;
    }

    private EndpointRuntime? Pick(ClusterRuntime cluster)
    {
        ref ConnectionFacts facts = ref _accepted.Facts;
        PickContext context = new()
        {
            ReactorIndex = Reactor.Index,
            Random = Reactor.NextRandom(),
            NowMs = Reactor.NowMs,
            OriginalDestination = facts.IsLocalRestored ? facts.Local : default,
        };
        PickResult picked = cluster.Pick(context);
        if (picked.Endpoint is null)
        {
            _clusterStats!.UpstreamCxNoneHealthy++;
            _flags |= picked.Flags;
        }

        return picked.Endpoint;
    }

    private async Task<bool> TryConnectAsync(ClusterRuntime cluster, EndpointRuntime endpoint)
    {
        _upstreamRemote = endpoint.Address;
        _clusterStats!.UpstreamCxConnecting++;
        ConnectOutcome connected = await Connector.DialAsync(Reactor, cluster, endpoint, protocols: null);
        _clusterStats.UpstreamCxConnecting--;
        if (connected.Connection is not { } upstream)
        {
            _flags |= ResponseFlags.UpstreamConnectionFailure;
            _failure = connected.Reason;
            return false;
        }

        // An earlier attempt's failure is not the connection's.
        _flags &= ~ResponseFlags.UpstreamConnectionFailure;
        _failure = null;
        _upstream = upstream;
        _upstreamRemote = upstream.RemoteAddress;
        _upstreamLocal = upstream.LocalAddress;
        _upstreamSecurity = upstream.Tls?.Security;
        _endpoint = endpoint;
        endpoint.PerReactor[Reactor.Index].ActiveRequests++;
        endpoint.PerReactor[Reactor.Index].TotalRequests++;
        _clusterStats.UpstreamCxTotal++;
        _clusterStats.UpstreamCxActive++;
        if (cluster.ProxyProtocolVersion != 0)
        {
            UpstreamProxyHeader.Write(upstream.Writer, cluster.ProxyProtocolVersion, _accepted.Facts);
            await upstream.Writer.FlushAsync();
        }

        return true;
    }

    /// <summary>
    /// Moves one direction until it ends. Buffers change owner; a destination that does not drain stops the reads.
    /// </summary>
    /// <returns>The bytes moved.</returns>
    private async Task<long> PumpAsync(TransportConnection from, TransportConnection to)
    {
        long moved = 0;
        TransportReader reader = from.Reader;
        while (true)
        {
            if (!reader.TryRead(out ReadResult read))
            {
                if (moved >= _relay.SpliceAfterBytes && await TryHandToKernelAsync(to))
                {
                    return moved;
                }

                read = await reader.ReadAsync();
            }

            if (read.IsCanceled)
            {
                // The other direction handed both to the kernel.
                return moved;
            }

            if (!read.Buffer.IsEmpty)
            {
                moved += reader.TransferTo(to.Writer, long.MaxValue);
                if ((await to.Writer.FlushAsync()).IsCompleted)
                {
                    Lose(to);
                    return moved;
                }
            }
            else if (read.IsCompleted)
            {
                if (!from.Error.IsNone || from.IsClosed)
                {
                    Lose(from);
                }

                // A half-close: the other direction lives on.
                to.Writer.ShutdownWrite();
                return moved;
            }
        }
    }

    /// <summary>
    /// Lets the kernel move the rest, when the other direction rests too. Asked in vain a few times, it stays here.
    /// </summary>
    private async ValueTask<bool> TryHandToKernelAsync(TransportConnection to)
    {
        if (_spliceTries >= SpliceTriesMax || _isLost || !to.Reader.IsWaiting)
        {
            return false;
        }

        _spliceTries++;
        int highWaterBytes = to.Writer.HighWaterBytes;
        to.Writer.HighWaterBytes = 1;
        await to.Writer.FlushAsync();
        to.Writer.HighWaterBytes = highWaterBytes;
        if (_isLost || !to.Reader.IsWaiting)
        {
            return false;
        }

        // What the readers hold by now goes first and was counted by neither pump.
        long fromClient = _downstream.BytesReceived - _downstream.Reader.BufferedBytes;
        long fromUpstream = _upstream!.BytesReceived - _upstream.Reader.BufferedBytes;
        _splice = Splice.TryStart(_downstream, _upstream);
        if (_splice is null)
        {
            return false;
        }

        _stats.DownstreamCxSpliced++;
        _receivedBeforeSplice = fromClient;
        _sentBeforeSplice = fromUpstream;
        to.Reader.CancelPendingRead();
        return true;
    }

    private async ValueTask SpliceAsync(Splice splice)
    {
        await splice.WaitAsync();
        _receivedBytes += _downstream.BytesReceived - _receivedBeforeSplice;
        _sentBytes += _upstream!.BytesReceived - _sentBeforeSplice;
        if (!splice.Error.IsNone && !_isLost)
        {
            TransportConnection lost = _downstream.Error.IsNone ? _upstream : _downstream;
            Lose(lost);
            lost.Abort(reset: true);
        }
    }

    /// <summary>One side is gone: resets the other, so that its peer cannot take a cut for an end.</summary>
    private void Lose(TransportConnection side)
    {
        if (_isLost)
        {
            return;
        }

        _isLost = true;
        bool isDownstream = side == _downstream;
        _flags |= isDownstream
            ? ResponseFlags.DownstreamConnectionTermination
            : ResponseFlags.UpstreamConnectionTermination;
        (isDownstream ? _upstream! : _downstream).Abort(reset: true);
    }

    /// <summary>
    /// Something arrived that no pump waits for, since its destination is full. Only a failure matters.
    /// </summary>
    private static void OnUnread(TransportConnection connection)
    {
        if (!connection.Error.IsNone)
        {
            ((TcpSession)connection.Owner!).Lose(connection);
        }
    }

    private void Watch(TransportConnection connection)
    {
        connection.Owner = this;
        connection.IdleActivity = s_unread;
    }

    private void StartTimer()
    {
        if (_relay.IdleTimeoutMs > 0 || _relay.MaxDurationMs > 0)
        {
            _timer = new ReactorTimer(static session => ((TcpSession)session!).OnTimer(), this);
            OnTimer();
        }
    }

    /// <summary>
    /// Looks whether a limit is reached, else sleeps until the nearest one; activity re-arms nothing.
    /// </summary>
    private void OnTimer()
    {
        Debug.Assert(_upstream is not null && _timer is not null);
        long nowMs = Reactor.NowMs;
        long activeMs = Math.Max(_startMs, Math.Max(_downstream.LastActivityMs, _upstream.LastActivityMs));
        long idleDueMs = _relay.IdleTimeoutMs > 0 ? activeMs + _relay.IdleTimeoutMs : long.MaxValue;
        long endDueMs = _relay.MaxDurationMs > 0 ? _startMs + _relay.MaxDurationMs : long.MaxValue;
        if (nowMs >= endDueMs)
        {
            _stats.MaxDownstreamConnectionDuration++;
            Cut(DurationDetails, ResponseFlags.DurationTimeout);
        }
        else if (nowMs >= idleDueMs)
        {
            _stats.IdleTimeout++;
            Cut(IdleDetails, ResponseFlags.StreamIdleTimeout);
        }
        else
        {
            Reactor.Timers.Schedule(_timer, Math.Max(1, Math.Min(idleDueMs, endDueMs) - nowMs));
        }
    }

    private void Cut(string details, ResponseFlags flag)
    {
        _isLost = true;
        _details = details;
        _flags |= flag;
        _downstream.Abort(reset: false);
        _upstream!.Abort(reset: false);
    }

    private void CloseUpstream()
    {
        if (_timer is not null)
        {
            Reactor.Timers.Cancel(_timer);
        }

        TransportConnection upstream = _upstream!;
        upstream.Close();
        _endpoint!.PerReactor[Reactor.Index].ActiveRequests--;
        _clusterStats!.UpstreamCxActive--;
        _clusterStats.UpstreamCxDestroy++;
        _clusterStats.UpstreamCxRxBytesTotal += _sentBytes;
        _clusterStats.UpstreamCxTxBytesTotal += _receivedBytes;
    }

    private void WriteLog()
    {
        if (_relay.AccessLogs.Length == 0)
        {
            return;
        }

        ExchangeRecord record = new()
        {
            StartUs = _startUs,
            StartUtcMs = Reactor.UtcNowMs - (Reactor.NowMs - _startMs),
            EndUs = Reactor.NowUs,
            BytesReceived = _receivedBytes,
            BytesSent = _sentBytes,
            Flags = _flags,
            ConnectionTerminationDetails = _details,
            UpstreamFailureReason = _failure,
            UpstreamRemote = _upstreamRemote,
            UpstreamLocal = _upstreamLocal,
            UpstreamSecurity = _upstreamSecurity,
            UpstreamCluster = _clusterName,
        };
        _accepted.Describe(record);
        foreach (AccessLog log in _relay.AccessLogs)
        {
            log.Write(record, Reactor.Index);
        }
    }
}
