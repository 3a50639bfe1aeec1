using System;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// The key of a WebSocket handshake and its answer (RFC 6455 §4), which HTTP/1.1 needs and HTTP/2 does without
/// (RFC 8441 §5): where the two meet, the proxy is the side that the other lacks. A key that came over HTTP/2 is passed
/// on: proxies that need it send it.
/// </summary>
internal static class WebSocketKey
{
    private const int KeyBytes = 16;
    private const int KeyLength = 24;

    // The key of a client is 24 letters; what is longer is none, and its answer would be of no use.
    private const int KeyLengthMax = 64;

    private const int AnswerLength = 28;

    /// <summary>Adds a key to a WebSocket request that has none; true when it did.</summary>
    public static bool TryAdd(RequestHead request, Reactor reactor)
    {
        if (!IsWebSocket(request) || request.Fields.Find("sec-websocket-key"u8) >= 0)
        {
            return false;
        }

        Span<byte> random = stackalloc byte[KeyBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(random, reactor.NextRandom());
        BinaryPrimitives.WriteUInt64LittleEndian(random[8..], reactor.NextRandom());
        Span<byte> key = stackalloc byte[KeyLength];
        Base64.EncodeToUtf8(random, key, out _, out _);
        request.Fields.Append("sec-websocket-key"u8, key);
        return true;
    }

    /// <summary>Answers the key of a request, whatever the upstream answered.</summary>
    public static void Answer(RequestHead request, ResponseHead response)
    {
        Span<byte> answer = stackalloc byte[AnswerLength];
        if (IsWebSocket(request) && TryAnswer(request, answer))
        {
            RemoveAnswer(response);
            response.Fields.Append("sec-websocket-accept"u8, answer);
        }
    }

    /// <summary>Whether a response has the right answer, which RFC 6455 §4.1 bids the client to look at.</summary>
    public static bool IsAnswered(RequestHead request, ResponseHead response)
    {
        Span<byte> answer = stackalloc byte[AnswerLength];
        return TryAnswer(request, answer)
            && response.Fields.TryGet("sec-websocket-accept"u8, out ReadOnlySpan<byte> given)
            && given.SequenceEqual(answer);
    }

    public static void RemoveAnswer(ResponseHead response) => response.Fields.Remove("sec-websocket-accept"u8);

    private static bool IsWebSocket(RequestHead request) => Ascii.EqualsIgnoreCase(request.Upgrade, "websocket"u8);

    private static bool TryAnswer(RequestHead request, Span<byte> answer)
    {
        ReadOnlySpan<byte> suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;
        if (!request.Fields.TryGet("sec-websocket-key"u8, out ReadOnlySpan<byte> key) || key.Length > KeyLengthMax)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[KeyLengthMax + suffix.Length];
        key.CopyTo(text);
        suffix.CopyTo(text[key.Length..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6455 §4.2.2 says SHA-1; nothing is protected by it.
        SHA1.HashData(text[..(key.Length + suffix.Length)], hash);
#pragma warning restore CA5350
        Base64.EncodeToUtf8(hash, answer, out _, out _);
        return true;
    }
}
