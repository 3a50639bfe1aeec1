using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastMesh.Engine.Transport;

/// <summary>struct io_uring_sqe, as far as we use it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct UringEntry
{
    [FieldOffset(0)]
    public byte Operation;

    [FieldOffset(1)]
    public byte Flags;

    [FieldOffset(2)]
    public ushort Priority;

    [FieldOffset(4)]
    public int Fd;

    [FieldOffset(8)]
    public ulong Offset;

    [FieldOffset(16)]
    public ulong Address;

    [FieldOffset(24)]
    public uint Length;

    [FieldOffset(28)]
    public uint OperationFlags;

    [FieldOffset(32)]
    public ulong UserData;

    [FieldOffset(40)]
    public ushort BufferGroup;
}

/// <summary>struct io_uring_cqe.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UringCompletion
{
    public ulong UserData;
    public int Result;
    public uint Flags;
}

/// <summary>struct io_uring_params with its two tables of offsets into the ring.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct UringParameters
{
    [FieldOffset(0)]
    public uint SubmissionEntries;

    [FieldOffset(4)]
    public uint CompletionEntries;

    [FieldOffset(8)]
    public uint Flags;

    [FieldOffset(20)]
    public uint Features;

    [FieldOffset(40)]
    public uint SubmissionHead;

    [FieldOffset(44)]
    public uint SubmissionTail;

    [FieldOffset(48)]
    public uint SubmissionMask;

    [FieldOffset(56)]
    public uint SubmissionFlags;

    [FieldOffset(64)]
    public uint SubmissionArray;

    [FieldOffset(80)]
    public uint CompletionHead;

    [FieldOffset(84)]
    public uint CompletionTail;

    [FieldOffset(88)]
    public uint CompletionMask;

    [FieldOffset(100)]
    public uint Completions;
}

/// <summary>struct io_uring_getevents_arg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UringWaitArgument
{
    public ulong SignalMask;
    public uint SignalMaskSize;
    public uint MinWaitUs;
    public ulong TimeSpec;
}

/// <summary>
/// One io_uring instance: made, used and closed on one thread (SINGLE_ISSUER, DEFER_TASKRUN). Entries written by
/// <see cref="Next"/> go to the kernel with the next <see cref="Enter"/>.
/// </summary>
internal sealed unsafe class Uring : IDisposable
{
    public const byte OpPollAdd = 6;
    public const byte OpSendMessage = 9;
    public const byte OpAccept = 13;
    public const byte OpCancel = 14;
    public const byte OpConnect = 16;
    public const byte OpSend = 26;
    public const byte OpReceive = 27;

    public const byte EntryBufferSelect = 1 << 5;
    public const byte EntrySkipSuccess = 1 << 6;
    public const ushort AcceptMultishot = 1;
    public const ushort AcceptDontWait = 2;
    public const ushort ReceivePollFirst = 1;
    public const ushort ReceiveMultishot = 2;
    public const uint PollMultishot = 1;
    public const uint CancelAll = 1;
    public const uint CancelByFd = 2;
    public const uint CompletionBuffer = 1;
    public const uint CompletionMore = 2;

    private const int SetupCall = 425;
    private const int EnterCall = 426;
    private const int RegisterCall = 427;
    private const uint SetupCompletionSize = 1 << 3;
    private const uint SetupClamp = 1 << 4;
    private const uint SetupSubmitAll = 1 << 7;
    private const uint SetupSingleIssuer = 1 << 12;
    private const uint SetupDeferTaskRun = 1 << 13;
    private const uint SetupNoArray = 1 << 16;
    private const uint FeatureMinTimeout = 1 << 15;
    private const uint EnterGetEvents = 1;
    private const uint EnterExtendedArgument = 8;
    private const uint SubmissionOverflow = 2;
    private const int MapSharedPopulate = 0x8001;
    private const nint OffsetEntries = 0x10000000;

    private readonly byte* _ring;
    private readonly nuint _ringBytes;
    private readonly UringEntry* _entries;
    private readonly nuint _entriesBytes;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _submissionMask;
    private readonly uint _submissionCount;
    private readonly UringWaitArgument* _argument;
    private readonly long* _timeSpec;
    private uint _tail;
    private uint _submitted;

    private Uring(int fd, in UringParameters parameters)
    {
        Fd = fd;
        UringParameters p = parameters;
        _ringBytes = Math.Max(
            p.SubmissionArray + (p.SubmissionEntries * 4), p.Completions + (p.CompletionEntries * 16));
        _entriesBytes = p.SubmissionEntries * 64;
        _ring = LibC.MapMemory(null, _ringBytes, 3, MapSharedPopulate, fd, 0);
        _entries = (UringEntry*)LibC.MapMemory(null, _entriesBytes, 3, MapSharedPopulate, fd, OffsetEntries);
        if ((nint)_ring == -1 || (nint)_entries == -1)
        {
            throw new InvalidOperationException("io_uring: the rings cannot be mapped");
        }

        _submissionHead = (uint*)(_ring + p.SubmissionHead);
        _submissionTail = (uint*)(_ring + p.SubmissionTail);
        _submissionFlags = (uint*)(_ring + p.SubmissionFlags);
        _submissionMask = *(uint*)(_ring + p.SubmissionMask);
        _submissionCount = p.SubmissionEntries;
        _completionHead = (uint*)(_ring + p.CompletionHead);
        _completionTail = (uint*)(_ring + p.CompletionTail);
        CompletionMask = *(uint*)(_ring + p.CompletionMask);
        Completions = (UringCompletion*)(_ring + p.Completions);
        CanWaitAtLeast = (p.Features & FeatureMinTimeout) != 0;
        if ((p.Flags & SetupNoArray) == 0)
        {
            uint* array = (uint*)(_ring + p.SubmissionArray);
            for (uint i = 0; i < _submissionCount; i++)
            {
                array[i] = i;
            }
        }

        _argument = (UringWaitArgument*)NativeMemory.AllocZeroed((nuint)sizeof(UringWaitArgument));
        _timeSpec = (long*)NativeMemory.AllocZeroed(16);
    }

