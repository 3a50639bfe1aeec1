using System;

namespace FastMesh.Protocols;

/// <summary>Everything an HTTP/1 peer can do wrong, by name.</summary>
public enum ProtocolErrorCode : byte
{
    /// <summary>No error.</summary>
    None,

    /// <summary>A line ends with LF alone, or CR stands alone.</summary>
    BareLineEnd,

    /// <summary>The request line is not "method SP target SP version".</summary>
    MalformedRequestLine,

    /// <summary>The method is not a token.</summary>
    MalformedMethod,

    /// <summary>The method is longer than any that is forwarded.</summary>
    MethodTooLong,

    /// <summary>The target has no allowed form or forbidden bytes.</summary>
    MalformedTarget,

    /// <summary>The target is over the limit.</summary>
    TargetTooLong,

    /// <summary>The version is not spelt as HTTP/1.0 or HTTP/1.1.</summary>
    MalformedVersion,

    /// <summary>A well-formed version of another major.</summary>
    UnsupportedVersion,

    /// <summary>The status line is not "version SP status SP reason".</summary>
    MalformedStatusLine,

    /// <summary>White space before a field name: obs-fold, or a folded first line.</summary>
    FoldedField,

    /// <summary>The field name is empty or not a token, or white space stands before the colon.</summary>
    MalformedFieldName,

    /// <summary>A control byte in a field value.</summary>
    MalformedFieldValue,

    /// <summary>A field name with an underscore, where these are refused.</summary>
    UnderscoreInName,

    /// <summary>The head is over its byte limit.</summary>
    HeadTooLarge,

    /// <summary>More field lines than allowed.</summary>
    TooManyFields,

    /// <summary>No Host in HTTP/1.1.</summary>
    MissingHost,

    /// <summary>More than one Host.</summary>
    RepeatedHost,

    /// <summary>Host is not a host with an optional port.</summary>
    MalformedHost,

    /// <summary>Content-Length is not one plain decimal number.</summary>
    MalformedContentLength,

    /// <summary>More than one Content-Length.</summary>
    RepeatedContentLength,

    /// <summary>Content-Length together with Transfer-Encoding.</summary>
    ConflictingFraming,

    /// <summary>Transfer-Encoding is not one final chunked.</summary>
    MalformedTransferEncoding,

    /// <summary>A transfer coding that the proxy does not know.</summary>
    UnknownTransferCoding,

    /// <summary>Transfer-Encoding in an HTTP/1.0 message.</summary>
    TransferEncodingInHttp10,

    /// <summary>A body on CONNECT.</summary>
    BodyOnConnect,

    /// <summary>Connection is not a list of tokens, or names an end-to-end field.</summary>
    MalformedConnection,

    /// <summary>An expectation other than 100-continue.</summary>
    UnknownExpectation,

    /// <summary>A chunk size is not one to sixteen hexadecimal digits below 2^63.</summary>
    MalformedChunkSize,

    /// <summary>A chunk extension is malformed.</summary>
    MalformedChunkExtension,

    /// <summary>The chunk extensions of a message are over the limit.</summary>
    ChunkExtensionsTooLarge,

    /// <summary>The data of a chunk is not followed by CRLF.</summary>
    MalformedChunkEnd,

    /// <summary>A trailer field that must not be one.</summary>
    ForbiddenTrailer,

    /// <summary>The trailers are over a limit.</summary>
    TrailersTooLarge,

    /// <summary>A path that a policy refuses: %00 or an escaped slash.</summary>
    RefusedPath,

    /// <summary>101 that nobody asked for.</summary>
    UnexpectedUpgrade,

    /// <summary>The peer closed before the message was complete.</summary>
    Incomplete,

    /// <summary>A PROXY protocol header is malformed.</summary>
    MalformedProxyHeader,

    /// <summary>A ClientHello is malformed or over the limit.</summary>
    MalformedClientHello,

    /// <summary>The head was not complete in time.</summary>
    HeadTimeout,
}

