using System;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Where a connection was going before the kernel redirected it (REDIRECT target): SO_ORIGINAL_DST and its IPv6
/// twin, IP6T_SO_ORIGINAL_DST. With TPROXY the local address is the original one, and nothing has to be asked.
/// </summary>
internal static unsafe class OriginalDestination
{
    /// <summary>False when the connection was not redirected or the kernel does not track connections.</summary>
    public static bool TryGet(TransportConnection connection, out NetAddress address)
    {
        address = default;
        int fd = connection.Fd;
        if (fd < 0)
        {
            return false;
        }

        // An IPv4 connection may have come in on a dual-stack socket, so both tables are asked.
        return TryGet(fd, LibC.SolIp, out address) || TryGet(fd, LibC.SolIpv6, out address);
    }

    private static bool TryGet(int fd, int level, out NetAddress address)
    {
        byte* bytes = stackalloc byte[28];
        uint length = 28;
        bool found = LibC.GetSocketOption(fd, level, LibC.SoOriginalDestination, bytes, &length) == 0;
        address = found ? SocketAddress.Read(new ReadOnlySpan<byte>(bytes, (int)Math.Min(length, 28))) : default;
        return address.HasValue && !address.IsAny;
    }
}
