namespace FastMesh.Engine.Reactors;

/// <summary>Owned blocks in the order of their bytes. A field of its owner; never copied.</summary>
internal struct SegmentChain
{
    /// <summary>The first block, or null when there is none.</summary>
    public BufferSegment? Head { get; private set; }

    /// <summary>The last block, or null when there is none.</summary>
    public BufferSegment? Tail { get; private set; }

    /// <summary>Adds a block behind the last; the chain owns it from here.</summary>
    public BufferSegment Push(BufferSegment segment)
    {
        segment.Chain(Tail);
        Tail = segment;
        Head ??= segment;
        return segment;
    }

    /// <summary>Takes the first block out; the caller owns it.</summary>
    public BufferSegment Pop()
    {
        BufferSegment head = Head!;
        Head = head.Following;
        if (Head is null)
        {
            Tail = null;
        }

        head.Unchain();
        return head;
    }

    /// <summary>Gives the first block back to its pool.</summary>
    public void Drop()
    {
        BufferSegment head = Pop();
        head.Pool.Return(head);
    }

    /// <summary>Gives every block back to its pool.</summary>
    public void Release()
    {
        while (Head is not null)
        {
            Drop();
        }
    }
}
