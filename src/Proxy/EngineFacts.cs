namespace FastMesh.Proxy;

/// <summary>What the engine tells of itself without being started.</summary>
internal static class EngineFacts
{
    /// <summary>The transport that <c>auto</c> picks on this host, and why.</summary>
    public static string TransportHere() => "unknown; the engine is not part of this build";
}
