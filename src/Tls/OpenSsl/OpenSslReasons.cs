namespace FastMesh.Tls.OpenSsl;

/// <summary>Reason numbers of libssl that decide what kind of error it was.</summary>
internal static class OpenSslReasons
{
    /// <summary>SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE.</summary>
    public const int NoCertificate = 199;
}
