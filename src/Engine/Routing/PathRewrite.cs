using System;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>What becomes of a path: another prefix, or another text by an expression. The query stays.</summary>
internal sealed class PathRewrite
{
    private readonly PathMatchKind _kind;
    private readonly int _matchedLength;
    private readonly byte[] _prefix;
    private readonly TextRewrite? _text;

    private PathRewrite(PathMatchKind kind, int matchedLength, byte[] prefix, TextRewrite? text)
    {
        _kind = kind;
        _matchedLength = matchedLength;
        _prefix = prefix;
        _text = text;
    }

    /// <summary>Replaces what the route matched: the prefix, or the whole path of an exact or regex match.</summary>
    public static PathRewrite OfPrefix(PathMatchKind kind, int matchedLength, byte[] prefix) =>
        new(kind, matchedLength, prefix, null);

    /// <summary>Rewrites by an expression.</summary>
    public static PathRewrite OfText(TextRewrite text) => new(PathMatchKind.Regex, 0, [], text);

    /// <summary>Appends the rewritten path.</summary>
    /// <param name="path">Without query.</param>
    /// <param name="output">Takes the result, which begins with a slash whatever the configuration says.</param>
    public void Append(ReadOnlySpan<byte> path, RouteScratch output)
    {
        if (_text is not null)
        {
            int start = output.Length;
            output.Append("/"u8);
            _text.Apply(path, output);
            output.DropDoubled(start, (byte)'/');
            return;
        }

        if (_prefix.Length == 0 || _prefix[0] != '/')
        {
            output.Append("/"u8);
        }

        output.Append(_prefix);
        if (_kind is PathMatchKind.Prefix or PathMatchKind.SegmentPrefix)
        {
            output.Append(path[Math.Min(_matchedLength, path.Length)..]);
        }
    }
}
