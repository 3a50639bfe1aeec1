using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>Options that listeners and connections share.</summary>
internal static class SocketOptions
{
    /// <summary>No delay, keep-alive, mark. A refusal (no right to mark, not TCP) is not an error here.</summary>
    public static void SetCommon(int fd, KeepAliveOptions keepAlive, uint mark)
    {
        LibC.TrySetOption(fd, LibC.IpProtoTcp, LibC.TcpNoDelay, 1);
        if (mark != 0)
        {
            LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoMark, (int)mark);
        }

        if (!keepAlive.Enabled)
        {
            return;
        }

        LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoKeepAlive, 1);
        SetSeconds(fd, LibC.TcpKeepIdle, keepAlive.IdleSeconds);
        SetSeconds(fd, LibC.TcpKeepInterval, keepAlive.IntervalSeconds);
        SetSeconds(fd, LibC.TcpKeepCount, keepAlive.Probes);
    }

    /// <summary>IP_TRANSPARENT; false when the right is missing (CAP_NET_ADMIN).</summary>
    public static bool SetTransparent(int fd, NetAddressKind kind) => kind == NetAddressKind.IPv6
        ? LibC.TrySetOption(fd, LibC.SolIpv6, LibC.Ipv6Transparent, 1)
        : LibC.TrySetOption(fd, LibC.SolIp, LibC.IpTransparent, 1);

    private static void SetSeconds(int fd, int option, int value)
    {
        if (value > 0)
        {
            LibC.TrySetOption(fd, LibC.IpProtoTcp, option, value);
        }
    }
}
