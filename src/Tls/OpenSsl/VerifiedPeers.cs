using System;
using System.Buffers.Binary;
using System.Threading;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// Certificates that one verifier has accepted lately, found by their bytes. In a mesh the same few hundred peers come
/// again and again, and a chain costs several hundred microseconds. A table without locks: two threads that write one
/// place lose an entry, never correctness, for an entry is immutable.
/// </summary>
internal sealed unsafe class VerifiedPeers
{
    /// <summary>Places: at about 2 KiB each, 1 MiB when full.</summary>
    public const int PlacesMax = 512;

    /// <summary>After this long a chain is walked again: an intermediate may have expired meanwhile.</summary>
    public const long KeptMs = 5 * 60 * 1000;

    /// <summary>Larger certificates are not looked up.</summary>
    public const int CertificateBytesMax = 4096;

    private readonly Entry?[] _places = new Entry?[PlacesMax];

    /// <summary>Finds an accepted certificate that has not expired.</summary>
    public bool TryFind(nint certificate, out PeerIdentity? identity)
    {
        identity = null;
        int length = LibCrypto.i2d_X509(certificate, null);
        if (length is <= 0 or > CertificateBytesMax)
        {
            return false;
        }

        byte* der = stackalloc byte[CertificateBytesMax];
        byte* end = der;
        _ = LibCrypto.i2d_X509(certificate, &end);
        ReadOnlySpan<byte> bytes = new(der, length);
        Entry? entry = Volatile.Read(ref _places[Place(bytes)]);
        if (entry is null || Environment.TickCount64 - entry.SinceMs > KeptMs
            || !entry.Identity.Certificate.Span.SequenceEqual(bytes)
            || DateTimeOffset.UtcNow >= entry.Identity.NotAfter)
        {
            return false;
        }

        identity = entry.Identity;
        return true;
    }

    /// <summary>Remembers an accepted certificate.</summary>
    public void Add(PeerIdentity identity)
    {
        ReadOnlySpan<byte> bytes = identity.Certificate.Span;
        if (bytes.Length is >= 8 and <= CertificateBytesMax)
        {
            Volatile.Write(ref _places[Place(bytes)], new Entry(identity, Environment.TickCount64));
        }
    }

    // The end of a certificate is its signature: as good as random.
    private static int Place(ReadOnlySpan<byte> der) =>
        der.Length < 8 ? 0 : (int)(BinaryPrimitives.ReadUInt64LittleEndian(der[^8..]) % PlacesMax);

    private sealed record Entry(PeerIdentity Identity, long SinceMs);
}
