using System.Diagnostics;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The handshakes that one reactor has begun with clients, oldest first. One too many ends the one that has waited
/// longest: a client that means it takes milliseconds, so those that say nothing make room for it. Reactor thread only.
/// </summary>
internal sealed class TlsHandshakeQueue
{
    private readonly int _max;
    private TlsHandshake? _oldest;
    private TlsHandshake? _newest;

    /// <param name="max">How many may be under way; at least 1.</param>
    public TlsHandshakeQueue(int max)
    {
        Debug.Assert(max > 0, "one at least may be under way");
        _max = max;
    }

    /// <summary>Under way.</summary>
    public int Count { get; private set; }

    public void Enter(TlsHandshake handshake)
    {
        if (Count == _max)
        {
            _oldest!.MakeRoom();
        }

        handshake.Older = _newest;
        if (_newest is null)
        {
            _oldest = handshake;
        }
        else
        {
            _newest.Newer = handshake;
        }

        _newest = handshake;
        Count++;
    }

    public void Leave(TlsHandshake handshake)
    {
        if (handshake.Older is { } older)
        {
            older.Newer = handshake.Newer;
        }
        else
        {
            _oldest = handshake.Newer;
        }

        if (handshake.Newer is { } newer)
        {
            newer.Older = handshake.Older;
        }
        else
        {
            _newest = handshake.Older;
        }

        handshake.Older = null;
        handshake.Newer = null;
        Count--;
    }
}
