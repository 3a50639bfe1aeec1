namespace FastMesh.Tls;

/// <summary>What a step of a <see cref="TlsSession"/> came to.</summary>
public enum TlsStatus : byte
{
    /// <summary>
    /// The step did all it was asked for: the handshake is complete, or the room for plaintext is used up.
    /// </summary>
    Done,

    /// <summary>All input is consumed, and more is needed to go on.</summary>
    NeedInput,

    /// <summary>The peer has said <c>close_notify</c>: nothing more will come. Writing is still possible.</summary>
    Closed,

    /// <summary>
    /// The session is over; <see cref="TlsSession.Error"/> says why. Send what is in the output, then close.
    /// </summary>
    Failed,
}
