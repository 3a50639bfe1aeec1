using System;

namespace FastMesh.Engine.Transport;

/// <summary>
/// Descriptors that accepting leaves to everybody else: clients could otherwise take them all, and no request of theirs
/// would find an upstream. Since the kernel gives the lowest free number, the number of an accepted descriptor tells
/// how many are in use at least; nothing is counted.
/// </summary>
/// <param name="restsFrom">From this number on accepting rests; what was accepted is served.</param>
/// <param name="refusesFrom">
/// From this number on what was accepted is closed at once: io_uring may have accepted a whole queue before it can be
/// told to rest.
/// </param>
internal sealed class DescriptorReserve(long restsFrom, long refusesFrom)
{
    // A sixteenth of the limit, within these bounds and never more than half.
    private const int ReservedMin = 32;
    private const int ReservedMax = 1024;

    /// <summary>RLIMIT_NOFILE, which .NET has raised as far as it may when it started.</summary>
    public static int ProcessLimit { get; } = ReadLimit();

    /// <summary>As the limit of the process says.</summary>
    public static DescriptorReserve Process { get; } = Of(ProcessLimit);

    /// <summary>From this number on accepting rests; what was accepted is served.</summary>
    public long RestsFrom { get; } = restsFrom;

    /// <summary>From this number on what was accepted is closed at once.</summary>
    public long RefusesFrom { get; } = refusesFrom;

    /// <summary>The reserve under a limit.</summary>
    /// <param name="limit">RLIMIT_NOFILE: the first number that no descriptor has.</param>
    public static DescriptorReserve Of(long limit)
    {
        long reserved = Math.Min(Math.Clamp(limit / 16, ReservedMin, ReservedMax), limit / 2);
        return new DescriptorReserve(limit - reserved, limit - (reserved / 2));
    }

    /// <summary>Whether accepting should still rest; costs two system calls.</summary>
    /// <param name="anyDescriptor">An open one.</param>
    public bool IsShort(int anyDescriptor)
    {
        int lowest = LibC.Duplicate(anyDescriptor);
        if (lowest < 0)
        {
            return true;
        }

        LibC.Close(lowest);
        return lowest >= RestsFrom;
    }

    private static unsafe int ReadLimit()
    {
        ResourceLimit limit;
        return LibC.GetResourceLimit(LibC.LimitOfDescriptors, &limit) == 0
            ? (int)Math.Min(limit.Current, int.MaxValue)
            : int.MaxValue;
    }
}
