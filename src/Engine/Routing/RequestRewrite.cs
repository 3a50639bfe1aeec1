using System;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>What becomes of the authority and path of a forwarded request.</summary>
internal sealed class RequestRewrite
{
    /// <summary>Nothing.</summary>
    public static RequestRewrite None { get; } = new();

    /// <summary>The new path, or null.</summary>
    public PathRewrite? Path { get; init; }

    /// <summary>The new authority; empty to keep it.</summary>
    public byte[] Host { get; init; } = [];

    /// <summary>The field whose value becomes the authority; empty for none.</summary>
    public byte[] HostField { get; init; } = [];

    /// <summary>Makes the authority from the path, or null.</summary>
    public TextRewrite? HostFromPath { get; init; }

    /// <summary>Keeps the old authority in <c>x-forwarded-host</c>.</summary>
    public bool AppendForwardedHost { get; init; }

    /// <summary>True when nothing is rewritten.</summary>
    public bool IsEmpty => Path is null && Host.Length == 0 && HostField.Length == 0 && HostFromPath is null;

    /// <summary>Rewrites a request.</summary>
    /// <param name="head">The request.</param>
    /// <param name="shareHost">The authority that the drawn share wants; empty for none.</param>
    /// <param name="keepsOriginalPath">A path that is replaced goes into <c>x-envoy-original-path</c>.</param>
    public void Apply(RequestHead head, ReadOnlySpan<byte> shareHost, bool keepsOriginalPath)
    {
        RouteScratch scratch = RouteScratch.Own;
        if (!shareHost.IsEmpty)
        {
            SetAuthority(head, shareHost);
        }
        else if (Host.Length > 0)
        {
            SetAuthority(head, Host);
        }
        else if (HostField.Length > 0)
        {
            if (head.Fields.TryGet(HostField, out ReadOnlySpan<byte> host) && IsAuthority(host))
            {
                SetAuthority(head, host);
            }
        }
        else if (HostFromPath is not null)
        {
            scratch.Begin();
            HostFromPath.Apply(head.PathOnly, scratch);
            if (IsAuthority(scratch.Written))
            {
                SetAuthority(head, scratch.Written);
            }
        }

        if (Path is not null && !head.Path.IsEmpty)
        {
            scratch.Begin();
            Path.Append(head.PathOnly, scratch);
            scratch.Append(head.Path[head.PathOnly.Length..]);
            if (keepsOriginalPath)
            {
                head.Fields.Set(KnownField.XEnvoyOriginalPath, head.Path);
            }

            head.SetPath(scratch.Written);
        }
    }

    /// <summary>Sets the authority, keeping the old one where that is wanted.</summary>
    public void SetAuthority(RequestHead head, ReadOnlySpan<byte> authority)
    {
        if (AppendForwardedHost && !head.Authority.IsEmpty)
        {
            int line = head.Fields.Find(KnownField.XForwardedHost);
            if (line < 0)
            {
                head.Fields.Append(KnownField.XForwardedHost, head.Authority);
            }
            else
            {
                RouteScratch scratch = RouteScratch.Own;
                int start = scratch.Length;
                scratch.Append(head.Fields.Value(line));
                scratch.Append(","u8);
                scratch.Append(head.Authority);
                head.Fields.SetValue(line, scratch.Written[start..]);
            }
        }

        head.SetAuthority(authority);
    }

    /// <summary>A value that came from the client goes into Host only when it could have been one.</summary>
    private static bool IsAuthority(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value)
        {
            if (b is <= 0x20 or >= 0x7F or (byte)'/' or (byte)'?' or (byte)'#' or (byte)'@' or (byte)',' or (byte)'\\')
            {
                return false;
            }
        }

        return !value.IsEmpty;
    }
}
