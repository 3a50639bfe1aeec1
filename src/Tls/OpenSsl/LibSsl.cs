using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// The functions of libssl, and nothing else. Calls that return at once and never call back suppress the collector's
/// transition; handshakes, records and everything that may run a callback of ours do not.
/// </summary>
internal static unsafe class LibSsl
{
    public const int CtrlMode = 33;
    public const int CtrlSessionCacheMode = 44;
    public const int CtrlHostName = 55;
    public const int CtrlStatusCallback = 63;
    public const int CtrlStatusResponse = 71;
    public const int CtrlGroupsList = 92;
    public const int CtrlSignatureList = 98;
    public const int CtrlMinVersion = 123;
    public const int CtrlMaxVersion = 124;

    public const int FiletypePem = 1;

    public const int VerifyNone = 0;
    public const int VerifyPeer = 1;
    public const int VerifyFailIfNoPeerCertificate = 2;

    /// <summary>SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN.</summary>
    public const int ShutdownBoth = 3;

    public const int ErrorSsl = 1;
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorSyscall = 5;
    public const int ErrorZeroReturn = 6;

    public const int CallbackAlertRead = 0x4004;
    public const int CallbackAlertWrite = 0x4008;

    public const ulong OptionNoTicket = 1UL << 14;
    public const ulong OptionNoCompression = 1UL << 17;
    public const ulong OptionPrioritizeChaCha = 1UL << 21;
    public const ulong OptionCipherServerPreference = 1UL << 22;
    public const ulong OptionNoRenegotiation = 1UL << 30;

    /// <summary>ACCEPT_MOVING_WRITE_BUFFER | RELEASE_BUFFERS: an idle session holds no record buffers.</summary>
    public const int Modes = 2 | 0x10;

    /// <summary>
    /// SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL: the new-session callback alone keeps sessions.
    /// </summary>
    public const int SessionCacheClient = 1 | 0x300;

    public const int TicketEmpty = 3;
    public const int TicketNoDecrypt = 4;
    public const int TicketSuccess = 5;
    public const int TicketSuccessRenew = 6;
    public const int TicketReturnIgnoreRenew = 2;
    public const int TicketReturnUse = 3;
    public const int TicketReturnUseRenew = 4;

    public const int ExtOk = 0;
    public const int ExtAlertFatal = 2;
    public const int ExtNoAck = 3;

    private const string Library = "libssl.so.3";

    [DllImport(Library)]
    public static extern nint TLS_server_method();

    [DllImport(Library)]
    public static extern nint TLS_client_method();

    [DllImport(Library)]
    public static extern nint SSL_CTX_new(nint method);

    [DllImport(Library)]
    public static extern void SSL_CTX_free(nint context);

    [DllImport(Library)]
    public static extern nint SSL_CTX_ctrl(nint context, int command, nint number, void* pointer);

    [DllImport(Library)]
    public static extern nint SSL_CTX_callback_ctrl(nint context, int command, void* callback);

    [DllImport(Library)]
    public static extern ulong SSL_CTX_set_options(nint context, ulong options);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_security_level(nint context, int level);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_cipher_list(nint context, byte* list);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_ciphersuites(nint context, byte* list);

