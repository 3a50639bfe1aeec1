using System;
using System.Runtime.InteropServices;

namespace FastMesh.Engine.Reactors;

/// <summary>Tells the system which memory is not needed for now.</summary>
internal static unsafe class MemoryAdvice
{
    private const int DontNeed = 4;

    private static readonly nuint s_pageBytes = (nuint)Environment.SystemPageSize;

    /// <summary>Gives the whole pages inside a block back; its content is lost, its address stays good.</summary>
    public static void Discard(byte* block, int bytes)
    {
        nuint first = ((nuint)block + s_pageBytes - 1) / s_pageBytes * s_pageBytes;
        nuint end = ((nuint)block + (nuint)bytes) / s_pageBytes * s_pageBytes;
        if (end > first)
        {
            _ = Advise((void*)first, end - first, DontNeed);
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
