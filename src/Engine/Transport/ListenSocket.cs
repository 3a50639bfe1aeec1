using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>A bound and listening socket that no reactor accepts from yet.</summary>
internal sealed unsafe class ListenSocket
{
    private ListenSocket(int fd, NetAddress address, string? unixPath)
    {
        Fd = fd;
        Address = address;
        UnixPath = unixPath;
    }

    /// <summary>The descriptor; -1 when closed.</summary>
    public int Fd { get; private set; }

    /// <summary>Where it listens, the port being the one the kernel chose.</summary>
    public NetAddress Address { get; }

    /// <summary>The Unix path, if it is one.</summary>
    public string? UnixPath { get; }

    /// <summary>
    /// Binds <paramref name="count"/> sockets, one per reactor. With SO_REUSEPORT the first bind is done without it:
    /// so a port that another process holds is an error, not silently shared. Any thread; cold.
    /// </summary>
    public static bool TryBind(ListenOptions options, int count, out ListenSocket[] sockets, out TransportError error)
    {
        sockets = [];
        var bound = new List<ListenSocket>(count);
        bool shared = options.UnixPath is not null || !options.ReusePort;
        ListenOptions actual = options;
        if (!shared && options.Address.Port != 0 && !IsFree(options, out error))
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            if (i > 0 && shared)
            {
                bound.Add(bound[0].Share());
                continue;
            }

            ListenSocket? socket = Open(actual, !shared, out error);
            if (socket is null)
            {
                bound.ForEach(static one => one.Close());
                return false;
            }

            bound.Add(socket);
            actual = options with { Address = options.UnixPath is null ? socket.Address : default };
        }

        sockets = bound.ToArray();
        error = default;
        return true;
    }

    /// <summary>Takes a listening socket that another process has opened, and keeps it from children.</summary>
    public static ListenSocket Adopt(int fd, string? unixPath)
    {
        LibC.SetInheritable(fd, false);
        return new ListenSocket(fd, unixPath is null ? ReadName(fd) : NetAddress.Unix, unixPath);
    }

    /// <summary>Another descriptor of the same socket, for another reactor.</summary>
    public ListenSocket Share() => new(LibC.Duplicate(Fd), Address, UnixPath);

    /// <summary>A socket that only a simulated network knows.</summary>
    public static ListenSocket Simulated(NetAddress address, string? unixPath) => new(-1, address, unixPath);

    /// <summary>Closes it; connections that wait in its queue are reset by the kernel.</summary>
    public void Close()
    {
        if (Fd >= 0)
        {
            LibC.Close(Fd);
            Fd = -1;
        }
    }

    // Without SO_REUSEPORT, bind fails when anybody listens there; TIME_WAIT is let through by SO_REUSEADDR.
    private static bool IsFree(ListenOptions options, out TransportError error)
    {
        ListenSocket? probe = Open(options with { Backlog = 1 }, reusePort: false, out error);
        probe?.Close();
        return probe is not null;
    }

    private static ListenSocket? Open(ListenOptions options, bool reusePort, out TransportError error)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxBytes];
        bool unix = options.UnixPath is not null;
        bool dual = options.Ipv4Compat && options.Address.Kind == NetAddressKind.IPv6;
        int length = unix
            ? SocketAddress.WriteUnix(options.UnixPath!, name)
            : SocketAddress.Write(options.Address, name);
        error = new TransportError(length == 0 ? TransportError.Invalid : 0);
        if (length == 0)
        {
            return null;
        }

        int fd = LibC.Socket(BitConverter.ToUInt16(name), LibC.SockStream | LibC.SockCloseOnExec, 0);
        if (fd < 0)
        {
            error = new TransportError(LibC.Errno);
            return null;
        }

        if (unix)
        {
            RemoveStale(options.UnixPath!, name[..length]);
        }
        else
        {
            SetOptions(fd, options, reusePort, dual);
        }

        fixed (byte* bytes = name)
        {
            if (LibC.Bind(fd, bytes, (uint)length) != 0 || LibC.Listen(fd, options.Backlog) != 0)
            {
                error = new TransportError(LibC.Errno);
                LibC.Close(fd);
                return null;
            }
        }

        if (unix && options.UnixMode != 0 && options.UnixPath![0] != '@')
        {
            fixed (byte* path = Encoding.UTF8.GetBytes(options.UnixPath + "\0"))
            {
                _ = LibC.ChangeMode(path, options.UnixMode);
            }
        }

        return new ListenSocket(fd, unix ? NetAddress.Unix : ReadName(fd), options.UnixPath);
    }

    // Options that accepted sockets inherit on Linux are set here once instead of at every accept.
    private static void SetOptions(int fd, ListenOptions options, bool reusePort, bool dual)
    {
        LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoReuseAddress, 1);
        if (reusePort)
        {
            LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoReusePort, 1);
        }

        if (options.Address.Kind == NetAddressKind.IPv6)
        {
            LibC.TrySetOption(fd, LibC.SolIpv6, LibC.Ipv6Only, dual ? 0 : 1);
        }

        SocketOptions.SetCommon(fd, options.KeepAlive, options.Mark);
        if (options.Transparent)
        {
            SocketOptions.SetTransparent(fd, options.Address.Kind);
        }

        if (options.FreeBind)
        {
            LibC.TrySetOption(fd, LibC.SolIp, LibC.IpFreeBind, 1);
        }

        if (options.ReceiveBufferBytes > 0)
        {
            LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoReceiveBuffer, options.ReceiveBufferBytes);
        }

        if (options.SendBufferBytes > 0)
        {
            LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoSendBuffer, options.SendBufferBytes);
        }
    }

    // A socket file that nobody listens on is left over from a process that died.
    private static void RemoveStale(string path, ReadOnlySpan<byte> name)
    {
        if (path[0] == '@')
        {
            return;
        }

        int probe = LibC.Socket(LibC.AfUnix, LibC.SockStream | LibC.SockCloseOnExec | LibC.SockNonBlock, 0);
        fixed (byte* bytes = name)
        {
            if (LibC.Connect(probe, bytes, (uint)name.Length) != 0
                && LibC.Errno == TransportError.ConnectionRefused)
            {
                _ = LibC.Unlink(bytes + 2);
            }
        }

        LibC.Close(probe);
    }

    private static NetAddress ReadName(int fd)
    {
        byte* bytes = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.MaxBytes;
        return LibC.GetSocketName(fd, bytes, &length) == 0
            ? SocketAddress.Read(new ReadOnlySpan<byte>(bytes, (int)length))
            : default;
    }
}
