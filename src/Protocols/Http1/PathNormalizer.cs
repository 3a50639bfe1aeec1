using System;

namespace FastMesh.Protocols.Http1;

/// <summary>What is done with %2F and %5C in a path (Envoy's path_with_escaped_slashes_action).</summary>
internal enum EscapedSlashesAction : byte
{
    /// <summary>They stay.</summary>
    Keep,

    /// <summary>The request is refused.</summary>
    Reject,

    /// <summary>They are decoded and the peer is told to ask for the decoded path.</summary>
    UnescapeAndRedirect,

    /// <summary>They are decoded.</summary>
    UnescapeAndForward,
}

/// <summary>What a normalisation came to.</summary>
internal enum PathOutcome : byte
{
    /// <summary>The path stands as it was, or was rewritten in the head.</summary>
    Forward,

    /// <summary>Answer 400.</summary>
    Reject,

    /// <summary>Answer 307 with the head's path, which is rewritten, as Location.</summary>
    Redirect,
}

/// <summary>
/// Brings a path to the one form that routing, policy and the upstream all see (reliability: match on what the
/// upstream will get). The order is decode slashes, then dot segments and backslashes (RFC 3986 §5.2.4), then merge
/// slashes; each once. The query is not touched. "%00" is refused always.
/// </summary>
internal sealed record PathNormalizer
{
    /// <summary>Whether dot segments and backslashes are resolved (Envoy's normalize_path).</summary>
    public bool NormalizePath { get; init; }

    /// <summary>Whether adjacent slashes become one (Envoy's merge_slashes).</summary>
    public bool MergeSlashes { get; init; }

    /// <summary>What happens to escaped slashes.</summary>
    public EscapedSlashesAction EscapedSlashes { get; init; }

    /// <summary>Normalises the path of a head in place.</summary>
    public PathOutcome Apply(RequestHead head)
    {
        ReadOnlySpan<byte> path = head.PathOnly;
        if (path.IsEmpty || path[0] != '/')
        {
            return PathOutcome.Forward;
        }

        bool percent = path.Contains((byte)'%');
        bool escapedSlash = false;
        if (percent)
        {
            if (path.IndexOf("%00"u8) >= 0)
            {
                return PathOutcome.Reject;
            }

            escapedSlash = EscapedSlashes != EscapedSlashesAction.Keep && HasEscapedSlash(path);
            if (escapedSlash && EscapedSlashes == EscapedSlashesAction.Reject)
            {
                return PathOutcome.Reject;
            }
        }

        bool dots = NormalizePath && (path.Contains((byte)'\\') || path.IndexOf("/."u8) >= 0
            || (percent && path.IndexOf("/%2"u8) >= 0));
        bool merge = MergeSlashes && path.IndexOf("//"u8) >= 0;
        if (!escapedSlash && !dots && !merge)
        {
            return PathOutcome.Forward;
        }

        Rewrite(head, path.Length, escapedSlash);
        return escapedSlash && EscapedSlashes == EscapedSlashesAction.UnescapeAndRedirect
            ? PathOutcome.Redirect
            : PathOutcome.Forward;
    }

    // Every step shortens or keeps the length, so it works in place on a copy in the head's own block.
    private void Rewrite(RequestHead head, int pathLength, bool unescape)
    {
        Span<byte> copy = head.CopyPath();
        Span<byte> path = copy[..pathLength];
        if (unescape)
        {
            path = path[..UnescapeSlashes(path)];
        }

        if (NormalizePath)
        {
            path.Replace((byte)'\\', (byte)'/');
            path = path[..RemoveDotSegments(path)];
        }

        if (MergeSlashes)
        {
            path = path[..MergeAdjacentSlashes(path)];
        }

        copy[pathLength..].CopyTo(copy[path.Length..]);
        head.ShortenPath(copy.Length - (pathLength - path.Length));
    }

    private static bool HasEscapedSlash(ReadOnlySpan<byte> path)
    {
        for (int i = path.IndexOf((byte)'%'); i >= 0 && i + 2 < path.Length; i++)
        {
            if (EscapedSlashAt(path, i) != 0)
            {
                return true;
            }
        }

        return false;
    }

    // The slash that "%2F" or "%5C" stands for, else 0.
    private static byte EscapedSlashAt(ReadOnlySpan<byte> path, int index)
    {
        if (path[index] != '%' || index + 2 >= path.Length)
        {
            return 0;
        }

        int second = path[index + 2] | 0x20;
        return path[index + 1] == '2' && second == 'f' ? (byte)'/'
            : path[index + 1] == '5' && second == 'c' ? (byte)'\\' : (byte)0;
    }

    private static int UnescapeSlashes(Span<byte> path)
    {
        int length = 0;
        for (int i = 0; i < path.Length; i++)
        {
            byte slash = EscapedSlashAt(path, i);
            path[length++] = slash != 0 ? slash : path[i];
            i += slash != 0 ? 2 : 0;
        }

        return length;
    }

    // RFC 3986 §5.2.4 on segments: "." goes, ".." takes the segment before with it, the root stays. "%2e" is a dot.
    private static int RemoveDotSegments(Span<byte> path)
    {
        int written = 0;
        int read = 0;
        while (read < path.Length)
        {
            // path[read] is the slash that begins a segment.
            int end = path[(read + 1)..].IndexOf((byte)'/');
            end = end < 0 ? path.Length : read + 1 + end;
            int dots = DotsIn(path[(read + 1)..end]);
            bool last = end == path.Length;
            if (dots == 2)
            {
                written = Math.Max(0, path[..written].LastIndexOf((byte)'/'));
            }

            if (dots == 0)
            {
                path[read..end].CopyTo(path[written..]);
                written += end - read;
            }
            else if (last)
            {
                path[written++] = (byte)'/';
            }

            read = end;
        }

        return written;
    }

    // 1 for ".", 2 for "..", 0 for anything else.
    private static int DotsIn(ReadOnlySpan<byte> segment)
    {
        int dots = 0;
        while (!segment.IsEmpty && dots < 3)
        {
            int width = segment[0] == '.' ? 1
                : segment.Length >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] | 0x20) == 'e' ? 3 : 0;
            if (width == 0)
            {
                return 0;
            }

            dots++;
            segment = segment[width..];
        }

        return dots < 3 ? dots : 0;
    }

    private static int MergeAdjacentSlashes(Span<byte> path)
    {
        int length = 1;
        for (int i = 1; i < path.Length; i++)
        {
            if (path[i] != '/' || path[i - 1] != '/')
            {
                path[length++] = path[i];
            }
        }

        return length;
    }
}
