namespace FastMesh.Bench.Load.Peers;

/// <summary>What a proxy is asked to do in a measurement; the same for all proxies as far as they can.</summary>
internal sealed record ProxyShape
{
    /// <summary>Exact host names host0.bench, host1.bench…, all leading to the one backend.</summary>
    public int VirtualHosts { get; init; } = 100;

    /// <summary>Path routes in each virtual host; the last one is the catch-all that requests take.</summary>
    public int RoutesPerHost { get; init; } = 1;

    /// <summary>Ten features on: see <see cref="FastMeshFiles"/>.</summary>
    public bool Features { get; init; }

    /// <summary>Every request is logged to a file.</summary>
    public bool AccessLog { get; init; }

    /// <summary>Bytes are relayed, HTTP is not looked at.</summary>
    public bool Tcp { get; init; }

    /// <summary>Clients speak HTTP/2 from their first byte.</summary>
    public bool Http2 { get; init; }

    /// <summary>So do the proxies with the backend.</summary>
    public bool Http2Upstream { get; init; }

    /// <summary>The host that requests name: from the middle of the table.</summary>
    public string RequestHost => $"host{VirtualHosts / 2}.bench";
}
