using System;
using System.Runtime.InteropServices;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// The two ends of a session's byte streams as OpenSSL sees them. Reading copies from the caller's receive segments
/// straight into the record buffer, writing copies records straight into the caller's send buffers: there is no buffer
/// between. The session whose call is running on the thread is the one meant (<see cref="TlsSession.Current"/>), so
/// the objects themselves hold nothing and every session of the process could share them.
/// </summary>
internal static unsafe class SessionBio
{
    private static readonly nint s_readMethod = CreateMethod();
    private static readonly nint s_writeMethod = s_readMethod;

    /// <summary>Gives a session its ends; they are freed with it.</summary>
    public static void Attach(nint ssl)
    {
        nint read = OpenSslErrors.Made(LibCrypto.BIO_new(s_readMethod), "BIO_new");
        nint write = OpenSslErrors.Made(LibCrypto.BIO_new(s_writeMethod), "BIO_new");

        // A read that finds nothing is to be tried again, always; nothing ever clears the flag.
        LibCrypto.BIO_set_flags(read, LibCrypto.BioFlagsRetryRead);
        LibSsl.SSL_set_bio(ssl, read, write);
    }

    private static nint CreateMethod()
    {
        nint method;
        fixed (byte* name = "fastmesh session\0"u8)
        {
            method = OpenSslErrors.Made(LibCrypto.BIO_meth_new(LibCrypto.BioTypeSourceSink, name), "BIO_meth_new");
        }

        _ = LibCrypto.BIO_meth_set_read_ex(method, &Read);
        _ = LibCrypto.BIO_meth_set_write_ex(method, &Write);
        _ = LibCrypto.BIO_meth_set_ctrl(method, &Control);
        return method;
    }

    [UnmanagedCallersOnly]
    private static int Read(nint bio, byte* destination, nuint length, nuint* done)
    {
        int copied = TlsSession.Current?.Wire.Pull(new Span<byte>(destination, (int)length)) ?? 0;
        *done = (nuint)copied;
        return copied > 0 ? 1 : 0;
    }

    [UnmanagedCallersOnly]
    private static int Write(nint bio, byte* source, nuint length, nuint* done)
    {
        bool written = TlsSession.Current?.Wire.Push(new ReadOnlySpan<byte>(source, (int)length)) ?? false;
        *done = written ? length : 0;
        return written ? 1 : 0;
    }

    [UnmanagedCallersOnly]
    private static nint Control(nint bio, int command, nint number, void* pointer) =>
        command is LibCrypto.BioCtrlFlush or LibCrypto.BioCtrlPush or LibCrypto.BioCtrlPop ? 1 : 0;
}
