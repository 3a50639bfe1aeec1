using System;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The sending end of a <see cref="TransportConnection"/>: a queue of blocks that goes out in one send at the end of
/// the turn.
/// </summary>
internal sealed unsafe class TransportWriter : SegmentWriter
{
    /// <summary>A flush waits from this many unsent bytes on, until a quarter is left.</summary>
    public const int DefaultHighWaterBytes = 256 << 10;

    // A block is taken over while less than this part of it would be wasted on few bytes.
    private const int WasteFactorMax = 32;

    private readonly TransportConnection _connection;

    public TransportWriter(TransportConnection connection)
        : base(DefaultHighWaterBytes) => _connection = connection;

    /// <summary>True once the sending side was ended by <see cref="ShutdownWrite"/>.</summary>
    public bool IsShutdown { get; private set; }

    /// <summary>The FIN is still to be sent, behind the queue.</summary>
    internal bool ShutdownPending { get; set; }

    /// <inheritdoc/>
    protected override BufferPool Buffers => _connection.Reactor.Buffers;

    /// <summary>The kernel reads from the blocks of a send in flight.</summary>
    protected override bool CanRelease => !_connection.SendInFlight;

    /// <inheritdoc/>
    public override bool Accepts(BufferSegment segment) =>
        base.Accepts(segment) && segment.Length * WasteFactorMax >= segment.Capacity;

    /// <inheritdoc/>
    public override void Flush()
    {
        if (QueuedBytes > 0)
        {
            _connection.MarkDirty();
        }
    }

    /// <summary>Ends the sending side behind what is queued (FIN); receiving goes on.</summary>
    public void ShutdownWrite()
    {
        if (IsShutdown || IsFailed)
        {
            return;
        }

        IsShutdown = true;
        ShutdownPending = true;
        _connection.MarkDirty();
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _connection.OnWriterCompleted();

    /// <summary>Describes the queue to the kernel, from its head.</summary>
    /// <returns>The number of pieces.</returns>
    internal int Gather(IoVec* pieces, int piecesMax, out long bytes)
    {
        int count = 0;
        bytes = 0;
        for (BufferSegment? segment = Head; segment is not null && count < piecesMax; segment = segment.Following)
        {
            int length = segment.Length;
            if (length > 0)
            {
                pieces[count].Base = segment.Block + segment.Start;
                pieces[count++].Length = (nuint)length;
                bytes += length;
            }
        }

        return count;
    }

    /// <summary>The kernel has taken <paramref name="bytes"/> from the head of the queue.</summary>
    internal void OnSent(long bytes)
    {
        _connection.BytesSent += bytes;
        _connection.LastActivityMs = _connection.Reactor.NowMs;
        Skip(bytes);
        if (QueuedBytes <= HighWaterBytes / 4)
        {
            Resume();
        }

        _connection.Tls?.OnSent();
    }

    /// <summary>The first block of what is to be encrypted.</summary>
    internal BufferSegment? Plaintext => Head;

    /// <summary>So much was encrypted.</summary>
    internal void OnEncrypted(long bytes)
    {
        Skip(bytes);
        if (QueuedBytes <= HighWaterBytes / 4)
        {
            Resume();
        }
    }

    /// <summary>Nothing can be sent any more. The blocks stay until <see cref="Release"/>.</summary>
    internal void OnFailed()
    {
        SetFailed();
        ShutdownPending = false;
        Resume();
    }

    /// <summary>Returns every block to the pool; only while no send is in flight.</summary>
    internal void Release() => ReleaseAll();
}
