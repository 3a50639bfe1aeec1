using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Tls.OpenSsl;

namespace FastMesh.Tls;

/// <summary>
/// One role with its settings, certificates and trust, made once and used by every session of every thread. Replacing
/// a certificate means making a new context: sessions that run keep the one they began with.
/// </summary>
public sealed unsafe class TlsContext : IDisposable
{
    private readonly SslContextHandle _handle;
    private readonly byte[] _protocols;
    private readonly byte[] _markers;

    private TlsContext(nint handle, bool isServer, IReadOnlyList<string> protocols, IReadOnlyList<string> markers)
    {
        _handle = new SslContextHandle(handle);
        IsServer = isServer;
        _protocols = Alpn.Encode(protocols);
        _markers = Alpn.Encode(markers);
    }

    /// <summary>True for the side that accepts.</summary>
    public bool IsServer { get; }

    internal PeerVerifier? Verifier { get; private init; }

    internal IReadOnlyList<TlsCertificate> Certificates { get; private init; } = [];

    internal TlsTicketKeys? TicketKeys { get; private init; }

    internal Action<string>? KeyLog { get; private init; }

    internal bool AsksForPeer { get; private init; }

    internal bool RequiresPeer { get; private init; }

    internal ReadOnlySpan<byte> Protocols => _protocols;

    internal ReadOnlySpan<byte> Markers => _markers;

    internal nint Handle => _handle.Pointer;

    /// <summary>A context that accepts.</summary>
    /// <param name="settings">What to serve.</param>
    /// <param name="problems">Everything that is wrong with the settings is appended here.</param>
    /// <returns>Null when something is wrong.</returns>
    public static TlsContext? CreateServer(TlsServerSettings settings, ICollection<string> problems)
    {
        int before = problems.Count;
        SettingsCheck.Server(settings, problems);
        nint handle = problems.Count == before ? SslContext.CreateServer(settings, problems) : 0;
        if (handle == 0)
        {
            return null;
        }

        bool asks = settings.ClientCertificates != ClientCertificateMode.None;
        return new TlsContext(handle, true, settings.ApplicationProtocols, settings.MarkerProtocols)
        {
            Certificates = [.. settings.Certificates],
            Verifier = asks ? new PeerVerifier(settings.Verification!, peerIsServer: false) : null,
            AsksForPeer = asks,
            RequiresPeer = settings.ClientCertificates == ClientCertificateMode.Required,
            TicketKeys = settings.TicketKeys,
            KeyLog = settings.KeyLog,
        };
    }

    /// <summary>A context that connects.</summary>
    /// <param name="settings">What to offer and to check.</param>
    /// <param name="problems">Everything that is wrong with the settings is appended here.</param>
    /// <returns>Null when something is wrong.</returns>
    public static TlsContext? CreateClient(TlsClientSettings settings, ICollection<string> problems)
    {
        int before = problems.Count;
        SettingsCheck.Client(settings, problems);
        nint handle = problems.Count == before ? SslContext.CreateClient(settings, problems) : 0;
        return handle == 0
            ? null
            : new TlsContext(handle, false, settings.ApplicationProtocols, [])
            {
                Certificates = [.. settings.Certificates],
                Verifier = settings.Verification is { } how ? new PeerVerifier(how, peerIsServer: true) : null,
                AsksForPeer = settings.Verification is not null,
                KeyLog = settings.KeyLog,
            };
    }

    /// <summary>A session with a client that has connected.</summary>
    public TlsSession Accept()
    {
        if (!IsServer)
        {
            throw new InvalidOperationException("a client context does not accept");
        }

        nint ssl = NewSession();
        LibSsl.SSL_set_accept_state(ssl);
        return new TlsSession(this, ssl, null, null);
    }

    /// <summary>A session with a server; the first <see cref="TlsSession.Handshake"/> writes the ClientHello.</summary>
    /// <param name="serverName">The host name to ask for (SNI); null or empty for none. At most 255 bytes.</param>
    /// <param name="cache">Where the last session with this destination is kept; null for no resumption.</param>
    /// <param name="protocols">Application protocols to offer instead of the context's; null for the context's.</param>
    public TlsSession Connect(
        string? serverName = null, TlsSessionCache? cache = null, IReadOnlyList<string>? protocols = null)
    {
        if (IsServer)
        {
            throw new InvalidOperationException("a server context does not connect");
        }

        nint ssl = NewSession();
        LibSsl.SSL_set_connect_state(ssl);
        if (!string.IsNullOrEmpty(serverName))
        {
            SetServerName(ssl, serverName);
        }

        SetProtocols(ssl, protocols is null ? _protocols : Alpn.Encode(protocols));
        PeerIdentity? peer = null;
        if (cache?.Find(this, out peer) is { } session)
        {
            // Takes a reference of its own.
            _ = LibSsl.SSL_set_session(ssl, session.Pointer);
        }

        return new TlsSession(this, ssl, cache, peer);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static void SetServerName(nint ssl, string serverName)
    {
        Span<byte> name = stackalloc byte[256];
        name.Clear();
        if (Encoding.ASCII.TryGetBytes(serverName, name[..255], out _))
        {
            fixed (byte* bytes = name)
            {
                LibSsl.SSL_ctrl(ssl, LibSsl.CtrlHostName, 0, bytes);
            }
        }
    }

    private static void SetProtocols(nint ssl, ReadOnlySpan<byte> protocols)
    {
        if (!protocols.IsEmpty)
        {
            fixed (byte* bytes = protocols)
            {
                _ = LibSsl.SSL_set_alpn_protos(ssl, bytes, (uint)protocols.Length);
            }
        }
    }

    private nint NewSession()
    {
        nint ssl = OpenSslErrors.Made(LibSsl.SSL_new(Handle), "SSL_new");
        SessionBio.Attach(ssl);
        return ssl;
    }
}
