using System.Collections.Generic;
using System.Diagnostics;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The handshakes that one reactor has begun with clients, oldest first. One too many ends the one that has waited
/// longest: a client that means it takes milliseconds, so those that say nothing make room for it. Reactor thread only.
/// </summary>
internal sealed class TlsHandshakeQueue
{
    private readonly LinkedList<TlsHandshake> _handshakes = new();
    private readonly int _max;

    /// <param name="max">How many may be under way; at least 1.</param>
    public TlsHandshakeQueue(int max)
    {
        Debug.Assert(max > 0, "one at least may be under way");
        _max = max;
    }

    /// <summary>Takes its place, which <see cref="Leave"/> frees.</summary>
    public LinkedListNode<TlsHandshake> Enter(TlsHandshake handshake)
    {
        if (_handshakes.Count == _max)
        {
            _handshakes.First!.Value.MakeRoom();
        }

        return _handshakes.AddLast(handshake);
    }

    public void Leave(LinkedListNode<TlsHandshake> place) => _handshakes.Remove(place);
}