/// <summary>
/// What a peer did wrong: a value, never an exception. The default is "no error".
/// </summary>
public readonly struct ProtocolError : IEquatable<ProtocolError>
{
    /// <summary>Makes the error of a code.</summary>
    public ProtocolError(ProtocolErrorCode code)
    {
        Code = code;
    }

    /// <summary>No error.</summary>
    public static ProtocolError None => default;

    /// <summary>What happened.</summary>
    public ProtocolErrorCode Code { get; }

    /// <summary>True unless the code is none.</summary>
    public bool IsError => Code != ProtocolErrorCode.None;

    /// <summary>
    /// What a downstream peer is answered: 400, 408, 414, 417, 431, 501 or 505. An upstream's fault is 502.
    /// </summary>
    public int HttpStatus => Code switch
    {
        ProtocolErrorCode.None => 0,
        ProtocolErrorCode.MethodTooLong or ProtocolErrorCode.UnknownTransferCoding => 501,
        ProtocolErrorCode.TargetTooLong => 414,
        ProtocolErrorCode.UnsupportedVersion => 505,
        ProtocolErrorCode.HeadTooLarge or ProtocolErrorCode.TooManyFields => 431,
        ProtocolErrorCode.UnknownExpectation => 417,
        ProtocolErrorCode.HeadTimeout => 408,
        _ => 400,
    };

    /// <summary>The rule that was broken.</summary>
    public string Section => Code switch
    {
        ProtocolErrorCode.BareLineEnd => "RFC 9112 §2.2",
        ProtocolErrorCode.MalformedRequestLine => "RFC 9112 §3",
        ProtocolErrorCode.MalformedMethod or ProtocolErrorCode.MethodTooLong => "RFC 9110 §9.1",
        ProtocolErrorCode.MalformedTarget => "RFC 9112 §3.2",
        ProtocolErrorCode.TargetTooLong => "RFC 9110 §15.5.15",
        ProtocolErrorCode.MalformedVersion or ProtocolErrorCode.UnsupportedVersion => "RFC 9112 §2.3",
        ProtocolErrorCode.MalformedStatusLine => "RFC 9112 §4",
        ProtocolErrorCode.FoldedField => "RFC 9112 §5.2",
        ProtocolErrorCode.MalformedFieldName or ProtocolErrorCode.UnderscoreInName => "RFC 9112 §5.1",
        ProtocolErrorCode.MalformedFieldValue => "RFC 9110 §5.5",
        ProtocolErrorCode.HeadTooLarge or ProtocolErrorCode.TooManyFields => "RFC 6585 §5",
        ProtocolErrorCode.MissingHost or ProtocolErrorCode.RepeatedHost => "RFC 9112 §3.2",
        ProtocolErrorCode.MalformedHost => "RFC 9110 §7.2",
        ProtocolErrorCode.MalformedContentLength => "RFC 9110 §8.6",
        ProtocolErrorCode.RepeatedContentLength or ProtocolErrorCode.ConflictingFraming => "RFC 9112 §6.3",
        ProtocolErrorCode.MalformedTransferEncoding or ProtocolErrorCode.UnknownTransferCoding
            or ProtocolErrorCode.TransferEncodingInHttp10 => "RFC 9112 §6.1",
        ProtocolErrorCode.BodyOnConnect => "RFC 9110 §9.3.6",
        ProtocolErrorCode.MalformedConnection => "RFC 9110 §7.6.1",
        ProtocolErrorCode.UnknownExpectation => "RFC 9110 §10.1.1",
        ProtocolErrorCode.MalformedChunkSize or ProtocolErrorCode.MalformedChunkEnd => "RFC 9112 §7.1",
        ProtocolErrorCode.MalformedChunkExtension or ProtocolErrorCode.ChunkExtensionsTooLarge => "RFC 9112 §7.1.1",
        ProtocolErrorCode.ForbiddenTrailer or ProtocolErrorCode.TrailersTooLarge => "RFC 9110 §6.5.1",
        ProtocolErrorCode.RefusedPath => "RFC 3986 §6.2.2",
        ProtocolErrorCode.UnexpectedUpgrade => "RFC 9110 §15.2.2",
        ProtocolErrorCode.Incomplete => "RFC 9112 §8",
        ProtocolErrorCode.HeadTimeout => "RFC 9110 §15.5.9",
        ProtocolErrorCode.MalformedProxyHeader => "PROXY protocol §2",
        ProtocolErrorCode.MalformedClientHello => "RFC 8446 §4.1.2",
        _ => "",
    };

    /// <summary>The fault in words: lower case, static, without anything the peer sent.</summary>
    public string Text => Code switch
    {
        ProtocolErrorCode.None => "",
        ProtocolErrorCode.BareLineEnd => "a line does not end with CRLF",
        ProtocolErrorCode.MalformedRequestLine => "the request line is malformed",
        ProtocolErrorCode.MalformedMethod => "the method is not a token",
        ProtocolErrorCode.MethodTooLong => "the method is too long",
        ProtocolErrorCode.MalformedTarget => "the request target is malformed",
        ProtocolErrorCode.TargetTooLong => "the request target is too long",
        ProtocolErrorCode.MalformedVersion => "the HTTP version is malformed",
        ProtocolErrorCode.UnsupportedVersion => "the HTTP version is not supported",
        ProtocolErrorCode.MalformedStatusLine => "the status line is malformed",
        ProtocolErrorCode.FoldedField => "white space before a field name",
        ProtocolErrorCode.MalformedFieldName => "a field name is malformed",
        ProtocolErrorCode.MalformedFieldValue => "a control byte in a field",
        ProtocolErrorCode.UnderscoreInName => "an underscore in a field name",
        ProtocolErrorCode.HeadTooLarge => "the head is too large",
        ProtocolErrorCode.TooManyFields => "too many fields",
        ProtocolErrorCode.MissingHost => "host is missing",
        ProtocolErrorCode.RepeatedHost => "host is repeated",
        ProtocolErrorCode.MalformedHost => "host is malformed",
        ProtocolErrorCode.MalformedContentLength => "content-length is malformed",
        ProtocolErrorCode.RepeatedContentLength => "content-length is repeated",
        ProtocolErrorCode.ConflictingFraming => "content-length and transfer-encoding together",
        ProtocolErrorCode.MalformedTransferEncoding => "transfer-encoding is malformed",
        ProtocolErrorCode.UnknownTransferCoding => "the transfer coding is not known",
        ProtocolErrorCode.TransferEncodingInHttp10 => "transfer-encoding in HTTP/1.0",
        ProtocolErrorCode.BodyOnConnect => "a body on CONNECT",
        ProtocolErrorCode.MalformedConnection => "connection is malformed",
        ProtocolErrorCode.UnknownExpectation => "the expectation is not known",
        ProtocolErrorCode.MalformedChunkSize => "a chunk size is malformed",
        ProtocolErrorCode.MalformedChunkExtension => "a chunk extension is malformed",
        ProtocolErrorCode.ChunkExtensionsTooLarge => "the chunk extensions are too large",
        ProtocolErrorCode.MalformedChunkEnd => "a chunk does not end with CRLF",
        ProtocolErrorCode.ForbiddenTrailer => "a field that is not allowed as trailer",
        ProtocolErrorCode.TrailersTooLarge => "the trailers are too large",
        ProtocolErrorCode.RefusedPath => "the path is refused",
        ProtocolErrorCode.UnexpectedUpgrade => "an upgrade that was not asked for",
        ProtocolErrorCode.Incomplete => "the message is incomplete",
        ProtocolErrorCode.MalformedProxyHeader => "the PROXY header is malformed",
        ProtocolErrorCode.MalformedClientHello => "the ClientHello is malformed",
        ProtocolErrorCode.HeadTimeout => "the head was not complete in time",
        _ => "protocol error",
    };

    /// <inheritdoc/>
    public bool Equals(ProtocolError other) => Code == other.Code;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ProtocolError other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Code;

    /// <inheritdoc/>
    public override string ToString() => IsError ? $"{Text} ({Section})" : "none";

    /// <summary>Equality by code.</summary>
    public static bool operator ==(ProtocolError left, ProtocolError right) => left.Equals(right);

    /// <summary>Inequality by code.</summary>
    public static bool operator !=(ProtocolError left, ProtocolError right) => !left.Equals(right);

    /// <summary>The error of a code.</summary>
    public static implicit operator ProtocolError(ProtocolErrorCode code) => new(code);

    /// <summary>The error of a code.</summary>
    public static ProtocolError ToProtocolError(ProtocolErrorCode code) => new(code);
}
