using System;
using System.Runtime.InteropServices;

namespace FastMesh.Engine.Transport;

/// <summary>
/// The sends of a <see cref="UringPoller"/>. The first try does not wait and reports only failure, so that the usual
/// send costs no completion; what came back short goes again and waits in the kernel.
/// </summary>
internal sealed unsafe class UringSends : IDisposable
{
    private const int PiecesMax = 64;
    private const int PieceTable = 2048;
    private const int MessageTable = 512;

    private readonly Uring _ring;
    private readonly UringPoller _poller;
    private readonly IoVec* _pieces;
    private readonly MsgHdr* _messages;
    private TransportConnection[] _sending = new TransportConnection[256];
    private int _sendingCount;
    private int _piecesUsed;
    private int _messagesUsed;

    public UringSends(Uring ring, UringPoller poller)
    {
        _ring = ring;
        _poller = poller;
        _pieces = (IoVec*)NativeMemory.Alloc((nuint)(PieceTable * sizeof(IoVec)));
        _messages = (MsgHdr*)NativeMemory.AllocZeroed((nuint)(MessageTable * sizeof(MsgHdr)));
    }

    /// <summary>Sends are under way that report only failure.</summary>
    public bool HasPending => _sendingCount > 0;

    /// <summary>The kernel has copied what was submitted: the tables are free again.</summary>
    public void ResetTables()
    {
        _piecesUsed = 0;
        _messagesUsed = 0;
    }

    /// <summary>
    /// Settles the sends that report only failure: they are done when everything was submitted and the queue has not
    /// overflown. Failures are taken out first, before their blocks would be returned.
    /// </summary>
    /// <returns>False when that cannot be said yet.</returns>
    public bool TrySettle(uint head, uint tail)
    {
        for (uint i = head; i != tail; i++)
        {
            ref UringCompletion completion = ref _ring.Completions[i & _ring.CompletionMask];
            if ((completion.UserData & UringKind.Mask) == UringKind.FastSend)
            {
                TransportConnection connection = _poller.At((int)(completion.UserData >> UringKind.Bits))!;
                connection.Poll |= PollFlags.SlowSend;
                Complete(connection, completion.Result);
            }
        }

        if (!_ring.AllSubmitted || _ring.IsOverflown)
        {
            return false;
        }

        int count = _sendingCount;
        _sendingCount = 0;
        for (int i = 0; i < count; i++)
        {
            TransportConnection connection = _sending[i];
            if (connection.FastSendBytes > 0)
            {
                Complete(connection, connection.FastSendBytes);
            }
        }

        Array.Clear(_sending, _sendingCount, Math.Max(0, count - _sendingCount));
        return true;
    }

    /// <summary>A send is over: so many bytes, or a negative error number.</summary>
    public void Complete(TransportConnection connection, int result)
    {
        connection.SendInFlight = false;
        connection.FastSendBytes = 0;
        if ((connection.Poll & PollFlags.Releasing) != 0)
        {
            _poller.FinishRelease(connection);
            return;
        }

        if (result < 0 && result != -TransportError.Again)
        {
            connection.Fail(-result);
            return;
        }

        TransportWriter writer = connection.Sends;
        writer.OnSent(Math.Max(result, 0));
        if (connection.IsClosed)
        {
            return;
        }

        if (writer.QueuedBytes > 0)
        {
            _poller.MarkDirty(connection);
        }
        else
        {
            connection.Poll &= ~PollFlags.SlowSend;
            if (connection.IsClosing || connection.Writer.ShutdownPending)
            {
                connection.AfterDrained();
            }

            connection.Relay?.OnReady(connection, readable: false, writable: true);
        }
    }

    /// <summary>Sends what is queued; the connection has something queued and nothing in flight.</summary>
    public void Submit(TransportConnection connection)
    {
        TransportWriter writer = connection.Sends;
        if (_piecesUsed + PiecesMax > PieceTable || _messagesUsed == MessageTable)
        {
            _ring.Submit();
            _piecesUsed = 0;
            _messagesUsed = 0;
        }

        IoVec* pieces = _pieces + _piecesUsed;
        int count = writer.Gather(pieces, PiecesMax, out long bytes);
        UringEntry* entry = _ring.Next();
        entry->Fd = connection.Fd;
        if (count == 1)
        {
            entry->Operation = Uring.OpSend;
            entry->Address = (ulong)pieces->Base;
            entry->Length = (uint)pieces->Length;
        }
        else
        {
            _piecesUsed += count;
            MsgHdr* message = _messages + _messagesUsed++;
            message->Iov = pieces;
            message->IovLength = (nuint)count;
            entry->Operation = Uring.OpSendMessage;
            entry->Address = (ulong)message;
            entry->Length = 1;
        }

        connection.SendInFlight = true;

        // Whoever waits for the end of this send needs its completion: without one, nothing would wake us.
        if (connection.AwaitsSent || (connection.Poll & PollFlags.SlowSend) != 0)
        {
            entry->OperationFlags = LibC.MsgNoSignal | LibC.MsgWaitAll;
            entry->UserData = UringKind.UserData(connection, UringKind.Send);
            return;
        }

        entry->OperationFlags = LibC.MsgNoSignal | LibC.MsgDontWait | LibC.MsgWaitAll;
        entry->Flags = Uring.EntrySkipSuccess;
        entry->UserData = UringKind.UserData(connection, UringKind.FastSend);
        connection.FastSendBytes = (int)bytes;
        if (_sendingCount == _sending.Length)
        {
            Array.Resize(ref _sending, _sendingCount * 2);
        }

        _sending[_sendingCount++] = connection;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_messages);
    }
}
