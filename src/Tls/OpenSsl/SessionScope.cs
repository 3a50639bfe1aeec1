using System.Security.Cryptography;
using System.Text;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// What binds a ticket to the settings it was made under. Ticket keys are shared by all contexts, so without it a
/// client that proved itself to one listener could resume at another with other demands (RFC 8446 §4.6.1, §8.1).
/// </summary>
internal static class SessionScope
{
    /// <summary>At most SSL_MAX_SID_CTX_LENGTH, 32 bytes.</summary>
    public static byte[] Of(TlsServerSettings settings)
    {
        StringBuilder text = new();
        text.Append((int)settings.ClientCertificates).Append('|');
        foreach (TlsCertificate certificate in settings.Certificates)
        {
            // Not the certificate itself, which changes daily: who we are.
            text.Append(certificate.Identity.SpiffeId?.ToString() ?? certificate.Identity.Subject).Append('|');
        }

        settings.Verification?.Describe(text);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
