namespace FastMesh.Tls.OpenSsl;

/// <summary>Certificates out of OpenSSL's objects.</summary>
internal static unsafe class Der
{
    /// <summary>The encoding of a certificate.</summary>
    public static byte[] Of(nint certificate)
    {
        int length = LibCrypto.i2d_X509(certificate, null);
        if (length <= 0)
        {
            return [];
        }

        byte[] der = new byte[length];
        fixed (byte* bytes = der)
        {
            byte* end = bytes;
            _ = LibCrypto.i2d_X509(certificate, &end);
        }

        return der;
    }
}
