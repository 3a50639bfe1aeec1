using System;
using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FastMesh.Tls.OpenSsl;

namespace FastMesh.Tls;

/// <summary>
/// One TLS connection without a socket: ciphertext in, plaintext out, and back. No call ever blocks; each works on the
/// bytes it is given and says what it needs. Belongs to one thread at a time, allocates nothing per record, and throws
/// for nothing that a peer sends.
/// <code>
///   received ──► Handshake/Read ──► plaintext           plaintext ──► Write ──► to be sent
///                      └──────────► to be sent (handshake, alerts, key updates)
/// </code>
/// </summary>
public sealed unsafe class TlsSession : IDisposable
{
    /// <summary>The most plaintext in one record (RFC 8446 §5.1).</summary>
    public const int RecordBytesMax = 16384;

    [ThreadStatic]
    private static TlsSession? t_current;

    private readonly TlsContext _context;
    private readonly SslHandle _handle;
    private readonly nint _ssl;
    private readonly TlsSessionCache? _cache;
    private TlsSession? _outer;
    private PeerIdentity? _candidate;
    private string? _candidateProblem;
    private TlsAlert? _alertSent;
    private TlsAlert? _alertReceived;
    private bool _closeReceived;
    private bool _closeSent;

    internal TlsSession(TlsContext context, nint ssl, TlsSessionCache? cache, PeerIdentity? candidate)
    {
        _context = context;
        _handle = new SslHandle(ssl);
        _ssl = ssl;
        _cache = cache;
        _candidate = candidate;
    }

    /// <summary>True once the handshake is complete.</summary>
    public bool IsEstablished { get; private set; }

    /// <summary>True when an earlier session was resumed: no certificate was sent.</summary>
    public bool IsResumed => LibSsl.SSL_session_reused(Pointer) == 1;

    /// <summary>Why the session failed; null while it has not.</summary>
    public TlsError? Error { get; private set; }

    /// <summary>
    /// Who the peer proved to be; null before the handshake is complete, or when it showed no certificate.
    /// </summary>
    public PeerIdentity? Peer { get; private set; }

    /// <summary>Who this side says it is: of the certificate that it shows when asked; null when it has none.</summary>
    public PeerIdentity? Local
    {
        get
        {
            nint shown = LibSsl.SSL_get_certificate(Pointer);
            foreach (TlsCertificate certificate in _context.Certificates)
            {
                if (certificate.Leaf.Pointer == shown)
                {
                    return certificate.Identity;
                }
            }

            return null;
        }
    }

    /// <summary>The session's ID in hexadecimal; empty when it has none, or when the connection has ended.</summary>
    public string SessionId
    {
        get
        {
            nint session = _handle.IsClosed ? 0 : LibSsl.SSL_get_session(_ssl);
            uint length = 0;
            byte* id = session == 0 ? null : LibSsl.SSL_SESSION_get_id(session, &length);
            return Convert.ToHexStringLower(new ReadOnlySpan<byte>(id, (int)length));
        }
    }

    /// <summary>The application protocol that was agreed on; empty when none.</summary>
    public ReadOnlySpan<byte> ApplicationProtocol
    {
        get
        {
            byte* protocol;
            uint length;
            LibSsl.SSL_get0_alpn_selected(Pointer, &protocol, &length);
            return new ReadOnlySpan<byte>(protocol, (int)length);
        }
    }

    /// <summary>The version that was agreed on.</summary>
    public TlsVersion Version => (TlsVersion)LibSsl.SSL_version(Pointer);

    /// <summary>The cipher suite that was agreed on, by OpenSSL's name.</summary>
    public string CipherSuite => Text(LibSsl.SSL_CIPHER_get_name(LibSsl.SSL_get_current_cipher(Pointer)));

    /// <summary>The server name that the client asked for; empty when none.</summary>
    public string ServerName => Text(LibSsl.SSL_get_servername(Pointer, 0));

    /// <summary>The session whose call runs on this thread: what OpenSSL's callbacks are about.</summary>
    internal static TlsSession? Current => t_current;

    internal TlsContext Context => _context;

    /// <summary>Where the running call's ciphertext comes from and goes to.</summary>
    internal TlsWire Wire { get; } = new();

