using System.Text;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tls;

namespace FastMesh.Engine.Clusters;

/// <summary>What one reactor counts and keeps for one endpoint.</summary>
internal sealed class EndpointState
{
    /// <summary>Requests under way from this reactor.</summary>
    public int ActiveRequests;

    /// <summary>Requests begun from this reactor.</summary>
    public long TotalRequests;

    /// <summary>The upstream room hangs the reactor's connection pool here.</summary>
    public object? Pool;

    /// <summary>The same for HTTP/2.</summary>
    public object? Http2Pool;

    /// <summary>The TLS session that the next connection resumes; null until there was one.</summary>
    public TlsSessionCache? TlsSessions;
}

/// <summary>One address of a cluster. The same object stands in every endpoint set that knows the address.</summary>
internal sealed class EndpointRuntime
{
    private volatile bool _isRetired;

    public EndpointRuntime(NetAddress address, string? unixPath, Endpoint model, int reactors)
    {
        Address = address;
        UnixPath = unixPath;
        Model = model;
        string host = model.HostName.Length > 0 ? model.HostName : model.Target.Host;
        HostName = Encoding.UTF8.GetBytes(host);
        PerReactor = new EndpointState[reactors];
        for (int i = 0; i < reactors; i++)
        {
            PerReactor[i] = new EndpointState();
        }
    }

    public NetAddress Address { get; }

    public string? UnixPath { get; }

    public Endpoint Model { get; }

    /// <summary>For <c>auto_host_rewrite</c>.</summary>
    public byte[] HostName { get; }

    public EndpointState[] PerReactor { get; }

    /// <summary>No longer part of its cluster: idle connections to it are closed.</summary>
    public bool IsRetired
    {
        get => _isRetired;
        set => _isRetired = value;
    }

    public bool IsHealthy => Model.Health is HealthStatus.Unknown or HealthStatus.Healthy;

    /// <summary>Usable, but after all that are healthy.</summary>
    public bool IsDegraded => Model.Health == HealthStatus.Degraded;

    public override string ToString() => UnixPath ?? Address.ToString();
}
