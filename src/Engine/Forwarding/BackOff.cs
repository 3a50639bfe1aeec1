using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// A wait before the next attempt, by the reactor's clock; <see cref="Cancel"/> ends it early. Reused over the attempts
/// of an exchange. Reactor thread only.
/// </summary>
internal sealed class BackOff : ICriticalNotifyCompletion
{
    private static readonly Action<object?> s_resume = static state => ((BackOff)state!).Resume();

    private readonly Reactor _reactor;
    private readonly ReactorTimer _timer;
    private Action? _continuation;

    public BackOff(Reactor reactor)
    {
        _reactor = reactor;
        _timer = new ReactorTimer(s_resume, this);
    }

    public bool IsCompleted => false;

    /// <summary>Waits; await the result once.</summary>
    public BackOff For(long milliseconds)
    {
        Debug.Assert(!_timer.IsScheduled, "one wait at a time");
        _reactor.Timers.Schedule(_timer, Math.Max(1, milliseconds));
        return this;
    }

    public BackOff GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => _continuation = continuation;

    public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

    /// <summary>Ends the wait in the next turn, if there is one.</summary>
    public void Cancel()
    {
        if (_timer.IsScheduled)
        {
            _reactor.Timers.Cancel(_timer);
            _reactor.Defer(s_resume, this);
        }
    }

    private void Resume()
    {
        Action continuation = _continuation!;
        _continuation = null;
        continuation();
    }
}