    /// <summary>The ring's descriptor.</summary>
    public int Fd { get; }

    /// <summary>The completion queue; an index is taken modulo <see cref="CompletionMask"/> + 1.</summary>
    public UringCompletion* Completions { get; }

    public uint CompletionMask { get; }

    /// <summary>The kernel knows "several events or a little while" (Linux 6.12).</summary>
    public bool CanWaitAtLeast { get; }

    /// <summary>System calls made.</summary>
    public long Enters { get; private set; }

    /// <summary>True when the kernel has taken every entry.</summary>
    public bool AllSubmitted => _submitted == _tail;

    /// <summary>Completions wait inside the kernel because the queue was full.</summary>
    public bool IsOverflown => (Volatile.Read(ref *_submissionFlags) & SubmissionOverflow) != 0;

    public uint CompletionHead => *_completionHead;

    public uint CompletionTail => Volatile.Read(ref *_completionTail);

    /// <summary>Makes a ring. Null and the error number where the kernel refuses.</summary>
    public static Uring? TryCreate(uint submissions, uint completions, out int errno)
    {
        uint flags = SetupCompletionSize | SetupClamp | SetupSubmitAll | SetupSingleIssuer | SetupDeferTaskRun;
        UringParameters parameters = default;
        int fd = Setup(submissions, completions, flags | SetupNoArray, ref parameters, out errno);
        if (fd < 0 && errno == TransportError.Invalid)
        {
            fd = Setup(submissions, completions, flags, ref parameters, out errno);
        }

        return fd < 0 ? null : new Uring(fd, parameters);
    }

    /// <summary>A cleared entry to fill in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UringEntry* Next()
    {
        if (_tail - Volatile.Read(ref *_submissionHead) >= _submissionCount)
        {
            Submit();
        }

        UringEntry* entry = &_entries[_tail++ & _submissionMask];
        *entry = default;
        return entry;
    }

    /// <summary>Hands entries over without waiting.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Submit()
    {
        Volatile.Write(ref *_submissionTail, _tail);
        do
        {
            Call(0, 0, 0, wait: false);
        }
        while (_tail - Volatile.Read(ref *_submissionHead) >= _submissionCount);
    }

    /// <summary>Hands entries over and waits.</summary>
    /// <param name="events">Completions to wait for; 0 does not wait.</param>
    /// <param name="minWaitUs">With more than one event: after this, one is enough.</param>
    /// <param name="timeoutMs">-1 for none.</param>
    public void Enter(uint events, uint minWaitUs, int timeoutMs)
    {
        Volatile.Write(ref *_submissionTail, _tail);
        if (events == 0)
        {
            Call(0, EnterGetEvents, 0, wait: false);
            return;
        }

        bool extended = minWaitUs != 0 || timeoutMs > 0;
        if (extended)
        {
            _timeSpec[0] = timeoutMs / 1000;
            _timeSpec[1] = timeoutMs % 1000 * 1_000_000L;
            _argument->MinWaitUs = minWaitUs;
            _argument->TimeSpec = timeoutMs > 0 ? (ulong)_timeSpec : 0;
        }

        uint flags = EnterGetEvents | (extended ? EnterExtendedArgument : 0);
        Call(events, flags, extended ? (nint)_argument : 0, wait: true);
    }

    /// <summary>Gives completions up to <paramref name="head"/> back.</summary>
    public void Release(uint head) => Volatile.Write(ref *_completionHead, head);

    /// <summary>io_uring_register; negative error number on failure.</summary>
    public int Register(uint operation, void* argument, uint count)
    {
        nint result = LibC.SystemCall(RegisterCall, Fd, (nint)operation, (nint)argument, (nint)count, 0, 0);
        return result < 0 ? -LibC.Errno : (int)result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = LibC.UnmapMemory(_ring, _ringBytes);
        _ = LibC.UnmapMemory(_entries, _entriesBytes);
        LibC.Close(Fd);
        NativeMemory.Free(_argument);
        NativeMemory.Free(_timeSpec);
    }

    private static int Setup(uint submissions, uint completions, uint flags, ref UringParameters p, out int errno)
    {
        p = default;
        p.Flags = flags;
        p.CompletionEntries = completions;
        nint fd;
        fixed (UringParameters* pointer = &p)
        {
            fd = LibC.SystemCall(SetupCall, (nint)submissions, (nint)pointer, 0, 0, 0, 0);
        }

        errno = fd < 0 ? LibC.Errno : 0;
        return (int)fd;
    }

    private void Call(uint events, uint flags, nint argument, bool wait)
    {
        Enters++;
        nint count = (nint)(_tail - _submitted);
        nint size = argument == 0 ? 0 : sizeof(UringWaitArgument);
        nint result = wait
            ? LibC.SystemCall(EnterCall, Fd, count, (nint)events, (nint)flags, argument, size)
            : LibC.SystemCallQuick(EnterCall, Fd, count, (nint)events, (nint)flags, argument, size);
        if (result >= 0)
        {
            _submitted += (uint)result;
            return;
        }

        int errno = LibC.Errno;
        if (errno is not (TransportError.Interrupted or TransportError.Again or TransportError.Busy
            or TransportError.TimerExpired or TransportError.NoMemory))
        {
            throw new InvalidOperationException("io_uring_enter: " + new TransportError(errno).Text);
        }
    }
}
