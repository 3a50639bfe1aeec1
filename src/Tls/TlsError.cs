namespace FastMesh.Tls;

/// <summary>What a session failed of.</summary>
public enum TlsErrorKind : byte
{
    /// <summary>The peer ended the session with an alert: it did not like something of ours.</summary>
    PeerAlert,

    /// <summary>The peer's bytes are no TLS, or break its rules.</summary>
    PeerMisbehaved,

    /// <summary>No version, cipher suite, group or application protocol is common to both.</summary>
    NothingInCommon,

    /// <summary>The peer's certificate was refused, or it sent none although one is required.</summary>
    PeerCertificate,

    /// <summary>The bytes ended without <c>close_notify</c>: an attacker may have cut them.</summary>
    Truncated,

    /// <summary>Our own fault: the library failed or was given something unusable.</summary>
    Internal,
}

/// <summary>Why a TLS session ended. Errors are values: nothing that a peer sends throws.</summary>
/// <param name="Kind">What it failed of.</param>
/// <param name="AlertSent">The fatal alert that we sent; it stands in the output.</param>
/// <param name="AlertReceived">The fatal alert that the peer sent.</param>
/// <param name="Reason">What happened, for a log line; holds no secret.</param>
public sealed record TlsError(TlsErrorKind Kind, TlsAlert? AlertSent, TlsAlert? AlertReceived, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => (AlertSent, AlertReceived) switch
    {
        ({ } sent, _) => $"{Reason} (alert sent: {sent})",
        (_, { } received) => $"{Reason} (alert received: {received})",
        _ => Reason,
    };
}
