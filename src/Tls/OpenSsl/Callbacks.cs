using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// What OpenSSL asks while a call of a session runs, on the session's own thread. Nothing in here throws: it would
/// unwind through OpenSSL.
/// </summary>
internal static unsafe class Callbacks
{
    private static readonly nint s_cipher = FetchCipher();

    [UnmanagedCallersOnly]
    public static void OnInfo(nint ssl, int where, int value)
    {
        if ((where & 0x4000) != 0)
        {
            TlsSession.Current?.OnAlert(sent: (where & 0x8) != 0, (TlsAlert)(value & 0xFF));
        }
    }

    [UnmanagedCallersOnly]
    public static int OnVerify(nint storeContext, void* argument)
    {
        int code = LibCrypto.ErrorUnspecified;
        TlsSession? session = TlsSession.Current;
        try
        {
            if (session?.Context.Verifier is { } verifier)
            {
                code = verifier.Verify(
                    LibCrypto.X509_STORE_CTX_get0_cert(storeContext),
                    LibCrypto.X509_STORE_CTX_get0_untrusted(storeContext),
                    out PeerIdentity? identity, out string? problem);
                session.OnVerified(code == LibCrypto.Ok ? identity : null, problem);
            }
        }
#pragma warning disable CA1031 // our bug refuses the peer; it must not unwind through OpenSSL
        catch (Exception bug)
#pragma warning restore CA1031
        {
            code = LibCrypto.ErrorUnspecified;
            session!.OnVerified(null, "the check itself failed: " + bug.Message);
        }

        LibCrypto.X509_STORE_CTX_set_error(storeContext, code);
        return code == LibCrypto.Ok ? 1 : 0;
    }

    /// <summary>RFC 7301 §3.2: our first one that the client offers; an alert when there is none.</summary>
    [UnmanagedCallersOnly]
    public static int OnSelectProtocol(
        nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, void* argument)
    {
        if (TlsSession.Current?.Context is not { } context)
        {
            return LibSsl.ExtNoAck;
        }

        ReadOnlySpan<byte> offer = new(offered, (int)offeredLength);
        ReadOnlySpan<byte> ours = context.Protocols;
        while (Alpn.TryTake(ref ours, out ReadOnlySpan<byte> protocol))
        {
            ReadOnlySpan<byte> rest = offer;
            while (Alpn.TryTake(ref rest, out ReadOnlySpan<byte> theirs))
            {
                if (theirs.SequenceEqual(protocol))
                {
                    int end = offer.Length - rest.Length;
                    *selected = offered + end - theirs.Length;
                    *selectedLength = (byte)theirs.Length;
                    return LibSsl.ExtOk;
                }
            }
        }

        while (Alpn.TryTake(ref offer, out ReadOnlySpan<byte> foreign))
        {
            if (!Alpn.Contains(context.Markers, foreign))
            {
                return LibSsl.ExtAlertFatal;
            }
        }

        return LibSsl.ExtNoAck;
    }

    /// <summary>RFC 5077 §4: the key of a ticket. 0: not ours, full handshake; 2: good, and to be renewed.</summary>
    [UnmanagedCallersOnly]
    public static int OnTicketKey(nint ssl, byte* name, byte* iv, nint cipher, nint mac, int seals)
    {
        try
        {
            return TlsSession.Current?.Context.TicketKeys?.Keys is { } keys
                ? TicketKey(keys, name, iv, cipher, mac, seals != 0)
                : 0;
        }
#pragma warning disable CA1031 // our bug ends the handshake; it must not unwind through OpenSSL
        catch (Exception)
#pragma warning restore CA1031
        {
            return -1;
        }
    }

    [UnmanagedCallersOnly]
    public static int OnTicketMade(nint ssl, void* argument) => 1;

    /// <summary>
    /// A ticket was opened. The certificate in it must still pass: a connection must not outlive what proved it. If it
    /// does not, a full handshake follows, in which the client can show a newer one.
    /// </summary>
    [UnmanagedCallersOnly]
    public static int OnTicketOpened(
        nint ssl, nint session, byte* name, nuint nameLength, int status, void* argument)
    {
        if (status is not (LibSsl.TicketSuccess or LibSsl.TicketSuccessRenew)
            || TlsSession.Current?.Context is not { } context)
        {
            return LibSsl.TicketReturnIgnoreRenew;
        }

        if (context.Verifier is { } verifier && !IsStillGood(context, verifier, session))
        {
            return LibSsl.TicketReturnIgnoreRenew;
        }

        // A ticket of TLS 1.3 is used once (RFC 8446 §C.4), so the client gets a new one for its next connection.
        bool renews = status == LibSsl.TicketSuccessRenew || LibSsl.SSL_version(ssl) == (int)TlsVersion.Tls13;
        return renews ? LibSsl.TicketReturnUseRenew : LibSsl.TicketReturnUse;
    }

