using System;
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

        var listener = new FactoryListener(sockets[0].Address.ToIPEndPoint() ?? endpoint);
        for (int i = 0; i < sockets.Length; i++)
        {
            if (!await listener.AddAsync(_group.Reactors[i], sockets[i]))
            {
                for (int rest = i; rest < sockets.Length; rest++)
                {
                    sockets[rest].Close();
                }

                await listener.DisposeAsync();
                throw new IOException($"listen on {endpoint}: the reactors have stopped");
            }
        }

        return listener;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// On a reactor of the group the token is looked at before the connect only; elsewhere it ends the wait,
    /// and a connection that still comes is closed.
    /// </remarks>
    public async ValueTask<ConnectionContext> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var options = new ConnectOptions { Address = AddressOf(endpoint), UnixPath = PathOf(endpoint) };
        ConnectResult result;
        if (Reactor.Current is { } current && Array.IndexOf(_group.Reactors, current) >= 0)
        {
            result = await Transports.ConnectAsync(current, options);
        }
        else
        {
            uint turn = (uint)Interlocked.Increment(ref _next);
            Reactor next = _group.Reactors[turn % (uint)_group.Reactors.Length];
            result = await ConnectOnAsync(next, options, cancellationToken);
        }

        return result.Connection
            ?? throw new IOException($"connect {endpoint}: {result.Error.Text}");
    }

    private static async Task<ConnectResult> ConnectOnAsync(
        Reactor reactor, ConnectOptions options, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<ConnectResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!reactor.Post(_ => _ = RunAsync(), null))
        {
            return new ConnectResult(null, new TransportError(TransportError.Canceled));
        }

        await using CancellationTokenRegistration canceling = cancellationToken.UnsafeRegister(
            static (waiting, token) => ((TaskCompletionSource<ConnectResult>)waiting!).TrySetCanceled(token), done);
        return await done.Task;

        // Stays on the reactor: there a connect resumes whoever awaits it.
        async Task RunAsync()
        {
            try
            {
                ConnectResult result = await Transports.ConnectAsync(reactor, options);
                result.Connection?.KeepAddresses();
                if (!done.TrySetResult(result))
                {
                    result.Connection?.Abort(reset: true);
                }
            }
#pragma warning disable CA1031 // Our bug, told to whoever waits rather than to nobody.
            catch (Exception error)
#pragma warning restore CA1031
            {
                done.TrySetException(error);
            }
        }
    }

    private static NetAddress AddressOf(EndPoint endpoint) => endpoint switch
    {
        IPEndPoint ip => NetAddress.From(ip),
        UnixDomainSocketEndPoint => NetAddress.Unix,
        _ => throw new NotSupportedException($"{endpoint.GetType().Name} is neither an IP nor a Unix address"),
    };

    private static string? PathOf(EndPoint endpoint) => (endpoint as UnixDomainSocketEndPoint)?.ToString();
}
