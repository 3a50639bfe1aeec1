using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace FastMesh.Engine.Transport;

/// <summary>One piece of a gathered send: struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVec
{
    public byte* Base;
    public nuint Length;
}

/// <summary>struct msghdr, 56 bytes on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct MsgHdr
{
    [FieldOffset(16)]
    public IoVec* Iov;

    [FieldOffset(24)]
    public nuint IovLength;
}

/// <summary>struct rlimit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    public ulong Current;
    public ulong Max;
}

/// <summary>struct linger.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Linger
{
    public int OnOff;
    public int Seconds;
}

/// <summary>
/// The system calls of the transport, and nothing else. Calls that return at once suppress the collector's
/// transition; the ones that may sleep do not.
/// </summary>
internal static unsafe class LibC
{
    public const int AfUnix = 1;
    public const int AfInet = 2;
    public const int AfInet6 = 10;
    public const int SockStream = 1;
    public const int SockNonBlock = 0x800;
    public const int SockCloseOnExec = 0x80000;

    public const int SolSocket = 1;
    public const int SoReuseAddress = 2;
    public const int SoError = 4;
    public const int SoSendBuffer = 7;
    public const int SoReceiveBuffer = 8;
    public const int SoKeepAlive = 9;
    public const int SoLinger = 13;
    public const int SoReusePort = 15;
    public const int SoMark = 36;
    public const int IpProtoTcp = 6;
    public const int TcpNoDelay = 1;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int TcpKeepCount = 6;
    public const int SolIp = 0;
    public const int IpFreeBind = 15;
    public const int IpTransparent = 19;
    public const int IpBindAddressNoPort = 24;
    public const int SoOriginalDestination = 80;
    public const int SolIpv6 = 41;
    public const int Ipv6Only = 26;
    public const int Ipv6Transparent = 75;

    public const int ShutRead = 0;
    public const int ShutWrite = 1;
    public const int ShutBoth = 2;
    public const int MsgNoSignal = 0x4000;
    public const int MsgDontWait = 0x40;
    public const int MsgWaitAll = 0x100;

    public const uint EpollIn = 1;
    public const uint EpollOut = 4;
    public const uint EpollError = 8;
    public const uint EpollHangUp = 16;
    public const uint EpollReadHangUp = 0x2000;
    public const uint EpollEdge = 1u << 31;
    public const int EpollAdd = 1;
    public const int EpollDelete = 2;
    public const int EpollModify = 3;

    /// <summary>O_NONBLOCK | O_CLOEXEC for pipe2 and eventfd.</summary>
    public const int NonBlockCloseOnExec = 0x80800;
    public const int LimitOfDescriptors = 7;
    public const int DuplicateCloseOnExec = 1030;
    public const int SetPipeSize = 1031;
    public const int SetDescriptorFlags = 2;
    public const int CloseOnExec = 1;
    public const int GetFlags = 3;
    public const int SetFlags = 4;
    public const int NonBlock = 0x800;
    public const uint SpliceMove = 1;
    public const uint SpliceNonBlock = 2;

    private const string Library = "libc";

