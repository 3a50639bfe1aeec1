using System;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// One timeout, linked into its reactor's <see cref="TimerWheel"/>. Made once, scheduled as often as wanted; nothing
/// is allocated by scheduling. Belongs to one reactor.
/// </summary>
internal sealed class ReactorTimer
{
    private readonly Action<object?> _fired;
    private readonly object? _state;

    /// <param name="fired">Called on the reactor with <paramref name="state"/> when the time has come.</param>
    /// <param name="state">Handed to <paramref name="fired"/>.</param>
    public ReactorTimer(Action<object?> fired, object? state)
    {
        _fired = fired;
        _state = state;
    }

    /// <summary>True from scheduling until the timer fires or is cancelled.</summary>
    public bool IsScheduled => Slot >= 0;

    /// <summary>The wheel's slot, or -1.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>When to fire, in the reactor's milliseconds. May lie after the slot's time: see TimerWheel.</summary>
    internal long DueMs { get; set; }

    internal ReactorTimer? Previous { get; set; }

    internal ReactorTimer? Next { get; set; }

    internal void Fire() => _fired(_state);
}
