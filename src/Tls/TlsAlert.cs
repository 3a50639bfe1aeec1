namespace FastMesh.Tls;

/// <summary>Alert descriptions (RFC 8446 §6, RFC 5246 §7.2, and the registry after them).</summary>
public enum TlsAlert : byte
{
    /// <summary><c>close_notify</c>.</summary>
    CloseNotify = 0,

    /// <summary><c>unexpected_message</c>.</summary>
    UnexpectedMessage = 10,

    /// <summary><c>bad_record_mac</c>.</summary>
    BadRecordMac = 20,

    /// <summary><c>record_overflow</c>.</summary>
    RecordOverflow = 22,

    /// <summary><c>handshake_failure</c>.</summary>
    HandshakeFailure = 40,

    /// <summary><c>bad_certificate</c>.</summary>
    BadCertificate = 42,

    /// <summary><c>unsupported_certificate</c>.</summary>
    UnsupportedCertificate = 43,

    /// <summary><c>certificate_revoked</c>.</summary>
    CertificateRevoked = 44,

    /// <summary><c>certificate_expired</c>.</summary>
    CertificateExpired = 45,

    /// <summary><c>certificate_unknown</c>.</summary>
    CertificateUnknown = 46,

    /// <summary><c>illegal_parameter</c>.</summary>
    IllegalParameter = 47,

    /// <summary><c>unknown_ca</c>.</summary>
    UnknownCa = 48,

    /// <summary><c>access_denied</c>.</summary>
    AccessDenied = 49,

    /// <summary><c>decode_error</c>.</summary>
    DecodeError = 50,

    /// <summary><c>decrypt_error</c>.</summary>
    DecryptError = 51,

    /// <summary><c>protocol_version</c>.</summary>
    ProtocolVersion = 70,

    /// <summary><c>insufficient_security</c>.</summary>
    InsufficientSecurity = 71,

    /// <summary><c>internal_error</c>.</summary>
    InternalError = 80,

    /// <summary><c>inappropriate_fallback</c>.</summary>
    InappropriateFallback = 86,

    /// <summary><c>user_canceled</c>.</summary>
    UserCanceled = 90,

    /// <summary><c>no_renegotiation</c> (TLS 1.2).</summary>
    NoRenegotiation = 100,

    /// <summary><c>missing_extension</c>.</summary>
    MissingExtension = 109,

    /// <summary><c>unsupported_extension</c>.</summary>
    UnsupportedExtension = 110,

    /// <summary><c>unrecognized_name</c>.</summary>
    UnrecognizedName = 112,

    /// <summary><c>bad_certificate_status_response</c>.</summary>
    BadCertificateStatusResponse = 113,

    /// <summary><c>unknown_psk_identity</c>.</summary>
    UnknownPskIdentity = 115,

    /// <summary><c>certificate_required</c>.</summary>
    CertificateRequired = 116,

    /// <summary><c>no_application_protocol</c> (RFC 7301 §3.2).</summary>
    NoApplicationProtocol = 120,
}
