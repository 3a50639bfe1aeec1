using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;

namespace FastMesh.Tls;

/// <summary>
/// The keys of session tickets, shared by every context and reactor that should accept each other's tickets. The first
/// key seals, all of them open. Safe to use from any thread: the list is swapped whole.
/// </summary>
public sealed class TlsTicketKeys
{
    /// <summary>Bytes of a key: 16 of name, 32 for HMAC-SHA-256, 32 for AES-256.</summary>
    public const int KeyBytes = 80;

    /// <summary>
    /// Keys kept by <see cref="Rotate()"/>: with one rotation per half a session's life no ticket dies early.
    /// </summary>
    public const int KeysMax = 3;

    internal const int NameBytes = 16;
    internal const int MacKeyBytes = 32;

    private byte[][] _keys;

    /// <summary>One random key.</summary>
    public TlsTicketKeys()
    {
        _keys = [RandomNumberGenerator.GetBytes(KeyBytes)];
    }

    /// <summary>Keys from outside, the sealing one first; each <see cref="KeyBytes"/> long.</summary>
    /// <exception cref="ArgumentException">No key, or one of another length.</exception>
    public TlsTicketKeys(IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        _keys = Copy(keys);
    }

    internal byte[][] Keys => Volatile.Read(ref _keys);

    /// <summary>Seals with a new random key from now on; the last ones still open.</summary>
    public void Rotate()
    {
        byte[][] old = Keys;
        byte[][] keys = new byte[Math.Min(old.Length + 1, KeysMax)][];
        keys[0] = RandomNumberGenerator.GetBytes(KeyBytes);
        Array.Copy(old, 0, keys, 1, keys.Length - 1);
        Volatile.Write(ref _keys, keys);
    }

    /// <summary>Replaces all keys, the sealing one first.</summary>
    /// <exception cref="ArgumentException">No key, or one of another length.</exception>
    public void Replace(IReadOnlyList<ReadOnlyMemory<byte>> keys) => Volatile.Write(ref _keys, Copy(keys));

    private static byte[][] Copy(IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        if (keys.Count == 0)
        {
            throw new ArgumentException("no ticket key; give at least one of 80 bytes", nameof(keys));
        }

        byte[][] copies = new byte[keys.Count][];
        for (int i = 0; i < copies.Length; i++)
        {
            copies[i] = keys[i].Length == KeyBytes
                ? keys[i].ToArray()
                : throw new ArgumentException($"ticket key {i} has {keys[i].Length} bytes; 80 are needed",
                    nameof(keys));
        }

        return copies;
    }
}
