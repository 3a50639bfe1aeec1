using System;

namespace FastMesh.Protocols;

/// <summary>
/// What precedes a request body, the same for every protocol version. Reused: <see cref="Clear"/> makes it ready for
/// the next request without allocating. Spans are valid until the next change of this head.
/// </summary>
public sealed class RequestHead
{
    private ByteRange _method;
    private ByteRange _authority;
    private ByteRange _scheme;
    private ByteRange _path;
    private ByteRange _upgrade;
    private int _pathOnlyLength;
    private bool _schemeIsHttps;
    private bool _pathKnown = true;

    /// <summary>The fields without Host, which is <see cref="Authority"/>.</summary>
    public HttpFields Fields { get; } = new();

    /// <summary>The method, or other.</summary>
    public HttpMethod Method { get; private set; }

    /// <summary>The method's bytes.</summary>
    public ReadOnlySpan<byte> MethodBytes =>
        Method == HttpMethod.Other ? Fields.Slice(_method) : HttpMethods.Name(Method);

    /// <summary>The version the request was received with.</summary>
    public HttpVersion Version { get; set; }

    /// <summary>"http" unless set otherwise.</summary>
    public ReadOnlySpan<byte> Scheme =>
        _scheme.Length != 0 ? Fields.Slice(_scheme) : _schemeIsHttps ? "https"u8 : "http"u8;

    /// <summary>
    /// Host and optional port: what Host, :authority or the absolute form said. Empty when nothing did.
    /// </summary>
    public ReadOnlySpan<byte> Authority => Fields.Slice(_authority);

    /// <summary>Path and query as they are forwarded; "*" for OPTIONS *; empty for CONNECT.</summary>
    public ReadOnlySpan<byte> Path => Fields.Slice(_path);

    /// <summary><see cref="Path"/> up to the first '?'.</summary>
    public ReadOnlySpan<byte> PathOnly => Path[..PathOnlyLength()];

    /// <summary>What follows the first '?', which is not included; empty when there is none.</summary>
    public ReadOnlySpan<byte> Query
    {
        get
        {
            int length = PathOnlyLength();
            return length < _path.Length ? Path[(length + 1)..] : default;
        }
    }

    /// <summary>Where the body ends.</summary>
    public BodyLength Body { get; set; }

    /// <summary>True when the peer wants the connection to stay open after this request.</summary>
    public bool KeepAlive { get; set; }

    /// <summary>True when the peer waits for 100 before it sends the body.</summary>
    public bool ExpectContinue { get; set; }

    /// <summary>
    /// True when the peer asks for another protocol: Connection names upgrade and Upgrade is present.
    /// </summary>
    public bool HasUpgrade => _upgrade.Length != 0;

    /// <summary>The value of Upgrade when <see cref="HasUpgrade"/>, for example "websocket".</summary>
    public ReadOnlySpan<byte> Upgrade => Fields.Slice(_upgrade);

    /// <summary>Sets a named method.</summary>
    public void SetMethod(HttpMethod method)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((byte)method, (byte)HttpMethod.Other);
        Method = method;
        _method = default;
    }

    /// <summary>Sets any method.</summary>
    public void SetMethod(ReadOnlySpan<byte> name)
    {
        Method = HttpMethods.Parse(name);
        _method = Method == HttpMethod.Other ? Store(name) : default;
    }

    /// <summary>Sets path and query.</summary>
    public void SetPath(ReadOnlySpan<byte> path)
    {
        _path = Store(path);
        _pathKnown = false;
    }

    /// <summary>Sets host and optional port.</summary>
    public void SetAuthority(ReadOnlySpan<byte> authority) => _authority = Store(authority);

    /// <summary>Sets the scheme.</summary>
    public void SetScheme(ReadOnlySpan<byte> scheme)
    {
        _schemeIsHttps = scheme.SequenceEqual("https"u8);
        _scheme = _schemeIsHttps || scheme.SequenceEqual("http"u8) ? default : Store(scheme);
    }

    /// <summary>Records the wanted protocol; an empty value withdraws the wish.</summary>
    public void SetUpgrade(ReadOnlySpan<byte> value) => _upgrade = Store(value);

    /// <summary>Makes this a copy of another head.</summary>
    public void CopyFrom(RequestHead other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Clear();
        Fields.CopyFrom(other.Fields);
        SetMethod(other.MethodBytes);
        SetScheme(other.Scheme);
        SetAuthority(other.Authority);
        SetPath(other.Path);
        SetUpgrade(other.Upgrade);
        Version = other.Version;
        Body = other.Body;
        KeepAlive = other.KeepAlive;
        ExpectContinue = other.ExpectContinue;
    }

    /// <summary>Makes the head ready for the next request.</summary>
    public void Clear()
    {
        Fields.Clear();
        _method = default;
        _authority = default;
        _scheme = default;
        _path = default;
        _upgrade = default;
        _pathOnlyLength = 0;
        _pathKnown = true;
        _schemeIsHttps = false;
        Method = HttpMethod.Other;
        Version = HttpVersion.Unknown;
        Body = default;
        KeepAlive = false;
        ExpectContinue = false;
    }

    /// <summary>Sets the method to bytes of the block.</summary>
    internal void SetMethodRange(HttpMethod method, ByteRange range)
    {
        Method = method;
        _method = range;
    }

    /// <summary>Sets path and query to bytes of the block.</summary>
    internal void SetPathRange(ByteRange range)
    {
        _path = range;
        _pathKnown = false;
    }

    /// <summary>Sets host and port to bytes of the block.</summary>
    internal void SetAuthorityRange(ByteRange range) => _authority = range;

    /// <summary>Makes the path a fresh copy at the end of the block and returns it to be changed in place.</summary>
    internal Span<byte> CopyPath()
    {
        SetPath(Path);
        return Fields.Mutable(_path);
    }

    /// <summary>Cuts the path to its first bytes.</summary>
    internal void ShortenPath(int length) => SetPathRange(new ByteRange(_path.Start, length));

    private int PathOnlyLength()
    {
        if (!_pathKnown)
        {
            int query = Fields.Slice(_path).IndexOf((byte)'?');
            _pathOnlyLength = query < 0 ? _path.Length : query;
            _pathKnown = true;
        }

        return _pathOnlyLength;
    }

    private ByteRange Store(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? default : new ByteRange(Fields.AppendBytes(bytes), bytes.Length);
}
