using System;
using System.Buffers.Text;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>Where a redirect leads (Envoy, <c>RouteEntryImplBase::newUri</c>).</summary>
internal sealed class RedirectTarget
{
    /// <summary>301, 302, 303, 307 or 308.</summary>
    public required int Status { get; init; }

    /// <summary>The scheme; empty to keep it.</summary>
    public byte[] Scheme { get; init; } = [];

    /// <summary>The host; empty to keep it.</summary>
    public byte[] Host { get; init; } = [];

    /// <summary>The port; 0 to keep it, unless it is the default one of the scheme that is left.</summary>
    public int Port { get; init; }

    /// <summary>The whole path; empty to keep it.</summary>
    public byte[] Path { get; init; } = [];

    /// <summary>What becomes of the path otherwise, or null.</summary>
    public PathRewrite? Rewrite { get; init; }

    /// <summary>The query is dropped, unless <see cref="Path"/> has its own.</summary>
    public bool StripQuery { get; init; }

    /// <summary>Writes the location.</summary>
    /// <param name="head">The request.</param>
    /// <param name="isSecure">The downstream connection is encrypted.</param>
    /// <param name="output">Begun here; holds the location afterwards.</param>
    public void Write(RequestHead head, bool isSecure, RouteScratch output)
    {
        ReadOnlySpan<byte> current = CurrentScheme(head, isSecure);
        ReadOnlySpan<byte> scheme = Scheme.Length > 0 ? Scheme : current;
        output.Begin();
        output.Append(scheme);
        output.Append("://"u8);
        output.Append(Host.Length > 0 ? Host : RequestHost(head.Authority, current, scheme));
        if (Port != 0)
        {
            output.Append(":"u8);
            Utf8Formatter.TryFormat(Port, output.Reserve(8), out int digits);
            output.Commit(digits);
        }

        WritePath(head, output);
    }

    private void WritePath(RequestHead head, RouteScratch output)
    {
        ReadOnlySpan<byte> path = head.PathOnly;
        ReadOnlySpan<byte> query = head.Path[path.Length..];
        bool ownQuery = Path.AsSpan().Contains((byte)'?');
        if (Path.Length > 0)
        {
            output.Append(Path);
        }
        else if (Rewrite is not null)
        {
            Rewrite.Append(path, output);
        }
        else
        {
            output.Append(path);
        }

        if (!ownQuery && !StripQuery)
        {
            output.Append(query);
        }
    }

    private static ReadOnlySpan<byte> CurrentScheme(RequestHead head, bool isSecure)
    {
        if (head.Fields.TryGet(KnownField.XForwardedProto, out ReadOnlySpan<byte> scheme)
            && (scheme.SequenceEqual("https"u8) || scheme.SequenceEqual("http"u8)))
        {
            return scheme;
        }

        return isSecure ? "https"u8 : "http"u8;
    }

    /// <summary>The port goes when another one is given, or when it was the default of a scheme that changes.</summary>
    private ReadOnlySpan<byte> RequestHost(
        ReadOnlySpan<byte> authority, ReadOnlySpan<byte> current, ReadOnlySpan<byte> scheme)
    {
        ReadOnlySpan<byte> host = HostTable.WithoutPort(authority);
        ReadOnlySpan<byte> port = authority[host.Length..];
        bool remove = Port != 0;
        if (!scheme.SequenceEqual(current))
        {
            remove |= current.SequenceEqual("https"u8) ? port.SequenceEqual(":443"u8) : port.SequenceEqual(":80"u8);
        }

        return remove ? host : authority;
    }
}
