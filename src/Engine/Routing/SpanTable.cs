using System;
using System.Collections.Generic;
using System.Numerics;

namespace FastMesh.Engine.Routing;

/// <summary>
/// An immutable hash table from byte strings to small numbers, asked with a span and so without allocation.
/// Open addressing, at most half full; keys lie in one block.
/// </summary>
internal sealed class SpanTable
{
    private readonly bool _fold;
    private readonly byte[] _keys;
    private readonly Slot[] _slots;
    private readonly int _mask;

    /// <summary>Builds the table.</summary>
    /// <param name="keys">Distinct keys; the value of a key is its index. In lower case when folding.</param>
    /// <param name="fold">ASCII case of what is asked does not count.</param>
    public SpanTable(IReadOnlyList<byte[]> keys, bool fold)
    {
        _fold = fold;
        Count = keys.Count;
        _slots = new Slot[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, keys.Count * 2))];
        _mask = _slots.Length - 1;
        int total = 0;
        foreach (byte[] key in keys)
        {
            total += key.Length;
        }

        _keys = new byte[total];
        int offset = 0;
        for (int value = 0; value < keys.Count; value++)
        {
            byte[] key = keys[value];
            key.CopyTo(_keys, offset);
            uint hash = AsciiFold.Hash(key, fold);
            Insert(new Slot { Hash = hash, Offset = offset, Length = key.Length, Value = value + 1 });
            offset += key.Length;
        }
    }

    /// <summary>How many keys there are.</summary>
    public int Count { get; }

    /// <summary>The value of a key, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        uint hash = AsciiFold.Hash(key, _fold);
        Slot[] slots = _slots;
        for (int i = (int)hash & _mask; ; i = (i + 1) & _mask)
        {
            ref readonly Slot slot = ref slots[i];
            if (slot.Value == 0)
            {
                return -1;
            }

            if (slot.Hash == hash && slot.Length == key.Length)
            {
                ReadOnlySpan<byte> own = _keys.AsSpan(slot.Offset, slot.Length);
                if (_fold ? AsciiFold.EqualsLower(key, own) : key.SequenceEqual(own))
                {
                    return slot.Value - 1;
                }
            }
        }
    }

    private void Insert(Slot slot)
    {
        int i = (int)slot.Hash & _mask;
        while (_slots[i].Value != 0)
        {
            i = (i + 1) & _mask;
        }

        _slots[i] = slot;
    }

    private struct Slot
    {
        public uint Hash;
        public int Offset;
        public int Length;

        /// <summary>The value plus one; zero is an empty slot.</summary>
        public int Value;
    }
}
