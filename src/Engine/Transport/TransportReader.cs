using System;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The receiving end of a <see cref="TransportConnection"/>: a chain of blocks, each exactly as the kernel filled it.
/// </summary>
internal sealed class TransportReader : SegmentReader
{
    // A receive this small is appended to the block before it, so that a dribbling peer cannot hold many blocks.
    private const int CoalesceBytesMax = 1024;

    // A left-over this small moves out of its large block before the reader waits for more.
    private const int CompactBytesMax = 2048;

    private readonly TransportConnection _connection;

    public TransportReader(TransportConnection connection)
    {
        _connection = connection;
    }

    /// <inheritdoc/>
    public override bool HasFailed => !_connection.Error.IsNone;

    /// <inheritdoc/>
    public override bool EndedByPeer =>
        IsEnded && _connection.Error.IsNone && !_connection.IsClosing && _connection.Tls is not { IsTruncated: true };

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _connection.OnReaderCompleted();

    /// <summary>Takes ownership of a received block. Wakes the reader.</summary>
    internal void OnReceived(BufferSegment segment)
    {
        int length = segment.Length;
        _connection.BytesReceived += length;
        _connection.LastActivityMs = _connection.Reactor.NowMs;
        if (IsEnded || _connection.IsInputDropped)
        {
            segment.Pool.Return(segment);
            return;
        }

        if (_connection.Tls is { } tls)
        {
            tls.Open(segment);
            return;
        }

        Take(segment);
        Announce();
    }

    /// <summary>Takes ownership of a block of plaintext, without waking the reader.</summary>
    internal void Take(BufferSegment segment)
    {
        if (segment.Length <= CoalesceBytesMax && segment.Length <= Room)
        {
            Append(segment.Valid);
            segment.Pool.Return(segment);
        }
        else
        {
            Push(segment);
        }
    }

    /// <summary>What was received before TLS began is ciphertext: hands it out, block by block.</summary>
    internal BufferSegment? TakeCiphertext() => TakeHead();

    /// <summary>No more input. Buffered bytes stay readable.</summary>
    internal void OnEnd()
    {
        if (!IsEnded)
        {
            IsEnded = true;
            Announce();
        }
    }

    /// <summary>Drops what is buffered; what still comes is dropped by <see cref="OnReceived"/>.</summary>
    internal void Discard() => ReleaseAll();

    /// <inheritdoc/>
    protected override bool TryFill() => HasNews || (_connection.Readable && _connection.ReceiveForReader());

    /// <inheritdoc/>
    protected override void OnWait() => _connection.OnReaderWaits();

    /// <inheritdoc/>
    protected override void OnConsumed(long bytes)
    {
        if (IsExamined)
        {
            Compact(CompactBytesMax);
        }

        _connection.OnConsumed(BufferedBytes);
    }

    /// <summary>Wakes the reader.</summary>
    internal void Announce()
    {
        if (!Resume())
        {
            _connection.OnUnread();
        }
    }
}
