using System;
using System.Runtime.InteropServices;

namespace FastMesh.Tls.OpenSsl;

/// <summary>Owns one reference to an object of OpenSSL.</summary>
internal abstract class OpenSslHandle : SafeHandle
{
    protected OpenSslHandle(nint value)
        : base(nint.Zero, ownsHandle: true)
    {
        SetHandle(value);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == nint.Zero;

    /// <summary>The pointer; the caller keeps this object alive while it is used.</summary>
    public nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }
}

/// <summary>SSL_CTX.</summary>
internal sealed class SslContextHandle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}

/// <summary>SSL; frees its two BIOs too.</summary>
internal sealed class SslHandle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        return true;
    }
}

/// <summary>SSL_SESSION.</summary>
internal sealed class SslSessionHandle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_SESSION_free(handle);
        return true;
    }
}

/// <summary>X509.</summary>
internal sealed class X509Handle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibCrypto.X509_free(handle);
        return true;
    }
}

/// <summary>X509_STORE.</summary>
internal sealed class X509StoreHandle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibCrypto.X509_STORE_free(handle);
        return true;
    }
}

/// <summary>EVP_PKEY.</summary>
internal sealed class KeyHandle(nint value) : OpenSslHandle(value)
{
    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_free(handle);
        return true;
    }
}
