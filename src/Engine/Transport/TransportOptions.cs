using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>TCP keep-alive; a value of 0 leaves the system's default.</summary>
internal readonly record struct KeepAliveOptions(bool Enabled, int IdleSeconds, int IntervalSeconds, int Probes);

/// <summary>Where and how to listen.</summary>
internal sealed record ListenOptions
{
    /// <summary>What waits in the kernel's queue at most; the kernel caps it at net.core.somaxconn.</summary>
    public const int DefaultBacklog = 4096;

    /// <summary>The TCP address; port 0 takes a free one.</summary>
    public NetAddress Address { get; init; }

    /// <summary>A Unix socket path instead; "@name" is abstract.</summary>
    public string? UnixPath { get; init; }

    /// <summary>Permissions of the Unix socket file; 0 leaves what the umask gives.</summary>
    public uint UnixMode { get; init; }

    public int Backlog { get; init; } = DefaultBacklog;

    /// <summary>One socket per reactor (SO_REUSEPORT); else all reactors accept from one.</summary>
    public bool ReusePort { get; init; } = true;

    /// <summary>An IPv6 any-address also takes IPv4 connections (Envoy's ipv4_compat).</summary>
    public bool Ipv4Compat { get; init; }

    /// <summary>IP_TRANSPARENT, for TPROXY; needs CAP_NET_ADMIN.</summary>
    public bool Transparent { get; init; }

    /// <summary>IP_FREEBIND: bind to an address that is not there yet.</summary>
    public bool FreeBind { get; init; }

    /// <summary>SO_MARK; 0 for none.</summary>
    public uint Mark { get; init; }

    public KeepAliveOptions KeepAlive { get; init; }

    /// <summary>SO_RCVBUF and SO_SNDBUF; 0 leaves the system's tuning on.</summary>
    public int ReceiveBufferBytes { get; init; }

    public int SendBufferBytes { get; init; }
}

/// <summary>Whereto and how to connect.</summary>
internal readonly record struct ConnectOptions
{
    /// <summary>The TCP address.</summary>
    public NetAddress Address { get; init; }

    /// <summary>A Unix socket path instead; "@name" is abstract.</summary>
    public string? UnixPath { get; init; }

    /// <summary>The local address to connect from; none lets the kernel choose.</summary>
    public NetAddress BindAddress { get; init; }

    /// <summary>Gives up after this; 0 waits as long as the kernel does.</summary>
    public int TimeoutMs { get; init; }

    public KeepAliveOptions KeepAlive { get; init; }

    /// <summary>SO_MARK; 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>IP_TRANSPARENT: <see cref="BindAddress"/> may be somebody else's.</summary>
    public bool Transparent { get; init; }
}

/// <summary>A connection, or why there is none.</summary>
internal readonly record struct ConnectResult(TransportConnection? Connection, TransportError Error)
{
    /// <summary>True when <see cref="Connection"/> is there.</summary>
    public bool IsConnected => Connection is not null;
}
