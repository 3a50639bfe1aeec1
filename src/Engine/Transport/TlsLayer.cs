using System;
using System.Buffers;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Telemetry;
using FastMesh.Tls;

namespace FastMesh.Engine.Transport;

/// <summary>
/// TLS between the pipe ends of a connection and its socket. What is received is decrypted as it comes, so that unread
/// bytes count as those of any connection; what is written is encrypted at the end of the turn, as long as little
/// ciphertext waits for the kernel. Reactor thread only.
/// <code>
/// socket → received block → Open → Reader          Writer → Seal → Output → socket
///                             └─ handshake, alerts, key updates ──────┘
/// </code>
/// </summary>
internal sealed class TlsLayer : IDisposable
{
    // Plaintext stays in its own queue beyond this: it is what back-pressure measures.
    private const int OutputHighWaterBytes = 128 << 10;

    // Blocks below this are gathered into one record: a record costs 22 bytes and some 300 ns.
    private const int GatherBytesMax = 4096;

    [ThreadStatic]
    private static byte[]? t_gathered;

    private readonly TransportConnection _connection;
    private readonly TlsSession _session;
    private SegmentChain _input;
    private bool _hasEnded;
    private bool _saidClose;

    public TlsLayer(TransportConnection connection, TlsSession session)
    {
        _connection = connection;
        _session = session;
        Output = new TransportWriter(connection) { HighWaterBytes = OutputHighWaterBytes };
    }

    /// <summary>Ciphertext on its way to the socket.</summary>
    public TransportWriter Output { get; }

    /// <summary>The session, for what it knows of the peer.</summary>
    public TlsSession Session => _session;

    /// <summary>What the handshake proved; null before it is complete, and still there after the end.</summary>
    public ConnectionSecurity? Security { get; private set; }

    /// <summary>The handshake is complete.</summary>
    public bool IsEstablished => _session.IsEstablished;

    /// <summary>The handshake goes on.</summary>
    public bool IsHandshaking => !IsEstablished && _session.Error is null && !_hasEnded;

    /// <summary>Plaintext can be written.</summary>
    public bool IsOpen => IsEstablished && _session.Error is null && !_saidClose;

    /// <summary>The input ended without close_notify: it may have been cut (RFC 8446 §6.1).</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Why TLS failed; null while it has not.</summary>
    public TlsError? Error => _session.Error;

    /// <summary>Takes what was received before, and says what a client says first.</summary>
    public void Start()
    {
        while (_connection.Reader.TakeCiphertext() is { } block)
        {
            _input.Push(block);
        }

        Advance();
        _connection.ReceiveWanted();
    }

    /// <summary>Takes ownership of a received block.</summary>
    public void Open(BufferSegment ciphertext)
    {
        _input.Push(ciphertext);
        Advance();
    }

    /// <summary>Encrypts what was written, as far as there is room.</summary>
    public void Seal()
    {
        TransportWriter plaintext = _connection.Writer;
        while (IsOpen && plaintext.QueuedBytes > 0 && !plaintext.IsFailed && !Output.IsFull)
        {
            ReadOnlySpan<byte> piece = Next(plaintext.Plaintext!);
            if (_session.Write(piece, Output) != TlsStatus.Done)
            {
                _connection.FailTls();
                return;
            }

            plaintext.OnEncrypted(piece.Length);
        }
    }

    /// <summary>The kernel has taken ciphertext: there may be room again.</summary>
    public void OnSent()
    {
        if (_connection.Writer.QueuedBytes > 0 && IsOpen)
        {
            _connection.MarkDirty();
        }
    }

    /// <summary>Says close_notify, once; false when there is nothing to say.</summary>
    public bool TrySayClose()
    {
        if (!IsOpen || Output.IsFailed)
        {
            return false;
        }

        _saidClose = true;
        _session.Shutdown(Output);
        return Output.QueuedBytes > 0;
    }

    /// <summary>The peer's FIN.</summary>
    public void OnEndOfInput()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            IsTruncated = _session.EndInput() == TlsStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hasEnded = true;
        _input.Release();
        _session.Dispose();
    }

    /// <summary>The first block, or a copy of it and those behind it when they are small.</summary>
    private static ReadOnlySpan<byte> Next(BufferSegment first)
    {
        if (first.Length >= GatherBytesMax || first.Following is null)
        {
            return first.Valid;
        }

        byte[] gathered = t_gathered ??= GC.AllocateUninitializedArray<byte>(TlsSession.RecordBytesMax);
        int length = 0;
        for (BufferSegment? block = first;
            block is not null && block.Length <= gathered.Length - length;
            block = block.Following)
        {
            block.Valid.CopyTo(gathered.AsSpan(length));
            length += block.Length;
        }

        return gathered.AsSpan(0, length);
    }

    private void Advance()
    {
        bool wasHandshaking = IsHandshaking;
        ReadOnlySequence<byte> input = _input.Head is { } head
            ? new ReadOnlySequence<byte>(head, head.Start, _input.Tail!, _input.Tail!.End)
            : ReadOnlySequence<byte>.Empty;
        TlsStatus status = wasHandshaking ? _session.Handshake(ref input, Output) : TlsStatus.Done;
        bool hasPlaintext = false;
        if (wasHandshaking && IsEstablished)
        {
            Security = new ConnectionSecurity(_session);
        }

        if (IsEstablished && status != TlsStatus.Failed)
        {
            status = Decrypt(ref input, ref hasPlaintext);
        }

        Consume(input.Length);
        if (Output.QueuedBytes > 0)
        {
            _connection.MarkDirty();
        }

        // Whoever is woken may end everything: nothing of this is looked at afterwards.
        Tell(status, hasPlaintext, wasHandshaking);
    }

    private void Tell(TlsStatus status, bool hasPlaintext, bool wasHandshaking)
    {
        TransportConnection connection = _connection;
        if (status == TlsStatus.Failed)
        {
            connection.FailTls();
        }
        else if (status == TlsStatus.Closed)
        {
            connection.OnEndOfInput();
        }
        else if (hasPlaintext)
        {
            connection.Reader.Announce();
        }
        else if (wasHandshaking && !IsHandshaking)
        {
            connection.OnUnread();
        }
    }

    private TlsStatus Decrypt(ref ReadOnlySequence<byte> input, ref bool hasPlaintext)
    {
        BufferPool pool = _connection.Reactor.Buffers;
        while (true)
        {
            // Plaintext is never longer than its ciphertext, but a record that began before may end here.
            long most = input.Length + TlsSession.RecordBytesMax;
            BufferSegment block = pool.RentAtLeast((int)Math.Min(most, BufferPool.MediumBytes));
            TlsStatus status = _session.Read(ref input, block.FreeSpan, Output, out int written);
            block.End += written;
            if (written > 0 && !_connection.IsInputDropped)
            {
                _connection.Reader.Take(block);
                hasPlaintext = true;
            }
            else
            {
                pool.Return(block);
            }

            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
    }

    /// <summary>Gives blocks back of which nothing is left.</summary>
    private void Consume(long restBytes)
    {
        long bytes = 0;
        for (BufferSegment? block = _input.Head; block is not null; block = block.Following)
        {
            bytes += block.Length;
        }

        bytes -= restBytes;
        while (_input.Head is { } head && bytes >= head.Length)
        {
            bytes -= head.Length;
            _input.Drop();
        }

        if (bytes > 0)
        {
            _input.Head!.Start += (int)bytes;
        }
    }
}
