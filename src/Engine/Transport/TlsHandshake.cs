using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Tls;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Brings a connection from its first ciphertext to its first plaintext, within a time limit. Exists while the
/// handshake lasts. Reactor thread only.
/// </summary>
internal sealed class TlsHandshake
{
    private static readonly Action<TransportConnection> s_activity = OnActivity;

    private readonly TransportConnection _connection;
    private readonly Action<TlsHandshake> _done;
    private readonly ReactorTimer _timer;
    private readonly TlsHandshakeQueue? _queue;
    private readonly LinkedListNode<TlsHandshake>? _place;
    private bool _isDone;

    private TlsHandshake(
        TransportConnection connection, object? owner, Action<TlsHandshake> done, TlsHandshakeQueue? queue)
    {
        _connection = connection;
        Owner = owner;
        _done = done;
        _queue = queue;
        _place = queue?.Enter(this);
        _timer = new ReactorTimer(static run => ((TlsHandshake)run!).OnTimeout(), this);
    }

    /// <summary>Whoever wants to know.</summary>
    public object? Owner { get; }

    public TransportConnection Connection => _connection;

    /// <summary>The time was over.</summary>
    public bool TimedOut { get; private set; }

    /// <summary>Too many were under way, and this one had waited longest.</summary>
    public bool MadeRoom { get; private set; }

    /// <summary>Plaintext may pass.</summary>
    public bool Succeeded =>
        _connection.Tls is { IsEstablished: true, Error: null } && !TimedOut && !MadeRoom && !_connection.IsClosed;

    /// <summary>Why it failed.</summary>
    public string Reason => TimedOut ? "the handshake took too long"
        : MadeRoom ? "too many handshakes were under way, and this one had waited longest"
        : _connection.Tls?.Error?.ToString() ?? _connection.Error.Text;

    /// <summary>Begins; <paramref name="done"/> is called once, in this call or later.</summary>
    /// <param name="connection">It has said nothing yet.</param>
    /// <param name="session">Its TLS.</param>
    /// <param name="timeoutMs">Time until it must be complete.</param>
    /// <param name="owner">Becomes <see cref="Owner"/>.</param>
    /// <param name="done">Told when it is complete or has failed.</param>
    /// <param name="queue">Bounds those under way; null for no bound.</param>
    public static void Begin(
        TransportConnection connection, TlsSession session, int timeoutMs, object? owner, Action<TlsHandshake> done,
        TlsHandshakeQueue? queue = null)
    {
        var run = new TlsHandshake(connection, owner, done, queue);
        connection.Owner = run;
        connection.IdleActivity = s_activity;
        connection.Reactor.Timers.Schedule(run._timer, timeoutMs);
        connection.StartTls(session);
        run.Look();
    }

    /// <summary>The same, awaited.</summary>
    public static Task<TlsHandshake> RunAsync(TransportConnection connection, TlsSession session, int timeoutMs)
    {
        var source = new TaskCompletionSource<TlsHandshake>();
        Begin(connection, session, timeoutMs, source, static run =>
            ((TaskCompletionSource<TlsHandshake>)run.Owner!).SetResult(run));
        return source.Task;
    }

    /// <summary>Counts how it ended.</summary>
    public void Count(ref TlsStats stats)
    {
        TlsError? error = _connection.Tls?.Error;
        if (Succeeded)
        {
            TlsSession session = _connection.Tls!.Session;
            stats.Handshake++;
            stats.SessionReused += session.IsResumed ? 1 : 0;
            stats.NoCertificate += session.Peer is null ? 1 : 0;
        }
        else if (error?.Kind == TlsErrorKind.PeerCertificate)
        {
            bool isMissing = error.AlertSent is TlsAlert.CertificateRequired or TlsAlert.HandshakeFailure;
            stats.FailVerifyNoCert += isMissing ? 1 : 0;
            stats.FailVerifyError += isMissing ? 0 : 1;
        }
        else
        {
            stats.ConnectionError++;
        }
    }

    /// <summary>Ends it, for another.</summary>
    public void MakeRoom()
    {
        MadeRoom = true;
        End();
    }

    private static void OnActivity(TransportConnection connection)
    {
        if (connection.Owner is TlsHandshake run)
        {
            run.Look();
        }
    }

    private void OnTimeout()
    {
        TimedOut = true;
        End();
    }

    private void Look()
    {
        if (_connection.Tls is not { IsHandshaking: true } || _connection.IsClosed)
        {
            End();
        }
    }

    private void End()
    {
        if (_isDone)
        {
            return;
        }

        _isDone = true;
        _queue?.Leave(_place!);
        _connection.Reactor.Timers.Cancel(_timer);
        _connection.Owner = null;
        _connection.IdleActivity = null;
        _done(this);
    }
}
