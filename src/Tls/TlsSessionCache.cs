using System;
using FastMesh.Tls.OpenSsl;

namespace FastMesh.Tls;

/// <summary>
/// The newest session with one destination, to be resumed by the next connection to it. One cache stands for one
/// context, server name and endpoint, and belongs to one thread.
/// </summary>
public sealed class TlsSessionCache : IDisposable
{
    private SslSessionHandle? _session;
    private TlsContext? _context;
    private PeerIdentity? _peer;
    private DateTimeOffset _expires;

    /// <summary>True while there is a session to offer.</summary>
    public bool HasSession => _session is not null;

    /// <summary>Forgets the session.</summary>
    public void Dispose()
    {
        _session?.Dispose();
        _session = null;
        _context = null;
        _peer = null;
    }

    /// <summary>
    /// The session, if it belongs to the context and neither it nor the peer's certificate has expired.
    /// </summary>
    internal SslSessionHandle? Find(TlsContext context, out PeerIdentity? peer)
    {
        peer = null;
        if (_session is null)
        {
            return null;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (!ReferenceEquals(_context, context) || now >= _expires || (_peer is not null && now >= _peer.NotAfter))
        {
            Dispose();
            return null;
        }

        peer = _peer;
        return _session;
    }

    /// <summary>Takes over one reference to a session.</summary>
    internal void Store(nint session, TlsContext context, PeerIdentity? peer)
    {
        Dispose();
        _session = new SslSessionHandle(session);
        _context = context;
        _peer = peer;
        long start = LibSsl.SSL_SESSION_get_time(session);
        uint hint = LibSsl.SSL_SESSION_get_ticket_lifetime_hint(session);
        long seconds = hint > 0 ? hint : LibSsl.SSL_SESSION_get_timeout(session);
        _expires = DateTimeOffset.FromUnixTimeSeconds(start + seconds);
    }
}
