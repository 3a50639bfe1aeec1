using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using Microsoft.AspNetCore.Connections;

namespace FastMesh.Engine.Transport;

/// <summary>
/// A listener of the framework's kind over one listening socket per reactor. Accepted connections wait here for
/// whoever asks; any thread, any number of callers at once. Every wait ends: with a connection, or with null once it
/// was unbound or the reactors have ended.
/// </summary>
internal sealed class FactoryListener : IConnectionListener
{
    // The queue is short-lived: whoever accepts does nothing else in its loop.
    private const int WaitingMax = 4096;

    private readonly Queue<ConnectionContext> _waiting = new();
    private readonly Queue<TaskCompletionSource<ConnectionContext?>> _asked = new();
    private readonly List<TransportListener> _listeners = [];
    private readonly object _gate = new();
    private int _listening;
    private bool _stopped;

    public FactoryListener(EndPoint endPoint)
    {
        EndPoint = endPoint;
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>Listens on one more reactor; false, the socket being still the caller's, when that has ended.</summary>
    public Task<bool> AddAsync(Reactor reactor, ListenSocket socket)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool taken = reactor.Post(
            _ =>
            {
                try
                {
                    Listen(reactor, socket);
                    done.SetResult(true);
                }
#pragma warning disable CA1031 // Our bug, told to whoever waits rather than to nobody.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    done.SetException(error);
                }
            },
            null);
        return taken ? done.Task : Task.FromResult(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<ConnectionContext?> asked;
        Monitor.Enter(_gate);
        try
        {
            if (_waiting.TryDequeue(out ConnectionContext? connection) || _stopped)
            {
                return connection;
            }

            // Callers that gave up are let go here, so that they do not pile up where nobody connects.
            while (_asked.TryPeek(out TaskCompletionSource<ConnectionContext?>? oldest) && oldest.Task.IsCompleted)
            {
                _asked.Dequeue();
            }

            asked = new TaskCompletionSource<ConnectionContext?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked.Enqueue(asked);
        }
        finally
        {
            Monitor.Exit(_gate);
        }

        await using CancellationTokenRegistration canceling = cancellationToken.UnsafeRegister(
            static (waiting, token) => ((TaskCompletionSource<ConnectionContext?>)waiting!).TrySetCanceled(token),
            asked);
        return await asked.Task;
    }

    /// <inheritdoc/>
    /// <remarks>Connections that wait are still given out; then comes null.</remarks>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        TransportListener[] listeners = EndAccepting();
        var stopping = new List<Task>(listeners.Length);
        foreach (TransportListener listener in listeners)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            bool taken = listener.Reactor.Post(
                _ =>
                {
                    listener.Stop();
                    done.SetResult();
                },
                null);
            if (taken)
            {
                stopping.Add(done.Task);
            }
        }

        await Task.WhenAll(stopping).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        while (TryTakeWaiting() is { } unwanted)
        {
            unwanted.Abort();
        }
    }

    private void Listen(Reactor reactor, ListenSocket socket)
    {
        TransportListener listener = Transports.Listen(reactor, socket, Accept);
        listener.Stopped = OnListenerStopped;
        Monitor.Enter(_gate);
        _listeners.Add(listener);
        _listening++;
        Monitor.Exit(_gate);
    }

    private ConnectionContext? TryTakeWaiting()
    {
        Monitor.Enter(_gate);
        _waiting.TryDequeue(out ConnectionContext? connection);
        Monitor.Exit(_gate);
        return connection;
    }

    /// <summary>Nobody waits from now on. Gives what listens still.</summary>
    private TransportListener[] EndAccepting()
    {
        Monitor.Enter(_gate);
        try
        {
            _stopped = true;
            while (_asked.TryDequeue(out TaskCompletionSource<ConnectionContext?>? asked))
            {
                asked.TrySetResult(null);
            }

            return _listeners.ToArray();
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }

    private void OnListenerStopped()
    {
        Monitor.Enter(_gate);
        bool last = --_listening == 0;
        Monitor.Exit(_gate);
        if (last)
        {
            EndAccepting();
        }
    }

    private void Accept(TransportConnection connection)
    {
        connection.KeepAddresses();
        if (!TryHandOver(connection))
        {
            connection.Abort(reset: true);
        }
    }

    private bool TryHandOver(TransportConnection connection)
    {
        Monitor.Enter(_gate);
        try
        {
            while (_asked.TryDequeue(out TaskCompletionSource<ConnectionContext?>? asked))
            {
                // A caller that gave up meanwhile leaves the connection to the next.
                if (asked.TrySetResult(connection))
                {
                    return true;
                }
            }

            if (_stopped || _waiting.Count >= WaitingMax)
            {
                return false;
            }

            _waiting.Enqueue(connection);
            return true;
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }
}
