using System;
using System.Runtime.InteropServices;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// A log file by plain open(2) and write(2) with O_APPEND: other writers of the same file, a truncation by logrotate
/// and a standard output shared with somebody else all stay right, which writing at a remembered offset would not.
/// </summary>
internal sealed class LogFile
{
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    // O_WRONLY | O_CREAT | O_NOCTTY | O_APPEND | O_CLOEXEC, as on x86-64 and arm64.
    private const int AppendFlags = 0x1 | 0x40 | 0x100 | 0x400 | 0x80000;
    private const int Permissions = 0x1A4; // rw-r--r--

    private readonly string _path;
    private readonly bool _isStandard;
    private int _descriptor = -1;

    /// <summary>Names the file; it is opened by the first write.</summary>
    /// <param name="path">A path; <c>/dev/stdout</c> and <c>/dev/stderr</c> are the descriptors 1 and 2.</param>
    public LogFile(string path)
    {
        _path = path;
        _isStandard = path is "/dev/stdout" or "/dev/stderr";
    }

    /// <summary>Writes all of it; may block.</summary>
    /// <returns>0, or errno.</returns>
    public unsafe int Write(ReadOnlySpan<byte> bytes)
    {
        if (_descriptor < 0)
        {
            _descriptor = _isStandard
                ? (_path == "/dev/stdout" ? 1 : 2)
                : LogFileCalls.Open(_path, AppendFlags, Permissions);
            if (_descriptor < 0)
            {
                return Marshal.GetLastPInvokeError();
            }
        }

        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* start = bytes)
            {
                written = LogFileCalls.Write(_descriptor, start, (nuint)bytes.Length);
            }

            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == TryAgain)
            {
                // Somebody made the standard output non-blocking; wait until it takes more.
                LogFileCalls.PollDescriptor poll = new() { Descriptor = _descriptor, Events = LogFileCalls.Writable };
                LogFileCalls.Poll(&poll, 1, -1);
            }
            else if (error != Interrupted)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Closes it; the next write opens it anew.</summary>
    public void Close()
    {
        if (_descriptor >= 0 && !_isStandard)
        {
            LogFileCalls.Close(_descriptor);
        }

        _descriptor = -1;
    }
}

/// <summary>The calls of libc that a log file needs.</summary>
internal static unsafe partial class LogFileCalls
{
    public const short Writable = 4;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
