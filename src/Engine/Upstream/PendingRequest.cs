using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastMesh.Engine.Upstream;

/// <summary>
/// One request's place in the queue of a pool. It ends with a connection that was opened or became free, with an error,
/// or by <see cref="Cancel"/>. Reused over the requests of an exchange; what waits resumes in the next turn, so that
/// nobody runs inside the one who gave. Reactor thread only.
/// </summary>
internal sealed class PendingRequest : ICriticalNotifyCompletion
{
    private static readonly Action<object?> s_resume =
        static state => ((PendingRequest)state!)._continuation!.Invoke();

    private Action? _continuation;
    private ConnectionPool? _pool;
    private AcquiredStream _result;

    public bool IsCompleted => false;

    /// <summary>Only a connection that has served nobody will do.</summary>
    public bool WantsFresh { get; private set; }

    internal PendingRequest? Next { get; set; }

    internal PendingRequest? Previous { get; set; }

    public PendingRequest GetAwaiter() => this;

    /// <summary>A connection or an error.</summary>
    public AcquiredStream GetResult()
    {
        AcquiredStream result = _result;
        _result = default;
        _continuation = null;
        return result;
    }

    public void OnCompleted(Action continuation) => _continuation = continuation;

    public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

    /// <summary>
    /// It was given up since <see cref="Restart"/>, be it between its end in the queue and the turn in which it
    /// resumes.
    /// </summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Another attempt begins.</summary>
    public void Restart() => IsCancelled = false;

    /// <summary>Takes the request out of its queue, if it stands in one; its owner knows why.</summary>
    public void Cancel()
    {
        IsCancelled = true;
        if (_pool is { } pool)
        {
            pool.Remove(this);
            End(pool, new AcquiredStream(null, ForwardError.Overflow, null));
        }
    }

    internal void Begin(ConnectionPool pool, bool wantsFresh)
    {
        Debug.Assert(_pool is null && _continuation is null);
        _pool = pool;
        WantsFresh = wantsFresh;
    }

    internal void End(ConnectionPool pool, in AcquiredStream result)
    {
        Debug.Assert(_pool == pool);
        _pool = null;
        _result = result;
        pool.Reactor.Defer(s_resume, this);
    }
}
