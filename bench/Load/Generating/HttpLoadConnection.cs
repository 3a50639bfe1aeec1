using System;

namespace FastMesh.Bench.Load.Generating;

/// <summary>One connection of a generator and the request that is on it.</summary>
internal sealed class HttpLoadConnection(int index)
{
    private byte[] _partial = [];
    private int _partialLength;

    public int Index { get; } = index;

    public int Descriptor { get; set; } = -1;

    /// <summary>When the request was due, ns of the monotonic clock.</summary>
    public long DueNs { get; private set; }

    /// <summary>Bytes of the request that the kernel has not taken yet.</summary>
    public int Unsent { get; set; }

    /// <summary>A request was begun and not answered in full.</summary>
    public bool InFlight { get; private set; }

    public bool HeadDone { get; private set; }

    /// <summary>Status and length are what they must be.</summary>
    public bool Good { get; private set; }

    public bool Chunked { get; private set; }

    /// <summary>The peer announced that it closes after this answer.</summary>
    public bool Closing { get; private set; }

    public long BodyLeft { get; set; }

    /// <summary>It could not be opened again and takes no part any more.</summary>
    public bool GivenUp { get; set; }

    public bool Watched { get; set; }

    public bool WatchesOut { get; set; }

    public void Begin(long dueNs, int requestBytes)
    {
        DueNs = dueNs;
        Unsent = requestBytes;
        InFlight = true;
        HeadDone = false;
        Chunked = false;
        Closing = false;
        BodyLeft = 0;
        _partialLength = 0;
    }

    public void End()
    {
        InFlight = false;
        BodyLeft = 0;
    }

    /// <summary>What was kept of the head plus what came now.</summary>
    public ReadOnlySpan<byte> Gather(ReadOnlySpan<byte> data)
    {
        if (_partialLength == 0)
        {
            return data;
        }

        var whole = new byte[_partialLength + data.Length];
        _partial.AsSpan(0, _partialLength).CopyTo(whole);
        data.CopyTo(whole.AsSpan(_partialLength));
        return whole;
    }

    public void Keep(ReadOnlySpan<byte> data)
    {
        _partial = data.ToArray();
        _partialLength = data.Length;
    }

    /// <summary>Takes a parsed head; false when it is not the answer expected.</summary>
    public bool TakeHead(ResponseHeads head, long expectedBytes)
    {
        HeadDone = true;
        Chunked = head.Chunked;
        Closing = head.Closes;
        BodyLeft = head.Chunked ? 0 : Math.Max(head.BodyBytes, 0);
        Good = head.Status == 200 && (head.Chunked || head.BodyBytes == expectedBytes);
        return Good;
    }
}
