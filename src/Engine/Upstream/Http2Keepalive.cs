namespace FastMesh.Engine.Upstream;

/// <summary>When the next PING of <c>connection_keepalive</c> goes out, on either side.</summary>
internal static class Http2Keepalive
{
    /// <summary>
    /// The interval and up to <c>interval_jitter</c> of it more, so that connections made together do not ask together.
    /// </summary>
    public static long DelayMs(long intervalMs, int jitterPercent, ulong random)
    {
        long lateMs = intervalMs * jitterPercent / 100;
        return intervalMs + (lateMs > 0 ? (long)(random % (ulong)lateMs) : 0);
    }
}
