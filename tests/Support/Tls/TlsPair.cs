using System;
using System.Buffers;
using System.Collections.Generic;
using FastMesh.Tls;

namespace FastMesh.Tests.Support.Tls;

/// <summary>One end of an in-memory connection: a session, what it was sent, and what it says.</summary>
internal sealed class TlsEnd(TlsSession session) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private byte[] _input = [];

    public TlsSession Session { get; } = session;

    /// <summary>The newest status.</summary>
    public TlsStatus Status { get; private set; }

    /// <summary>Bytes received and not consumed.</summary>
    public ReadOnlySpan<byte> Unread => _input;

    public ArrayBufferWriter<byte> Output => _output;

    public void Receive(ReadOnlySpan<byte> bytes) => _input = [.. _input, .. bytes];

    public TlsStatus Handshake()
    {
        ReadOnlySequence<byte> input = new(_input);
        Status = Session.Handshake(ref input, _output);
        _input = input.ToArray();
        return Status;
    }

    /// <summary>Decrypts everything that was received.</summary>
    public byte[] Read()
    {
        ArrayBufferWriter<byte> plaintext = new();
        ReadOnlySequence<byte> input = new(_input);
        Status = Session.ReadAll(ref input, plaintext, _output);
        _input = input.ToArray();
        return plaintext.WrittenSpan.ToArray();
    }

    public TlsStatus Write(ReadOnlySpan<byte> plaintext) => Status = Session.Write(plaintext, _output);

    /// <summary>Takes what it says.</summary>
    public byte[] Take()
    {
        byte[] bytes = _output.WrittenSpan.ToArray();
        _output.Clear();
        return bytes;
    }

    public void Dispose() => Session.Dispose();
}

/// <summary>What tests ask of a session at once.</summary>
internal static class TlsSessionReads
{
    /// <summary>Decrypts as long as there is something.</summary>
    public static TlsStatus ReadAll(
        this TlsSession session, ref ReadOnlySequence<byte> input, IBufferWriter<byte> plaintext,
        IBufferWriter<byte> output)
    {
        TlsStatus status = TlsStatus.Done;
        while (status == TlsStatus.Done)
        {
            status = session.Read(ref input, plaintext.GetSpan(TlsSession.RecordBytesMax), output, out int written);
            plaintext.Advance(written);
        }

        return status;
    }
}

/// <summary>A client's and a server's session, joined in memory.</summary>
internal sealed class TlsPair : IDisposable
{
    public TlsPair(
        TlsContext client, TlsContext server, string? serverName = null, TlsSessionCache? cache = null,
        IReadOnlyList<string>? protocols = null)
    {
        Client = new TlsEnd(client.Connect(serverName, cache, protocols));
        Server = new TlsEnd(server.Accept());
    }

    public TlsEnd Client { get; }

    public TlsEnd Server { get; }

    /// <summary>Runs both handshakes until both are through, or one has failed and the other has heard of it.</summary>
    /// <param name="pieceBytes">The wire delivers that many bytes at a time.</param>
    public bool Handshake(int pieceBytes = int.MaxValue)
    {
        Client.Handshake();
        for (int round = 0; round < 10; round++)
        {
            Carry(Client, Server, pieceBytes);
            Carry(Server, Client, pieceBytes);
        }

        return Client.Session.IsEstablished && Server.Session.IsEstablished
            && Client.Session.Error is null && Server.Session.Error is null;
    }

    /// <summary>Sends through both and returns what came out.</summary>
    public byte[] Send(TlsEnd from, ReadOnlySpan<byte> plaintext)
    {
        from.Write(plaintext);
        TlsEnd to = from == Client ? Server : Client;
        to.Receive(from.Take());
        return to.Read();
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private void Carry(TlsEnd from, TlsEnd to, int pieceBytes)
    {
        byte[] bytes = from.Take();
        for (int at = 0; at < bytes.Length; at += pieceBytes)
        {
            to.Receive(bytes.AsSpan(at, Math.Min(pieceBytes, bytes.Length - at)));
            if (!to.Session.IsEstablished)
            {
                to.Handshake();
            }
        }

        // Tickets and late alerts come behind the handshake.
        if (to.Session.IsEstablished && to.Unread.Length > 0)
        {
            to.Read();
        }
    }
}

/// <summary>Contexts for tests; what is wrong with the settings is thrown.</summary>
internal static class Contexts
{
    public static TlsContext Server(TlsServerSettings settings)
    {
        List<string> problems = [];
        return TlsContext.CreateServer(settings, problems)
            ?? throw new InvalidOperationException(string.Join("; ", problems));
    }

    public static TlsContext Client(TlsClientSettings settings)
    {
        List<string> problems = [];
        return TlsContext.CreateClient(settings, problems)
            ?? throw new InvalidOperationException(string.Join("; ", problems));
    }
}
