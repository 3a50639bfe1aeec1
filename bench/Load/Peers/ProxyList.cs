using System;
using System.Collections;
using System.Collections.Generic;

namespace FastMesh.Bench.Load.Peers;

/// <summary>Proxies that run side by side; ended together.</summary>
internal sealed class ProxyList : IReadOnlyList<Proxy>, IDisposable
{
    private readonly List<Proxy> _proxies = [];

    public int Count => _proxies.Count;

    public Proxy this[int index] => _proxies[index];

    /// <summary>A proxy that does not start is named and left out; the others are measured.</summary>
    public void TryAdd(string name, Func<Proxy> start)
    {
        try
        {
            _proxies.Add(start());
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine($"{name} is left out: {e.Message}");
        }
    }

    public void Dispose() => _proxies.ForEach(proxy => proxy.Dispose());

    public IEnumerator<Proxy> GetEnumerator() => _proxies.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
