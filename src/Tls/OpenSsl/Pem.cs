using System;
using System.Collections.Generic;

namespace FastMesh.Tls.OpenSsl;

/// <summary>Objects out of PEM.</summary>
internal static unsafe class Pem
{
    // PEM_R_NO_START_LINE: the regular end.
    private const int NoStartLine = 108;

    public static List<X509Handle> ReadCertificates(ReadOnlySpan<byte> pem, string what, ICollection<string> problems)
    {
        List<X509Handle> found = [];
        ReadAll(pem, what, problems, bio =>
        {
            nint certificate = LibCrypto.PEM_read_bio_X509(bio, null, null, null);
            if (certificate != 0)
            {
                found.Add(new X509Handle(certificate));
            }

            return certificate != 0;
        });
        return found;
    }

    public static void ReadRevocationLists(ReadOnlySpan<byte> pem, X509StoreHandle store, ICollection<string> problems)
    {
        int count = 0;
        ReadAll(pem, "revocation lists", problems, bio =>
        {
            nint list = LibCrypto.PEM_read_bio_X509_CRL(bio, null, null, null);
            if (list == 0)
            {
                return false;
            }

            _ = LibCrypto.X509_STORE_add_crl(store.Pointer, list);
            LibCrypto.X509_CRL_free(list);
            count++;
            return true;
        });
        if (count == 0)
        {
            problems.Add("revocation lists: none found");
        }
    }

    /// <summary>
    /// The first private key; null when there is none that can be read. Says nothing about its content.
    /// </summary>
    public static KeyHandle? ReadKey(ReadOnlySpan<byte> pem, ReadOnlySpan<byte> password, ICollection<string> problems)
    {
        // Without an argument OpenSSL would ask on the terminal.
        byte[] secret = [.. password, 0];
        nint key;
        fixed (byte* bytes = pem, argument = secret)
        {
            nint bio = LibCrypto.BIO_new_mem_buf(bytes, pem.Length);
            key = bio == 0 ? 0 : LibCrypto.PEM_read_bio_PrivateKey(bio, null, null, argument);
            _ = LibCrypto.BIO_free(bio);
        }

        Array.Clear(secret);
        if (key == 0)
        {
            problems.Add("private key: " + OpenSslErrors.Drain("none found in PEM"));
        }

        LibCrypto.ERR_clear_error();
        return key == 0 ? null : new KeyHandle(key);
    }

    private static void ReadAll(
        ReadOnlySpan<byte> pem, string what, ICollection<string> problems, Func<nint, bool> readOne)
    {
        LibCrypto.ERR_clear_error();
        int count = 0;
        fixed (byte* bytes = pem)
        {
            nint bio = bytes is null ? 0 : LibCrypto.BIO_new_mem_buf(bytes, pem.Length);
            while (bio != 0 && readOne(bio))
            {
                count++;
            }

            _ = LibCrypto.BIO_free(bio);
        }

        string reason = OpenSslErrors.Drain(string.Empty, out int number);
        if (number is not (NoStartLine or 0))
        {
            problems.Add($"{what}: number {count + 1} cannot be read: {reason}");
        }
    }
}
