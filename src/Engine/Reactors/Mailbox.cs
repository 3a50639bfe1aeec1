using System;
using System.Threading;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// The only door between threads: any thread posts, the owning reactor drains once a turn, in order of posting.
/// A lock-free stack that is turned round when it is emptied. After <see cref="Close"/> nothing is taken any more, so
/// that nobody waits for an answer from a reactor that has ended.
/// </summary>
internal sealed class Mailbox
{
    // Stands in the box for good once it is closed.
    private static readonly Letter s_closed = new(static _ => { }, null);

    private Letter? _newest;

    /// <summary>True when something waits.</summary>
    public bool HasMail => Volatile.Read(ref _newest) is { } newest && newest != s_closed;

    /// <summary>
    /// Adds work; false, and it never runs, when the box is closed. <paramref name="wasEmpty"/> tells that the reactor
    /// has to be woken. Any thread.
    /// </summary>
    public bool TryPost(Action<object?> work, object? state, out bool wasEmpty)
    {
        var letter = new Letter(work, state);
        while (true)
        {
            Letter? seen = Volatile.Read(ref _newest);
            wasEmpty = seen is null;
            if (seen == s_closed)
            {
                return false;
            }

            letter.Next = seen;
            if (Interlocked.CompareExchange(ref _newest, letter, seen) == seen)
            {
                return true;
            }
        }
    }

    /// <summary>Takes everything and runs it, oldest first; a fault goes to <paramref name="failed"/>.</summary>
    public void Drain(Action<Exception> failed)
    {
        if (HasMail)
        {
            RunAll(Interlocked.Exchange(ref _newest, null), failed);
        }
    }

    /// <summary>Runs what was posted in time and takes nothing more. Only the owner, at its end.</summary>
    public void Close(Action<Exception> failed)
    {
        Letter? last = Interlocked.Exchange(ref _newest, s_closed);
        if (last != s_closed)
        {
            RunAll(last, failed);
        }
    }

    private static void RunAll(Letter? letter, Action<Exception> failed)
    {
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
