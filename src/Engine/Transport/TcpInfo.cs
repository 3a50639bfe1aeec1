using System.Buffers.Binary;

namespace FastMesh.Engine.Transport;

/// <summary>What the kernel knows of a TCP connection (<c>TCP_INFO</c>, linux/tcp.h).</summary>
internal static unsafe class TcpInfo
{
    private const int IpProtocolTcp = 6;
    private const int TcpInfoOption = 11;
    private const int BytesAckedOffset = 120;
    private const int InfoBytes = 136;

    /// <summary>
    /// Bytes of ours that the peer's kernel has acknowledged; works after a reset too, as long as the descriptor is
    /// open.
    /// </summary>
    public static bool TryGetBytesAcknowledged(TransportConnection connection, out long bytes)
    {
        bytes = 0;
        byte* info = stackalloc byte[InfoBytes];
        uint length = InfoBytes;
        if (connection.Fd < 0 || LibC.GetSocketOption(connection.Fd, IpProtocolTcp, TcpInfoOption, info, &length) != 0
            || length < InfoBytes)
        {
            return false;
        }

        // The SYN of an active open is counted as one byte.
        bytes = BinaryPrimitives.ReadInt64LittleEndian(new System.ReadOnlySpan<byte>(info + BytesAckedOffset, 8)) - 1;
        return true;
    }
}
