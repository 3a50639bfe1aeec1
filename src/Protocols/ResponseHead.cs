using System;

namespace FastMesh.Protocols;

/// <summary>
/// What precedes a response body, the same for every protocol version. Reused: <see cref="Clear"/> makes it ready for
/// the next response without allocating. Spans are valid until the next change of this head.
/// </summary>
public sealed class ResponseHead
{
    private ByteRange _reason;

    /// <summary>The fields.</summary>
    public HttpFields Fields { get; } = new();

    /// <summary>100 to 999; 0 while unset.</summary>
    public int StatusCode { get; set; }

    /// <summary>The reason phrase as received or set; empty means that the usual one is written.</summary>
    public ReadOnlySpan<byte> Reason => Fields.Slice(_reason);

    /// <summary>The version the response was received with.</summary>
    public HttpVersion Version { get; set; }

    /// <summary>Where the body ends.</summary>
    public BodyLength Body { get; set; }

    /// <summary>True when the peer will keep the connection open after this response.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>True for 1xx other than 101: another head follows on the same exchange (RFC 9110 §15.2).</summary>
    public bool IsInformational => StatusCode is >= 100 and < 200 and not 101;

    /// <summary>Sets the reason phrase; empty for the usual one.</summary>
    public void SetReason(ReadOnlySpan<byte> reason) =>
        _reason = reason.IsEmpty ? default : new ByteRange(Fields.AppendBytes(reason), reason.Length);

    /// <summary>Makes this a copy of another head.</summary>
    public void CopyFrom(ResponseHead other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Clear();
        Fields.CopyFrom(other.Fields);
        SetReason(other.Reason);
        StatusCode = other.StatusCode;
        Version = other.Version;
        Body = other.Body;
        KeepAlive = other.KeepAlive;
    }

    /// <summary>Makes the head ready for the next response.</summary>
    public void Clear()
    {
        Fields.Clear();
        _reason = default;
        StatusCode = 0;
        Version = HttpVersion.Unknown;
        Body = default;
        KeepAlive = false;
    }

    /// <summary>Sets the reason phrase to bytes of the block.</summary>
    internal void SetReasonRange(ByteRange range) => _reason = range;
}