    [UnmanagedCallersOnly]
    public static int OnNewSession(nint ssl, nint session) =>
        TlsSession.Current?.OnNewSession(session) == true ? 1 : 0;

    [UnmanagedCallersOnly]
    public static int OnStatusRequest(nint ssl, void* argument)
    {
        if (TlsSession.Current?.Context is not { } context)
        {
            return LibSsl.ExtNoAck;
        }

        nint shown = LibSsl.SSL_get_certificate(ssl);
        foreach (TlsCertificate certificate in context.Certificates)
        {
            ReadOnlySpan<byte> staple = certificate.OcspStaple.Span;
            if (certificate.Leaf.Pointer == shown && !staple.IsEmpty)
            {
                // OpenSSL frees it.
                nint copy = LibCrypto.CRYPTO_malloc((nuint)staple.Length, null, 0);
                if (copy == 0)
                {
                    return LibSsl.ExtNoAck;
                }

                staple.CopyTo(new Span<byte>((byte*)copy, staple.Length));
                LibSsl.SSL_ctrl(ssl, LibSsl.CtrlStatusResponse, staple.Length, (byte*)copy);
                return LibSsl.ExtOk;
            }
        }

        return LibSsl.ExtNoAck;
    }

    [UnmanagedCallersOnly]
    public static void OnKeyLog(nint ssl, byte* line)
    {
        try
        {
            TlsSession.Current?.Context.KeyLog?.Invoke(Marshal.PtrToStringUTF8((nint)line)!);
        }
#pragma warning disable CA1031 // a log that fails must not unwind through OpenSSL
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private static bool IsStillGood(TlsContext context, PeerVerifier verifier, nint session)
    {
        nint leaf = LibSsl.SSL_SESSION_get0_peer(session);
        try
        {
            return leaf == 0 ? !context.RequiresPeer : verifier.StillGood(leaf);
        }
#pragma warning disable CA1031 // a full handshake follows; it must not unwind through OpenSSL
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private static int TicketKey(byte[][] keys, byte* name, byte* iv, nint cipher, nint mac, bool seals)
    {
        Span<byte> wireName = new(name, TlsTicketKeys.NameBytes);
        if (seals)
        {
            keys[0].AsSpan(0, TlsTicketKeys.NameBytes).CopyTo(wireName);
            RandomNumberGenerator.Fill(new Span<byte>(iv, 16));
            return Use(keys[0], iv, cipher, mac, seals: true) ? 1 : -1;
        }

        for (int i = 0; i < keys.Length; i++)
        {
            if (wireName.SequenceEqual(keys[i].AsSpan(0, TlsTicketKeys.NameBytes)))
            {
                return !Use(keys[i], iv, cipher, mac, seals: false) ? -1 : i == 0 ? 1 : 2;
            }
        }

        return 0;
    }

    private static bool Use(ReadOnlySpan<byte> key, byte* iv, nint cipher, nint mac, bool seals)
    {
        ReadOnlySpan<byte> macKey = key.Slice(TlsTicketKeys.NameBytes, TlsTicketKeys.MacKeyBytes);
        ReadOnlySpan<byte> cipherKey = key[(TlsTicketKeys.NameBytes + TlsTicketKeys.MacKeyBytes)..];
        fixed (byte* macBytes = macKey, cipherBytes = cipherKey)
        fixed (byte* keyName = "key\0"u8, digestName = "digest\0"u8, digest = "SHA256\0"u8)
        {
            OsslParam* parameters = stackalloc OsslParam[3];
            parameters[0] = new OsslParam
            {
                Key = keyName, Type = LibCrypto.ParamOctetString, Value = macBytes, Size = (nuint)macKey.Length,
            };
            parameters[1] = new OsslParam
            {
                Key = digestName, Type = LibCrypto.ParamUtf8String, Value = digest, Size = 6,
            };
            parameters[2] = default;
            int ready = seals
                ? LibCrypto.EVP_EncryptInit_ex2(cipher, s_cipher, cipherBytes, iv, null)
                : LibCrypto.EVP_DecryptInit_ex2(cipher, s_cipher, cipherBytes, iv, null);
            return ready == 1 && LibCrypto.EVP_MAC_CTX_set_params(mac, parameters) == 1;
        }
    }

    private static nint FetchCipher()
    {
        fixed (byte* name = "AES-256-CBC\0"u8)
        {
            return LibCrypto.EVP_CIPHER_fetch(0, name, null);
        }
    }
}
