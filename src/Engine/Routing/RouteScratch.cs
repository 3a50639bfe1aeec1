using System;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Working memory of the thread for matching and rewriting: grows to what is needed and stays. Nothing in it
/// outlives a call.
/// </summary>
internal sealed class RouteScratch
{
    private const int FirstBytes = 4096;

    [ThreadStatic]
    private static RouteScratch? _own;

    [ThreadStatic]
    private static char[]? _chars;

    private byte[] _bytes = new byte[FirstBytes];
    private int _length;

    /// <summary>The thread's own.</summary>
    public static RouteScratch Own => _own ??= new RouteScratch();

    /// <summary>Characters for the regular expressions of the thread, at least so many.</summary>
    public static char[] Chars(int length)
    {
        if (_chars is null || _chars.Length < length)
        {
            _chars = new char[Math.Max(length, FirstBytes)];
        }

        return _chars;
    }

    /// <summary>Where the fields of the current request are.</summary>
    public FieldScan Scan { get; } = new();

    /// <summary>What was appended since <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>How many bytes were appended.</summary>
    public int Length => _length;

    /// <summary>Forgets what was written.</summary>
    public void Begin() => _length = 0;

    /// <summary>Appends; the bytes may not lie in this scratch itself.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Room for at least so many bytes; <see cref="Commit"/> says how many were written.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        }

        return _bytes.AsSpan(_length);
    }

    /// <summary>Takes bytes written into <see cref="Reserve"/>.</summary>
    public void Commit(int bytes) => _length += bytes;

    /// <summary>Drops the byte at an index when the next one is the same byte.</summary>
    public void DropDoubled(int index, byte value)
    {
        if (index + 1 < _length && _bytes[index] == value && _bytes[index + 1] == value)
        {
            _bytes.AsSpan(index + 1, _length - index - 1).CopyTo(_bytes.AsSpan(index));
            _length--;
        }
    }
}
