using System.Threading;

namespace FastMesh.Engine.Connections;

/// <summary>
/// Live connections counted over all reactors against a limit: one interlocked step per connection, none per request.
/// </summary>
internal sealed class ConnectionCount
{
    private int _active;

    public int Active => Volatile.Read(ref _active);

    /// <summary>Counts one more, unless that would exceed the limit.</summary>
    public bool TryEnter(int max)
    {
        if (Interlocked.Increment(ref _active) <= max)
        {
            return true;
        }

        Interlocked.Decrement(ref _active);
        return false;
    }

    /// <summary>Counts one more, whatever the limit.</summary>
    public void Enter() => Interlocked.Increment(ref _active);

    public void Leave() => Interlocked.Decrement(ref _active);
}
