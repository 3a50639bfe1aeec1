using System.Collections.Generic;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// What TLS knows of a connection, by the names that follow <c>%DOWNSTREAM_</c> and <c>%UPSTREAM_</c>.
/// </summary>
internal enum TlsValue : byte
{
    Version,
    Cipher,
    SessionId,
    LocalUriSan,
    LocalDnsSan,
    LocalIpSan,
    LocalEmailSan,
    LocalSubject,
    PeerUriSan,
    PeerDnsSan,
    PeerIpSan,
    PeerEmailSan,
    PeerSubject,
    PeerIssuer,
    PeerSerial,
    PeerFingerprint256,
    PeerCertificate,
    PeerNotBefore,
    PeerNotAfter,
}

/// <summary>The values by name.</summary>
internal static class TlsValues
{
    private const string Downstream = "DOWNSTREAM_";
    private const string Upstream = "UPSTREAM_";

    private static readonly Dictionary<string, TlsValue> s_byName = new()
    {
        ["TLS_VERSION"] = TlsValue.Version,
        ["TLS_CIPHER"] = TlsValue.Cipher,
        ["TLS_SESSION_ID"] = TlsValue.SessionId,
        ["LOCAL_URI_SAN"] = TlsValue.LocalUriSan,
        ["LOCAL_DNS_SAN"] = TlsValue.LocalDnsSan,
        ["LOCAL_IP_SAN"] = TlsValue.LocalIpSan,
        ["LOCAL_EMAIL_SAN"] = TlsValue.LocalEmailSan,
        ["LOCAL_SUBJECT"] = TlsValue.LocalSubject,
        ["PEER_URI_SAN"] = TlsValue.PeerUriSan,
        ["PEER_DNS_SAN"] = TlsValue.PeerDnsSan,
        ["PEER_IP_SAN"] = TlsValue.PeerIpSan,
        ["PEER_EMAIL_SAN"] = TlsValue.PeerEmailSan,
        ["PEER_SUBJECT"] = TlsValue.PeerSubject,
        ["PEER_ISSUER"] = TlsValue.PeerIssuer,
        ["PEER_SERIAL"] = TlsValue.PeerSerial,
        ["PEER_FINGERPRINT_256"] = TlsValue.PeerFingerprint256,
        ["PEER_CERT"] = TlsValue.PeerCertificate,
        ["PEER_CERT_V_START"] = TlsValue.PeerNotBefore,
        ["PEER_CERT_V_END"] = TlsValue.PeerNotAfter,
    };

    /// <summary>All names, for messages.</summary>
    public static string Known => $"{Downstream}… and {Upstream}… of {string.Join(", ", s_byName.Keys)}";

    /// <summary>Which side's connection a name means, and what of it.</summary>
    public static bool TryParse(string name, out FormatOperator side, out TlsValue value)
    {
        side = name.StartsWith(Downstream, System.StringComparison.Ordinal)
            ? FormatOperator.DownstreamTls
            : FormatOperator.UpstreamTls;
        string prefix = side == FormatOperator.DownstreamTls ? Downstream : Upstream;
        value = default;
        return name.StartsWith(prefix, System.StringComparison.Ordinal)
            && s_byName.TryGetValue(name[prefix.Length..], out value);
    }

    /// <summary>It is a moment, and takes a time format.</summary>
    public static bool IsTime(this TlsValue value) => value is TlsValue.PeerNotBefore or TlsValue.PeerNotAfter;
}
