using System;

namespace FastMesh.Engine.Transport;

/// <summary>Why a socket failed: an error number of the kernel, 0 for none.</summary>
internal readonly record struct TransportError(int Errno)
{
    public const int NotPermitted = 1;
    public const int Interrupted = 4;
    public const int IoError = 5;
    public const int BadFile = 9;
    public const int Again = 11;
    public const int NoMemory = 12;
    public const int AccessDenied = 13;
    public const int Busy = 16;
    public const int Invalid = 22;
    public const int FileTableFull = 23;
    public const int TooManyFiles = 24;
    public const int NoSpace = 28;
    public const int BrokenPipe = 32;
    public const int TimerExpired = 62;
    public const int Protocol = 71;
    public const int AddressInUse = 98;
    public const int AddressNotAvailable = 99;
    public const int ConnectionAborted = 103;
    public const int ConnectionReset = 104;
    public const int NoBuffers = 105;
    public const int TimedOut = 110;
    public const int ConnectionRefused = 111;
    public const int InProgress = 115;
    public const int Canceled = 125;

    /// <summary>True when there was no error.</summary>
    public bool IsNone => Errno == 0;

    /// <summary>What happened, in words.</summary>
    public string Text => Errno switch
    {
        0 => "no error",
        NotPermitted => "not permitted",
        AccessDenied => "permission denied",
        TooManyFiles => "too many open files",
        FileTableFull => "too many open files in system",
        BrokenPipe => "connection closed by peer",
        AddressInUse => "address in use",
        AddressNotAvailable => "address not available on this host",
        100 => "network is down",
        101 => "network unreachable",
        ConnectionAborted => "connection aborted",
        ConnectionReset => "connection reset by peer",
        TimedOut => "connection timed out",
        ConnectionRefused => "connection refused",
        113 => "no route to host",
        2 => "no such file",
        _ => FormattableString.Invariant($"error {Errno}"),
    };

    public override string ToString() => Text;
}
