using System.Collections.Generic;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>An address that listens: one socket per reactor.</summary>
/// <param name="Key">The address as text, or the path; equal for equal addresses.</param>
/// <param name="Sockets">By reactor.</param>
internal sealed record BoundAddress(string Key, ListenSocket[] Sockets);

/// <summary>
/// Opens the sockets of a listener set before any reactor sees it, so that an address in use refuses the configuration
/// as a whole, and keeps those that the set before already had. Control thread only.
/// </summary>
internal sealed class ListenerBinder
{
    private readonly int _reactorCount;
    private Dictionary<string, BoundAddress> _bound = [];

    public ListenerBinder(int reactorCount) => _reactorCount = reactorCount;

    /// <summary>Binds what the set needs and is not bound yet.</summary>
    /// <param name="set">Gets its <see cref="CompiledListener.Bound"/>.</param>
    /// <param name="problems">Receives each address that could not be bound; nothing new stays open then.</param>
    /// <returns>False when an address could not be bound: the set must not be published.</returns>
    public bool TryBind(ListenerSet set, List<ConfigProblem> problems)
    {
        Dictionary<string, BoundAddress> wanted = [];
        List<BoundAddress> opened = [];
        bool isWhole = true;
        foreach (CompiledListener listener in set.Listeners)
        {
            List<BoundAddress> own = [];
            foreach ((string key, ListenOptions options) in AddressesOf(listener))
            {
                BoundAddress? bound = wanted.GetValueOrDefault(key) ?? _bound.GetValueOrDefault(key);
                if (bound is null)
                {
                    bound = Bind(key, options, listener.Name, problems);
                    isWhole &= bound is not null;
                    opened.AddRange(bound is null ? [] : [bound]);
                }

                if (bound is not null)
                {
                    wanted[key] = bound;
                    own.Add(bound);
                }
            }

            listener.Bound = [.. own];
        }

        if (isWhole)
        {
            // What is left out is closed by the reactors as they adopt the set.
            _bound = wanted;
            return true;
        }

        opened.ForEach(static bound => System.Array.ForEach(bound.Sockets, static socket => socket.Close()));
        return false;
    }

    private static List<(string Key, ListenOptions Options)> AddressesOf(CompiledListener listener)
    {
        List<(string, ListenOptions)> addresses = [];
        if (!listener.BindToPort)
        {
            return addresses;
        }

        if (listener.UnixPath is { } path)
        {
            addresses.Add((path, listener.SocketOptions with { UnixPath = path }));
        }

        foreach (NetAddress address in listener.Addresses)
        {
            // Each port 0 is a socket of its own.
            string key = address.Port == 0 ? $"{address}:0 of {listener.Name}" : address.ToString();
            addresses.Add((key, listener.SocketOptions with { Address = address }));
        }

        return addresses;
    }

    private BoundAddress? Bind(string key, ListenOptions options, string listener, List<ConfigProblem> problems)
    {
        if (ListenSocket.TryBind(options, _reactorCount, out ListenSocket[] sockets, out TransportError error))
        {
            return new BoundAddress(key, sockets);
        }

        problems.Add(new ConfigProblem($"listeners {listener}", $"cannot listen on {key}: {error.Text}"));
        return null;
    }
}
