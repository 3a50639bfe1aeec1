using System;
using System.Threading;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// The only door between threads: any thread posts, the owning reactor drains once a turn, in order of posting.
/// A lock-free stack that is turned round when it is emptied.
/// </summary>
internal sealed class Mailbox
{
    private Letter? _newest;

    /// <summary>True when something waits.</summary>
    public bool HasMail => Volatile.Read(ref _newest) is not null;

    /// <summary>Adds work. True when the box was empty, so that the reactor has to be woken.</summary>
    public bool Post(Action<object?> work, object? state)
    {
        var letter = new Letter(work, state);
        while (true)
        {
            Letter? seen = Volatile.Read(ref _newest);
            letter.Next = seen;
            if (Interlocked.CompareExchange(ref _newest, letter, seen) == seen)
            {
                return seen is null;
            }
        }
    }

    /// <summary>Takes everything and runs it, oldest first; a fault goes to <paramref name="failed"/>.</summary>
    public void Drain(Action<Exception> failed)
    {
        Letter? letter = Volatile.Read(ref _newest) is null ? null : Interlocked.Exchange(ref _newest, null);
        Letter? ordered = null;
        while (letter is not null)
        {
            Letter? next = letter.Next;
            letter.Next = ordered;
            ordered = letter;
            letter = next;
        }

        for (; ordered is not null; ordered = ordered.Next)
        {
            try
            {
                ordered.Work(ordered.State);
            }
#pragma warning disable CA1031 // A fault of posted work is our bug; the reactor outlives it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failed(error);
            }
        }
    }

    private sealed class Letter(Action<object?> work, object? state)
    {
        public Action<object?> Work { get; } = work;

        public object? State { get; } = state;

        public Letter? Next { get; set; }
    }
}
