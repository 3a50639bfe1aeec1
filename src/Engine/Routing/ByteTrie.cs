using System;
using System.Collections.Generic;

namespace FastMesh.Engine.Routing;

/// <summary>
/// An immutable radix trie over byte strings: finds every key that is a prefix of an input in one walk, whose cost
/// depends on the length of the input and not on how many keys there are.
/// </summary>
/// <remarks>
/// Nodes lie in one array, the children of a node side by side, ordered by the first byte of their labels; those
/// bytes lie in an array of their own, so that choosing a child touches one cache line.
/// </remarks>
internal sealed class ByteTrie
{
    private readonly bool _fold;
    private readonly byte[] _labels;
    private readonly byte[] _firstBytes;
    private readonly Node[] _nodes;

    /// <summary>Builds the trie.</summary>
    /// <param name="keys">Distinct keys; the value of a key is its index. In lower case when folding.</param>
    /// <param name="fold">ASCII case of the input does not count.</param>
    public ByteTrie(IReadOnlyList<byte[]> keys, bool fold)
    {
        _fold = fold;
        Builder builder = new(keys);
        builder.Build();
        _nodes = builder.Nodes.ToArray();
        _labels = builder.Labels.ToArray();
        _firstBytes = builder.FirstBytes.ToArray();
        IsEmpty = keys.Count == 0;
    }

    /// <summary>True when no key can be found.</summary>
    public bool IsEmpty { get; }

    /// <summary>Starts a walk at the root.</summary>
    public static Walk Start() => default;

    /// <summary>The longest key that is a proper prefix of the input, or -1.</summary>
    public int FindLongestProper(ReadOnlySpan<byte> input)
    {
        int found = -1;
        Walk walk = default;
        while (Next(ref walk, input, out int value))
        {
            if (walk.Depth < input.Length)
            {
                found = value;
            }
        }

        return found;
    }

    /// <summary>Steps to the next longer key that is a prefix of the input.</summary>
    /// <param name="walk">Where the walk stands; its depth afterwards is the length of the key.</param>
    /// <param name="input">The same input in every step.</param>
    /// <param name="value">The value of the key found.</param>
    /// <returns>False when there is no longer key.</returns>
    public bool Next(ref Walk walk, ReadOnlySpan<byte> input, out int value)
    {
        if (!walk.Started)
        {
            walk.Started = true;
            value = _nodes[0].Value;
            if (value >= 0)
            {
                return true;
            }
        }

        while (Descend(ref walk, input))
        {
            value = _nodes[walk.Index].Value;
            if (value >= 0)
            {
                return true;
            }
        }

        value = -1;
        return false;
    }

    private bool Descend(ref Walk walk, ReadOnlySpan<byte> input)
    {
        if (walk.Depth >= input.Length)
        {
            return false;
        }

        ref readonly Node node = ref _nodes[walk.Index];
        byte first = input[walk.Depth];
        if (_fold)
        {
            first = AsciiFold.Lower(first);
        }

        int child = _firstBytes.AsSpan(node.FirstChild, node.ChildCount).IndexOf(first);
        if (child < 0)
        {
            return false;
        }

        child += node.FirstChild;
        ref readonly Node next = ref _nodes[child];
        ReadOnlySpan<byte> label = _labels.AsSpan(next.LabelOffset, next.LabelLength);
        ReadOnlySpan<byte> rest = input[walk.Depth..];
        if (rest.Length < label.Length)
        {
            return false;
        }

        rest = rest[..label.Length];
        if (_fold ? !AsciiFold.EqualsLower(rest, label) : !rest.SequenceEqual(label))
        {
            return false;
        }

        walk.Index = child;
        walk.Depth += label.Length;
        return true;
    }

    /// <summary>A position in the trie.</summary>
    public struct Walk
    {
        /// <summary>The node.</summary>
        internal int Index;

        /// <summary>False before the root was looked at.</summary>
        internal bool Started;

        /// <summary>How many bytes of the input led here.</summary>
        public int Depth { get; internal set; }
    }

    private struct Node
    {
        public int LabelOffset;
        public int LabelLength;
        public int FirstChild;
        public int ChildCount;

        /// <summary>The index of the key that ends here, or -1.</summary>
        public int Value;
    }

    /// <summary>Lays nodes out breadth first, over the sorted keys.</summary>
    private sealed class Builder
    {
        private readonly IReadOnlyList<byte[]> _keys;
        private readonly int[] _order;
        private readonly Queue<(int Node, int From, int To, int Depth)> _pending = new();

        public Builder(IReadOnlyList<byte[]> keys)
        {
            _keys = keys;
            _order = new int[keys.Count];
            for (int i = 0; i < _order.Length; i++)
            {
                _order[i] = i;
            }

            Array.Sort(_order, (a, b) => keys[a].AsSpan().SequenceCompareTo(keys[b]));
        }

        public List<Node> Nodes { get; } = [];

        public List<byte> Labels { get; } = [];

        public List<byte> FirstBytes { get; } = [];

        public void Build()
        {
            Add(0, _order.Length, 0, 0);
            while (_pending.TryDequeue(out (int Node, int From, int To, int Depth) range))
            {
                AddChildren(range.Node, range.From, range.To, range.Depth);
            }
        }

        /// <summary>Adds the node whose label is bytes [start, end) of the keys [from, to).</summary>
        private void Add(int from, int to, int start, int end)
        {
            int value = -1;
            if (from < to && _keys[_order[from]].Length == end)
            {
                value = _order[from++];
            }

            Nodes.Add(new Node { LabelOffset = Labels.Count, LabelLength = end - start, Value = value });
            FirstBytes.Add(end > start ? _keys[_order[to - 1]][start] : (byte)0);
            for (int i = start; i < end; i++)
            {
                Labels.Add(_keys[_order[to - 1]][i]);
            }

            _pending.Enqueue((Nodes.Count - 1, from, to, end));
        }

        private void AddChildren(int index, int from, int to, int depth)
        {
            Node node = Nodes[index];
            node.FirstChild = Nodes.Count;
            while (from < to)
            {
                byte[] first = _keys[_order[from]];
                int end = from + 1;
                while (end < to && _keys[_order[end]][depth] == first[depth])
                {
                    end++;
                }

                // The keys are sorted: what the first and the last share, all of them share.
                int common = first.AsSpan().CommonPrefixLength(_keys[_order[end - 1]]);
                Add(from, end, depth, common);
                node.ChildCount++;
                from = end;
            }

            Nodes[index] = node;
        }
    }
}