    /// <summary>The error of the call made just before on this thread.</summary>
    public static int Errno
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Marshal.GetLastSystemError();
    }

    [DllImport(Library, EntryPoint = "epoll_create1")]
    public static extern int EpollCreate(int flags);

    [DllImport(Library, EntryPoint = "epoll_ctl"), SuppressGCTransition]
    public static extern int EpollControl(int epoll, int operation, int fd, byte* data);

    [DllImport(Library, EntryPoint = "epoll_wait"), SuppressGCTransition]
    public static extern int EpollPoll(int epoll, byte* events, int count, int timeoutZero);

    [DllImport(Library, EntryPoint = "epoll_wait")]
    public static extern int EpollWait(int epoll, byte* events, int count, int timeoutMs);

    [DllImport(Library, EntryPoint = "eventfd")]
    public static extern int EventFd(uint value, int flags);

    [DllImport(Library, EntryPoint = "read"), SuppressGCTransition]
    public static extern nint Read(int fd, void* buffer, nint length);

    [DllImport(Library, EntryPoint = "write"), SuppressGCTransition]
    public static extern nint Write(int fd, void* buffer, nint length);

    [DllImport(Library, EntryPoint = "recv"), SuppressGCTransition]
    public static extern nint Receive(int fd, byte* buffer, nint length, int flags);

    [DllImport(Library, EntryPoint = "send"), SuppressGCTransition]
    public static extern nint Send(int fd, byte* buffer, nint length, int flags);

    [DllImport(Library, EntryPoint = "sendmsg"), SuppressGCTransition]
    public static extern nint SendMessage(int fd, MsgHdr* message, int flags);

    [DllImport(Library, EntryPoint = "accept4"), SuppressGCTransition]
    public static extern int Accept(int fd, byte* address, uint* length, int flags);

    [DllImport(Library, EntryPoint = "socket"), SuppressGCTransition]
    public static extern int Socket(int family, int type, int protocol);

    [DllImport(Library, EntryPoint = "bind")]
    public static extern int Bind(int fd, byte* address, uint length);

    [DllImport(Library, EntryPoint = "listen")]
    public static extern int Listen(int fd, int backlog);

    [DllImport(Library, EntryPoint = "connect"), SuppressGCTransition]
    public static extern int Connect(int fd, byte* address, uint length);

    [DllImport(Library, EntryPoint = "getsockname"), SuppressGCTransition]
    public static extern int GetSocketName(int fd, byte* address, uint* length);

    [DllImport(Library, EntryPoint = "getpeername"), SuppressGCTransition]
    public static extern int GetPeerName(int fd, byte* address, uint* length);

    [DllImport(Library, EntryPoint = "setsockopt"), SuppressGCTransition]
    public static extern int SetSocketOption(int fd, int level, int option, void* value, uint length);

    [DllImport(Library, EntryPoint = "getsockopt"), SuppressGCTransition]
    public static extern int GetSocketOption(int fd, int level, int option, void* value, uint* length);

    [DllImport(Library, EntryPoint = "shutdown"), SuppressGCTransition]
    public static extern int Shutdown(int fd, int how);

    // The last close of a socket with lingering data never blocks here: SO_LINGER with a time is never set.
    [DllImport(Library, EntryPoint = "close"), SuppressGCTransition]
    public static extern void Close(int fd);

    [DllImport(Library, EntryPoint = "getrlimit"), SuppressGCTransition]
    public static extern int GetResourceLimit(int resource, ResourceLimit* limit);

    [DllImport(Library, EntryPoint = "fcntl"), SuppressGCTransition]
    public static extern int FileControl(int fd, int command, nint argument);

    [DllImport(Library, EntryPoint = "pipe2")]
    public static extern int Pipe(int* fds, int flags);

    [DllImport(Library, EntryPoint = "splice"), SuppressGCTransition]
    public static extern nint Splice(int from, void* fromOffset, int to, void* toOffset, nuint length, uint flags);

    [DllImport(Library, EntryPoint = "chmod")]
    public static extern int ChangeMode(byte* path, uint mode);

    [DllImport(Library, EntryPoint = "unlink")]
    public static extern int Unlink(byte* path);

    [DllImport(Library, EntryPoint = "mmap")]
    public static extern byte* MapMemory(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [DllImport(Library, EntryPoint = "munmap")]
    public static extern int UnmapMemory(void* address, nuint length);

    [DllImport(Library, EntryPoint = "syscall")]
    public static extern nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [DllImport(Library, EntryPoint = "syscall"), SuppressGCTransition]
    public static extern nint SystemCallQuick(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    /// <summary>Sets an option that is one int; false when the kernel refused.</summary>
    public static bool TrySetOption(int fd, int level, int option, int value) =>
        SetSocketOption(fd, level, option, &value, sizeof(int)) == 0;

    /// <summary>Whether children get the descriptor.</summary>
    public static void SetInheritable(int fd, bool inheritable) =>
        _ = FileControl(fd, SetDescriptorFlags, inheritable ? 0 : CloseOnExec);

    /// <summary>Another descriptor of the same file, the lowest that is free; -1 when there is none.</summary>
    public static int Duplicate(int fd) => FileControl(fd, DuplicateCloseOnExec, 0);
}
