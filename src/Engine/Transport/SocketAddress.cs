using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>struct sockaddr of all families we speak, as bytes.</summary>
[InlineArray(MaxBytes)]
internal struct SocketAddress
{
    /// <summary>sockaddr_un, the largest: family and 108 bytes of path.</summary>
    public const int MaxBytes = 110;

    private byte _first;

    /// <summary>Writes a TCP address. Returns its length; 0 for one that is none.</summary>
    public static int Write(NetAddress address, Span<byte> to)
    {
        Span<byte> ip = stackalloc byte[16];
        int length = address.WriteBytes(ip);
        to[..28].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], address.Port);
        switch (length)
        {
            case 4:
                BitConverter.TryWriteBytes(to, (ushort)LibC.AfInet);
                ip[..4].CopyTo(to[4..]);
                return 16;
            case 16:
                BitConverter.TryWriteBytes(to, (ushort)LibC.AfInet6);
                ip.CopyTo(to[8..]);
                BitConverter.TryWriteBytes(to[24..], address.ScopeId);
                return 28;
            default:
                return 0;
        }
    }

    /// <summary>Writes a Unix socket path; "@name" is the abstract name space. 0 when it does not fit.</summary>
    public static int WriteUnix(string path, Span<byte> to)
    {
        to.Clear();
        BitConverter.TryWriteBytes(to, (ushort)LibC.AfUnix);
        int bytes = Encoding.UTF8.GetByteCount(path);
        if (bytes == 0 || bytes > 107)
        {
            return 0;
        }

        Encoding.UTF8.GetBytes(path, to[2..]);
        if (path[0] == '@')
        {
            to[2] = 0;
            return 2 + bytes;
        }

        return 3 + bytes;
    }

    /// <summary>Reads what the kernel wrote.</summary>
    public static NetAddress Read(ReadOnlySpan<byte> from)
    {
        if (from.Length < 2)
        {
            return default;
        }

        ushort port = from.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(from[2..]) : (ushort)0;
        return BitConverter.ToUInt16(from) switch
        {
            LibC.AfInet when from.Length >= 8 => NetAddress.FromBytes(from.Slice(4, 4), port),
            LibC.AfInet6 when from.Length >= 28 =>
                NetAddress.FromBytes(from.Slice(8, 16), port, BitConverter.ToUInt32(from[24..])),
            LibC.AfUnix => NetAddress.Unix,
            _ => default,
        };
    }
}