    [DllImport(Library)]
    public static extern int SSL_CTX_use_cert_and_key(nint context, nint leaf, nint key, nint chain, int replace);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_verify(nint context, int mode, void* callback);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_cert_verify_callback(
        nint context, delegate* unmanaged<nint, void*, int> callback, void* argument);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);

    [DllImport(Library)]
    public static extern nint SSL_CTX_set_timeout(nint context, nint seconds);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_num_tickets(nint context, nuint count);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_tlsext_ticket_key_evp_cb(
        nint context, delegate* unmanaged<nint, byte*, byte*, nint, nint, int, int> callback);

    [DllImport(Library)]
    public static extern int SSL_CTX_set_session_ticket_cb(
        nint context,
        delegate* unmanaged<nint, void*, int> generate,
        delegate* unmanaged<nint, nint, byte*, nuint, int, void*, int> decrypt,
        void* argument);

    [DllImport(Library)]
    public static extern void SSL_CTX_sess_set_new_cb(nint context, delegate* unmanaged<nint, nint, int> callback);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, void*, int> callback, void* argument);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_info_callback(
        nint context, delegate* unmanaged<nint, int, int, void> callback);

    [DllImport(Library)]
    public static extern void SSL_CTX_set_keylog_callback(
        nint context, delegate* unmanaged<nint, byte*, void> callback);

    [DllImport(Library)]
    public static extern nint SSL_new(nint context);

    [DllImport(Library)]
    public static extern void SSL_free(nint ssl);

    [DllImport(Library)]
    public static extern void SSL_set_bio(nint ssl, nint read, nint write);

    [DllImport(Library)]
    public static extern int SSL_set_fd(nint ssl, int descriptor);

    [DllImport(Library)]
    public static extern void SSL_set_accept_state(nint ssl);

    [DllImport(Library)]
    public static extern void SSL_set_connect_state(nint ssl);

    [DllImport(Library)]
    public static extern nint SSL_ctrl(nint ssl, int command, nint number, void* pointer);

    [DllImport(Library)]
    public static extern int SSL_set_alpn_protos(nint ssl, byte* protocols, uint length);

    [DllImport(Library)]
    public static extern int SSL_set_session(nint ssl, nint session);

    [DllImport(Library)]
    public static extern int SSL_do_handshake(nint ssl);

    [DllImport(Library)]
    public static extern int SSL_read(nint ssl, byte* buffer, int length);

    [DllImport(Library)]
    public static extern int SSL_write(nint ssl, byte* buffer, int length);

    [DllImport(Library)]
    public static extern int SSL_shutdown(nint ssl);

    [DllImport(Library), SuppressGCTransition]
    public static extern void SSL_set_shutdown(nint ssl, int mode);

    [DllImport(Library), SuppressGCTransition]
    public static extern int SSL_get_error(nint ssl, int result);

    [DllImport(Library), SuppressGCTransition]
    public static extern int SSL_pending(nint ssl);

    [DllImport(Library), SuppressGCTransition]
    public static extern int SSL_version(nint ssl);

    [DllImport(Library), SuppressGCTransition]
    public static extern int SSL_session_reused(nint ssl);

    [DllImport(Library)]
    public static extern void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);

    [DllImport(Library)]
    public static extern byte* SSL_get_servername(nint ssl, int type);

    [DllImport(Library)]
    public static extern nint SSL_get_current_cipher(nint ssl);

    [DllImport(Library)]
    public static extern byte* SSL_CIPHER_get_name(nint cipher);

    [DllImport(Library)]
    public static extern nint SSL_get_certificate(nint ssl);

    [DllImport(Library)]
    public static extern nint SSL_get_session(nint ssl);

    [DllImport(Library)]
    public static extern byte* SSL_SESSION_get_id(nint session, uint* length);

    [DllImport(Library)]
    public static extern nint SSL_get_peer_cert_chain(nint ssl);

    [DllImport(Library)]
    public static extern nint SSL_get1_peer_certificate(nint ssl);

    [DllImport(Library)]
    public static extern nint SSL_SESSION_get0_peer(nint session);

    [DllImport(Library)]
    public static extern int SSL_SESSION_is_resumable(nint session);

    [DllImport(Library)]
    public static extern int SSL_SESSION_up_ref(nint session);

    [DllImport(Library)]
    public static extern void SSL_SESSION_free(nint session);

    [DllImport(Library)]
    public static extern nint SSL_SESSION_get_time(nint session);

    [DllImport(Library)]
    public static extern nint SSL_SESSION_get_timeout(nint session);

    [DllImport(Library)]
    public static extern uint SSL_SESSION_get_ticket_lifetime_hint(nint session);
}
