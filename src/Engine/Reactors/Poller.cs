using System;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// What a reactor asks its kernel (or the simulated one) for: submit and reap, by the batch, and what time it is.
/// Made and used on the reactor's thread, but for <see cref="Wake"/>.
/// </summary>
internal abstract class Poller : IDisposable
{
    /// <summary>"epoll", "uring" or "simulated".</summary>
    public abstract string Name { get; }

    /// <summary>Time since an arbitrary start, in microseconds; never runs backwards.</summary>
    public abstract long ReadClockUs();

    /// <summary>Wall time, in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long ReadUtcMs();

    /// <summary>
    /// Hands pending operations to the kernel, waits for events, calls <see cref="Reactor.BeginTurn"/> and runs their
    /// handlers.
    /// </summary>
    /// <param name="timeoutMs">0: do not wait; -1: as long as it takes.</param>
    public abstract void Wait(int timeoutMs);

    /// <summary>End of a turn: one send per connection that wrote something, and deferred closing.</summary>
    public abstract void Flush();

    /// <summary>Ends a <see cref="Wait"/> from any thread.</summary>
    public abstract void Wake();

    /// <summary>Closes everything that is open; the reactor has stopped.</summary>
    public abstract void Dispose();
}
