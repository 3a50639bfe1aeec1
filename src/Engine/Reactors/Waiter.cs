using System;
using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// Who waits for one thing that happens on the reactor, and is resumed inline: the common part of the awaitables that
/// are their own value task source. A field of its owner; never copied.
/// </summary>
internal struct Waiter
{
    private static readonly Action<object?> s_nobodyYet = static _ => { };

    private Action<object?>? _continuation;
    private object? _state;

    /// <summary>True from <see cref="Begin()"/> to <see cref="Resume"/>.</summary>
    public readonly bool IsWaiting => _continuation is not null;

    /// <summary>For a value task source.</summary>
    public readonly ValueTaskSourceStatus Status =>
        IsWaiting ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

    /// <summary>A wait begins; whom to resume follows.</summary>
    public void Begin() => Begin(s_nobodyYet, null);

    /// <summary>A wait begins.</summary>
    public void Begin(Action<object?> continuation, object? state)
    {
        Debug.Assert(!IsWaiting, "one wait at a time");
        _continuation = continuation;
        _state = state;
    }

    /// <summary>For a value task source: whom to resume. What has happened meanwhile is not waited for.</summary>
    public void OnCompleted(Action<object?> continuation, object? state)
    {
        if (IsWaiting)
        {
            _continuation = continuation;
            _state = state;
        }
        else
        {
            continuation(state);
        }
    }

    /// <summary>Ends the wait and runs who waited, who may begin the next.</summary>
    /// <returns>False when nobody waited.</returns>
    public bool Resume()
    {
        if (_continuation is not { } continuation)
        {
            return false;
        }

        object? state = _state;
        _continuation = null;
        _state = null;
        continuation(state);
        return true;
    }
}
