using System;
using System.Collections.Generic;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>An address that listens, on a socket per reactor at least.</summary>
/// <param name="Key">The address as text, or the path; equal for equal addresses.</param>
/// <param name="Sockets">Number i is served by the reactor of index i modulo the number of reactors.</param>
internal sealed record BoundAddress(string Key, ListenSocket[] Sockets);

/// <summary>The descriptors of an address, from one process to the next.</summary>
/// <param name="Key">As in <see cref="BoundAddress"/>.</param>
/// <param name="Descriptors">Numbers that are valid in the process that takes them.</param>
internal sealed record HandedSockets(string Key, int[] Descriptors);

/// <summary>
/// Opens the sockets of a listener set before any reactor sees it, so that an address in use refuses the configuration
/// as a whole, and keeps those that the set before already had, be it in the process before. Control thread only.
/// </summary>
internal sealed class ListenerBinder
{
    private readonly int _reactorCount;
    private readonly Dictionary<string, int[]> _handed = [];
    private Dictionary<string, BoundAddress> _bound = [];

    /// <param name="reactorCount">Each address gets a socket for each.</param>
    /// <param name="handed">Taken instead of bound; what the first set does not want is closed.</param>
    public ListenerBinder(int reactorCount, IReadOnlyList<HandedSockets> handed)
    {
        _reactorCount = reactorCount;
        foreach (HandedSockets sockets in handed)
        {
            _handed.Add(sockets.Key, sockets.Descriptors);
        }
    }

    /// <summary>What listens, to hand it on.</summary>
    public IReadOnlyList<HandedSockets> Sockets => new List<BoundAddress>(_bound.Values).ConvertAll(
        static bound => new HandedSockets(bound.Key, Array.ConvertAll(bound.Sockets, static socket => socket.Fd)));

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
            foreach (int[] unwanted in _handed.Values)
            {
                Array.ForEach(unwanted, LibC.Close);
            }

            _handed.Clear();
            return true;
        }

        opened.ForEach(static bound => Array.ForEach(bound.Sockets, static socket => socket.Close()));
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
        if (_handed.Remove(key, out int[]? descriptors))
        {
            var taken = new List<ListenSocket>(
                Array.ConvertAll(descriptors, fd => ListenSocket.Adopt(fd, options.UnixPath)));
            while (taken.Count < _reactorCount)
            {
                taken.Add(taken[taken.Count % descriptors.Length].Share());
            }

            return new BoundAddress(key, [.. taken]);
        }

        if (ListenSocket.TryBind(options, _reactorCount, out ListenSocket[] sockets, out TransportError error))
        {
            return new BoundAddress(key, sockets);
        }

        problems.Add(new ConfigProblem($"listeners {listener}", $"cannot listen on {key}: {error.Text}"));
        return null;
    }
}
