using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;
using Microsoft.Win32.SafeHandles;

namespace FastMesh.Engine.Transport;

/// <summary>What both pollers over real sockets do alike: making, naming and ending descriptors.</summary>
internal abstract unsafe class KernelPoller : SocketPoller
{
    private readonly int _socketFlags;
    private readonly List<TransportListener?> _listeners = [];
    private readonly SafeFileHandle _wake;

    protected KernelPoller(Reactor reactor, int socketFlags)
        : base(reactor)
    {
        _socketFlags = socketFlags | LibC.SockCloseOnExec;
        WakeFd = LibC.EventFd(0, LibC.NonBlockCloseOnExec);
        _wake = new SafeFileHandle(WakeFd, ownsHandle: true);
    }

    /// <summary>Written to by other threads; never read: each write is an edge of its own.</summary>
    protected int WakeFd { get; }

    /// <summary>Listeners of which something may still come.</summary>
    protected int ListenerCount { get; private set; }

    /// <inheritdoc/>
    public override ValueTask<ConnectResult> ConnectAsync(in ConnectOptions options)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxBytes];
        int length = options.UnixPath is { } path
            ? SocketAddress.WriteUnix(path, name)
            : SocketAddress.Write(options.Address, name);
        if (length == 0)
        {
            return Failed(TransportError.Invalid);
        }

        int fd = LibC.Socket(BitConverter.ToUInt16(name), LibC.SockStream | _socketFlags, 0);
        if (fd < 0)
        {
            return Failed(LibC.Errno);
        }

        if (options.UnixPath is null && !TryPrepare(fd, options, out int errno))
        {
            LibC.Close(fd);
            return Failed(errno);
        }

        TransportConnection connection = Create(fd);
        connection.RemoteAddress = options.UnixPath is null ? options.Address : NetAddress.Unix;
        ValueTask<ConnectResult> result = connection.BeginConnect(options.TimeoutMs);
        StartConnect(connection, name[..length]);
        return result;
    }

    /// <inheritdoc/>
    public override void Wake()
    {
        // Other threads wake a reactor that may be closing: the count keeps the number from being reused meanwhile.
        bool held = false;
        try
        {
            _wake.DangerousAddRef(ref held);
            ulong one = 1;
            _ = LibC.Write(WakeFd, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Stopped: there is nobody to wake.
        }
        finally
        {
            if (held)
            {
                _wake.DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (TransportListener? listener in _listeners.ToArray())
        {
            listener?.Stop();
        }

        AbortAll();
    }

    /// <summary>Closes the wake descriptor, at the very end.</summary>
    protected void CloseWake() => _wake.Dispose();

    /// <inheritdoc/>
    internal override NetAddress ReadAddress(TransportConnection connection, bool peer)
    {
        byte* bytes = stackalloc byte[SocketAddress.MaxBytes];
        uint length = SocketAddress.MaxBytes;
        int result = peer
            ? LibC.GetPeerName(connection.Fd, bytes, &length)
            : LibC.GetSocketName(connection.Fd, bytes, &length);
        return result == 0
            ? SocketAddress.Read(new ReadOnlySpan<byte>(bytes, (int)Math.Min(length, SocketAddress.MaxBytes)))
            : default;
    }

    /// <inheritdoc/>
    internal override void RemoveListener(TransportListener listener)
    {
        StopAccepting(listener);
        if (!listener.IsArmed)
        {
            Forget(listener);
        }
    }

    /// <inheritdoc/>
    protected override void AddListener(TransportListener listener)
    {
        // Places are not used again: a late completion must not be taken for a new listener's.
        listener.Slot = _listeners.Count;
        _listeners.Add(listener);
        ListenerCount++;
        StartAccepting(listener);
    }

    /// <summary>The listener of a place; null when nothing comes from it any more.</summary>
    protected TransportListener? ListenerAt(int slot) => _listeners[slot];

    /// <summary>A stopped listener has said its last.</summary>
    protected void Forget(TransportListener listener)
    {
        _listeners[listener.Slot] = null;
        ListenerCount--;
    }

    protected abstract void StartConnect(TransportConnection connection, ReadOnlySpan<byte> address);

    protected abstract void StartAccepting(TransportListener listener);

    protected abstract void StopAccepting(TransportListener listener);

    private static ValueTask<ConnectResult> Failed(int errno) =>
        new(new ConnectResult(null, new TransportError(errno)));

    private static bool TryPrepare(int fd, in ConnectOptions options, out int errno)
    {
        errno = 0;
        SocketOptions.SetCommon(fd, options.KeepAlive, options.Mark);
        if (options.Transparent && !SocketOptions.SetTransparent(fd, options.Address.Kind))
        {
            errno = LibC.Errno;
            return false;
        }

        if (!options.BindAddress.HasValue)
        {
            return true;
        }

        if (options.BindAddress.Port == 0)
        {
            // The kernel picks the port at connect, where it may share one among destinations.
            LibC.TrySetOption(fd, LibC.SolIp, LibC.IpBindAddressNoPort, 1);
        }
        else
        {
            LibC.TrySetOption(fd, LibC.SolSocket, LibC.SoReuseAddress, 1);
        }

        byte* name = stackalloc byte[SocketAddress.MaxBytes];
        int length = SocketAddress.Write(options.BindAddress, new Span<byte>(name, SocketAddress.MaxBytes));
        if (LibC.Bind(fd, name, (uint)length) == 0)
        {
            return true;
        }

        errno = LibC.Errno;
        return false;
    }
}