    internal nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _ssl;
        }
    }

    /// <summary>
    /// Takes the handshake as far as the input allows. <see cref="TlsStatus.Done"/>: complete; what is left of the
    /// input is for <see cref="Read"/>.
    /// </summary>
    /// <param name="input">Bytes from the peer; cut down to what was not consumed.</param>
    /// <param name="output">Bytes for the peer are appended here, also on failure.</param>
    public TlsStatus Handshake(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (IsEstablished || Error is not null)
        {
            return IsEstablished ? TlsStatus.Done : TlsStatus.Failed;
        }

        Enter(input, output);
        LibCrypto.ERR_clear_error();
        int result = LibSsl.SSL_do_handshake(Pointer);
        TlsStatus status = result == 1 ? TlsStatus.Done : Classify(result);
        Leave(ref input);
        if (status == TlsStatus.Done)
        {
            OnEstablished();
        }

        return status;
    }

    /// <summary>
    /// Decrypts into <paramref name="plaintext"/> until it is full (<see cref="TlsStatus.Done"/>) or the input is used
    /// up (<see cref="TlsStatus.NeedInput"/>).
    /// </summary>
    /// <param name="input">Bytes from the peer; cut down to what was not consumed.</param>
    /// <param name="plaintext">Room; not empty.</param>
    /// <param name="output">Bytes that TLS itself has to say are appended here.</param>
    /// <param name="written">Bytes of plaintext, with every status.</param>
    public TlsStatus Read(
        ref ReadOnlySequence<byte> input, Span<byte> plaintext, IBufferWriter<byte> output, out int written)
    {
        Debug.Assert(plaintext.Length > 0, "there is room");
        written = 0;
        if (Error is not null || _closeReceived)
        {
            return Error is null ? TlsStatus.Closed : TlsStatus.Failed;
        }

        Enter(input, output);
        int result = 0;
        fixed (byte* room = plaintext)
        {
            while (written < plaintext.Length)
            {
                result = LibSsl.SSL_read(Pointer, room + written, plaintext.Length - written);
                if (result <= 0)
                {
                    break;
                }

                written += result;
            }
        }

        TlsStatus status = result > 0 ? TlsStatus.Done : Classify(result);
        Leave(ref input);
        return status;
    }

    /// <summary>Encrypts all of <paramref name="plaintext"/>. Only after the handshake.</summary>
    /// <returns><see cref="TlsStatus.Done"/> or <see cref="TlsStatus.Failed"/>.</returns>
    public TlsStatus Write(ReadOnlySpan<byte> plaintext, IBufferWriter<byte> output)
    {
        Debug.Assert(IsEstablished && !_closeSent, "after the handshake and before close_notify");
        if (Error is not null)
        {
            return TlsStatus.Failed;
        }

        if (plaintext.IsEmpty)
        {
            return TlsStatus.Done;
        }

        Enter(default, output);
        int result;
        fixed (byte* bytes = plaintext)
        {
            result = LibSsl.SSL_write(Pointer, bytes, plaintext.Length);
        }

        TlsStatus status = result > 0 ? TlsStatus.Done : Classify(result);
        ReadOnlySequence<byte> none = default;
        Leave(ref none);
        Debug.Assert(status != TlsStatus.NeedInput, "a write waits for nothing");
        return status;
    }

    /// <summary>Says <c>close_notify</c>: nothing more will be written. Reading stays possible.</summary>
    public void Shutdown(IBufferWriter<byte> output)
    {
        if (!IsEstablished || Error is not null || _closeSent)
        {
            return;
        }

        _closeSent = true;
        Enter(default, output);
        int result = LibSsl.SSL_shutdown(Pointer);
        if (result < 0)
        {
            Classify(result);
        }

        ReadOnlySequence<byte> none = default;
        Leave(ref none);
    }

    /// <summary>
    /// The transport has ended. Fine behind <c>close_notify</c>; otherwise the session failed, for an attacker may have
    /// cut it (RFC 8446 §6.1).
    /// </summary>
    public TlsStatus EndInput()
    {
        if (_closeReceived)
        {
            return TlsStatus.Closed;
        }

        Error ??= new TlsError(
            TlsErrorKind.Truncated, null, null,
            IsEstablished ? "the peer closed without close_notify" : "the peer closed during the handshake");
        return TlsStatus.Failed;
    }

    /// <summary>
    /// The chain as the peer sent it, leaf first, in DER; empty for a resumed session, or after the connection's end.
    /// </summary>
    public byte[][] GetPeerChain()
    {
        if (_handle.IsClosed)
        {
            return [];
        }

        nint stack = LibSsl.SSL_get_peer_cert_chain(Pointer);
        nint leaf = _context.IsServer ? LibSsl.SSL_get1_peer_certificate(_ssl) : 0;
        int count = stack == 0 ? 0 : LibCrypto.OPENSSL_sk_num(stack);
        int extra = leaf == 0 ? 0 : 1;
        byte[][] chain = new byte[IsResumed ? 0 : count + extra][];
        for (int i = 0; i < chain.Length; i++)
        {
            chain[i] = Der.Of(i < extra ? leaf : LibCrypto.OPENSSL_sk_value(stack, i - extra));
        }

        if (leaf != 0)
        {
            LibCrypto.X509_free(leaf);
        }

        return chain;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Without it a connection that ends without close_notify would make its session unusable for the next one,
        // which is wanted only after an error.
        if (!_handle.IsClosed && (Error is null || Error.Kind == TlsErrorKind.Truncated))
        {
            LibSsl.SSL_set_shutdown(_ssl, LibSsl.ShutdownBoth);
        }

        _handle.Dispose();
    }

    /// <summary>An alert passed; only fatal ones and <c>close_notify</c> matter.</summary>
    internal void OnAlert(bool sent, TlsAlert alert)
    {
        if (alert == TlsAlert.CloseNotify)
        {
            return;
        }

        if (sent)
        {
            _alertSent = alert;
        }
        else
        {
            _alertReceived = alert;
        }
    }

    /// <summary>The peer's certificate was looked at; it counts only when the handshake completes.</summary>
    internal void OnVerified(PeerIdentity? identity, string? problem)
    {
        _candidate = identity;
        _candidateProblem = problem;
    }

    /// <summary>A session to resume was made.</summary>
    /// <returns>True when the reference was taken over.</returns>
    internal bool OnNewSession(nint session)
    {
        if (_cache is null || LibSsl.SSL_SESSION_is_resumable(session) != 1)
        {
            return false;
        }

        _cache.Store(session, _context, Peer ?? _candidate);
        return true;
    }

    private static string Text(byte* text) => text is null ? string.Empty : Marshal.PtrToStringUTF8((nint)text)!;

    private void Enter(in ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        Wire.Begin(input, output);

        // The writer may be the plaintext end of another session on this thread: TLS within TLS.
        _outer = t_current;
        t_current = this;
    }

    private void Leave(ref ReadOnlySequence<byte> input)
    {
        t_current = _outer;
        _outer = null;
        Wire.End(ref input);
    }

    private TlsStatus Classify(int result)
    {
        int error = LibSsl.SSL_get_error(_ssl, result);
        if (error == LibSsl.ErrorWantRead)
        {
            return TlsStatus.NeedInput;
        }

        if (error == LibSsl.ErrorZeroReturn)
        {
            _closeReceived = true;
            if (IsEstablished)
            {
                return TlsStatus.Closed;
            }
        }

        string reason = OpenSslErrors.Drain("the library gave no reason", out int number);
        if (_closeReceived)
        {
            reason = "the peer said close_notify during the handshake";
        }

        Error = new TlsError(Kind(number), _alertSent, _alertReceived, _candidateProblem ?? reason);
        return TlsStatus.Failed;
    }

    private TlsErrorKind Kind(int reason)
    {
        if (_candidateProblem is not null || reason == OpenSslReasons.NoCertificate)
        {
            return TlsErrorKind.PeerCertificate;
        }

        if (_alertReceived is not null || OpenSslErrors.IsAlert(reason) || _closeReceived)
        {
            return TlsErrorKind.PeerAlert;
        }

        return _alertSent switch
        {
            TlsAlert.NoApplicationProtocol or TlsAlert.ProtocolVersion or TlsAlert.InsufficientSecurity =>
                TlsErrorKind.NothingInCommon,
            TlsAlert.HandshakeFailure => TlsErrorKind.NothingInCommon,
            TlsAlert.InternalError => TlsErrorKind.Internal,
            null when reason == 0 => TlsErrorKind.Internal,
            _ => TlsErrorKind.PeerMisbehaved,
        };
    }

    private void OnEstablished()
    {
        IsEstablished = true;
        Peer = _candidate;
        if (Peer is null && _context.AsksForPeer)
        {
            // A resumed server session: the certificate comes out of the ticket, which was checked when it was opened.
            nint leaf = LibSsl.SSL_get1_peer_certificate(_ssl);
            if (leaf != 0)
            {
                Peer = CertificateReader.TryRead(Der.Of(leaf), out PeerIdentity? peer, out _) ? peer : null;
                LibCrypto.X509_free(leaf);
            }
        }

        _candidate = null;
    }
}
