using System.Collections.Generic;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>All listeners of a snapshot, and who stands for which address. Immutable.</summary>
internal sealed class ListenerSet
{
    private readonly Dictionary<NetAddress, CompiledListener> _byAddress = [];

    public ListenerSet(CompiledListener[] listeners)
    {
        Listeners = listeners;
        foreach (CompiledListener listener in listeners)
        {
            foreach (NetAddress address in listener.Addresses)
            {
                // The first one stated wins, as with the kernel: the second could not bind.
                _byAddress.TryAdd(address, listener);
            }
        }
    }

    public static ListenerSet Empty { get; } = new([]);

    public CompiledListener[] Listeners { get; }

    /// <summary>
    /// The listener for an original destination: the exact address and port, else the wildcard address with that port
    /// (ConnectionHandlerImpl::getBalancedHandlerByAddress).
    /// </summary>
    public CompiledListener? Find(in NetAddress destination)
    {
        if (_byAddress.TryGetValue(destination, out CompiledListener? exact))
        {
            return exact;
        }

        NetAddress any = destination.Kind == NetAddressKind.IPv4
            ? NetAddress.FromIPv4(0, destination.Port)
            : AnyIPv6(destination.Port);
        return _byAddress.GetValueOrDefault(any);
    }

    private static NetAddress AnyIPv6(ushort port) => NetAddress.FromBytes(stackalloc byte[16], port);
}
