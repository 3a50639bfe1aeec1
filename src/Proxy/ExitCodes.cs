namespace FastMesh.Proxy;

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    /// <summary>Fine; also SIGTERM after a drain.</summary>
    public const int Fine = 0;

    /// <summary>Failed while running.</summary>
    public const int Failed = 1;

    /// <summary>Wrong command line or configuration; nothing was started.</summary>
    public const int Usage = 2;

    /// <summary>A needed right, tool or kernel feature is missing; the message has the mend.</summary>
    public const int MissingRight = 3;
}
