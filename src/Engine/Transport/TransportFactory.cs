using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;
using Microsoft.AspNetCore.Connections;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The transport as the framework's own abstractions: whoever speaks <see cref="IConnectionListenerFactory"/> or
/// <see cref="IConnectionFactory"/> (Kestrel's protocols, a test) runs on our reactors. Listening takes every reactor,
/// connecting the caller's own or the next one. A connection still belongs to its reactor: whoever got it on another
/// thread reads and writes it by posting there.
/// </summary>
internal sealed class TransportFactory : IConnectionListenerFactory, IConnectionFactory
{
    private readonly ReactorGroup _group;
    private int _next;

    public TransportFactory(ReactorGroup group)
    {
        _group = group;
    }

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var options = new ListenOptions { Address = AddressOf(endpoint), UnixPath = PathOf(endpoint) };
        int count = _group.Reactors.Length;
        if (!ListenSocket.TryBind(options, count, out ListenSocket[] sockets, out TransportError error))
        {
            string text = $"listen on {endpoint}: {error.Text}";
            throw error.Errno == TransportError.AddressInUse
                ? new AddressInUseException(text)
                : new IOException(text);
        }

        EndPoint bound = sockets[0].Address.ToIPEndPoint() ?? endpoint;
        var listener = new FactoryListener(bound);
        for (int i = 0; i < sockets.Length; i++)
        {
            await listener.AddAsync(_group.Reactors[i], sockets[i]);
        }

        return listener;
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var options = new ConnectOptions { Address = AddressOf(endpoint), UnixPath = PathOf(endpoint) };
        ConnectResult result;
        if (Reactor.Current is { } current)
        {
            result = await Transports.ConnectAsync(current, options);
        }
        else
        {
            uint turn = (uint)Interlocked.Increment(ref _next);
            result = await ConnectOnAsync(_group.Reactors[turn % (uint)_group.Reactors.Length], options);
        }

        return result.Connection
            ?? throw new IOException($"connect {endpoint}: {result.Error.Text}");
    }

    private static Task<ConnectResult> ConnectOnAsync(Reactor reactor, ConnectOptions options)
    {
        var done = new TaskCompletionSource<ConnectResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        reactor.Post(_ => _ = RunAsync(), null);
        return done.Task;

        async Task RunAsync() => done.SetResult(await Transports.ConnectAsync(reactor, options));
    }

    private static NetAddress AddressOf(EndPoint endpoint) => endpoint switch
    {
        IPEndPoint ip => NetAddress.From(ip),
        UnixDomainSocketEndPoint => NetAddress.Unix,
        _ => throw new NotSupportedException($"{endpoint.GetType().Name} is neither an IP nor a Unix address"),
    };

    private static string? PathOf(EndPoint endpoint) => (endpoint as UnixDomainSocketEndPoint)?.ToString();

    /// <summary>Accepted connections wait here for whoever asks; any thread.</summary>
    private sealed class FactoryListener : IConnectionListener
    {
        // The queue is short-lived: whoever accepts does nothing else in its loop.
        private const int WaitingMax = 4096;

        private readonly Queue<ConnectionContext> _waiting = new();
        private readonly List<TransportListener> _listeners = [];
        private readonly object _gate = new();
        private TaskCompletionSource<ConnectionContext?>? _asked;
        private bool _stopped;

        public FactoryListener(EndPoint endPoint)
        {
            EndPoint = endPoint;
        }

        public EndPoint EndPoint { get; }

        public Task AddAsync(Reactor reactor, ListenSocket socket)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            reactor.Post(
                _ =>
                {
                    TransportListener listener = Transports.Listen(reactor, socket, Accept);
                    Monitor.Enter(_gate);
                    _listeners.Add(listener);
                    Monitor.Exit(_gate);
                    done.SetResult();
                },
                null);
            return done.Task;
        }

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Monitor.Enter(_gate);
            try
            {
                if (_waiting.TryDequeue(out ConnectionContext? connection) || _stopped)
                {
                    return new ValueTask<ConnectionContext?>(connection);
                }

                _asked = new TaskCompletionSource<ConnectionContext?>(
                    TaskCreationOptions.RunContinuationsAsynchronously);
                return new ValueTask<ConnectionContext?>(_asked.Task);
            }
            finally
            {
                Monitor.Exit(_gate);
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            TaskCompletionSource<ConnectionContext?>? asked;
            TransportListener[] listeners;
            Monitor.Enter(_gate);
            _stopped = true;
            asked = _asked;
            _asked = null;
            listeners = _listeners.ToArray();
            Monitor.Exit(_gate);
            asked?.TrySetResult(null);
            foreach (TransportListener listener in listeners)
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                listener.Reactor.Post(
                    _ =>
                    {
                        listener.Stop();
                        done.SetResult();
                    },
                    null);
                await done.Task.WaitAsync(cancellationToken);
            }
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private void Accept(TransportConnection connection)
        {
            TaskCompletionSource<ConnectionContext?>? asked;
            bool refused;
            Monitor.Enter(_gate);
            asked = _asked;
            _asked = null;
            refused = asked is null && (_stopped || _waiting.Count >= WaitingMax);
            if (asked is null && !refused)
            {
                _waiting.Enqueue(connection);
            }

            Monitor.Exit(_gate);
            asked?.SetResult(connection);
            if (refused)
            {
                connection.Abort(reset: true);
            }
        }
    }
}
