using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using FastMesh.Protocols.Http2;

namespace FastMesh.Tests.Support.Http2;

/// <summary>Frames by hand: what a scripted peer sends, and what was sent to it.</summary>
internal static class Frames
{
    /// <summary>The client's preface.</summary>
    public static byte[] Preface => FrameWriter.Preface.ToArray();

    /// <summary>Any frame.</summary>
    public static byte[] Frame(FrameType type, FrameFlags flags, int streamId, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeader.Bytes + payload.Length];
        new FrameHeader(payload.Length, type, flags, streamId).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Bytes));
        return frame;
    }

    /// <summary>SETTINGS with pairs of identifier and value.</summary>
    public static byte[] Settings(params (int Id, uint Value)[] settings)
    {
        byte[] payload = new byte[settings.Length * Http2Settings.EntryBytes];
        for (int i = 0; i < settings.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(i * 6), (ushort)settings[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((i * 6) + 2), settings[i].Value);
        }

        return Frame(FrameType.Settings, FrameFlags.None, 0, payload);
    }

    /// <summary>The acknowledgement of SETTINGS.</summary>
    public static byte[] SettingsAck() => Frame(FrameType.Settings, FrameFlags.Ack, 0);

    /// <summary>HEADERS with literal fields, one per line as "name: value".</summary>
    public static byte[] Headers(int streamId, string fields, bool endStream = true)
    {
        FrameFlags flags = FrameFlags.EndHeaders | (endStream ? FrameFlags.EndStream : FrameFlags.None);
        return Frame(FrameType.Headers, flags, streamId, Block(fields));
    }

    /// <summary>DATA.</summary>
    public static byte[] Data(int streamId, ReadOnlySpan<byte> bytes, bool endStream) =>
        Frame(FrameType.Data, endStream ? FrameFlags.EndStream : FrameFlags.None, streamId, bytes);

    /// <summary>A frame whose payload is one word.</summary>
    public static byte[] Word(FrameType type, int streamId, uint word)
    {
        byte[] payload = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, word);
        return Frame(type, FrameFlags.None, streamId, payload);
    }

    /// <summary>WINDOW_UPDATE.</summary>
    public static byte[] WindowUpdate(int streamId, uint increment) =>
        Word(FrameType.WindowUpdate, streamId, increment);

    /// <summary>RST_STREAM.</summary>
    public static byte[] RstStream(int streamId, Http2ErrorCode code = Http2ErrorCode.Cancel) =>
        Word(FrameType.RstStream, streamId, (uint)code);

    /// <summary>PING.</summary>
    public static byte[] Ping(FrameFlags flags = FrameFlags.None) => Frame(FrameType.Ping, flags, 0, new byte[8]);

    /// <summary>GOAWAY.</summary>
    public static byte[] GoAway(int last, Http2ErrorCode code = Http2ErrorCode.NoError)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)last);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), (uint)code);
        return Frame(FrameType.GoAway, FrameFlags.None, 0, payload);
    }

    /// <summary>Literal fields without indexing and without Huffman, one per line as "name: value".</summary>
    public static byte[] Block(string fields)
    {
        List<byte> block = [];
        foreach (string line in fields.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isPseudo = line.StartsWith(':') && !line.StartsWith(": ", StringComparison.Ordinal);
            int colon = line.IndexOf(": ", isPseudo ? 1 : 0, StringComparison.Ordinal);
            block.Add(0);
            Literal(block, line[..colon]);
            Literal(block, line[(colon + 2)..]);
        }

        return [.. block];
    }

    /// <summary>All frames of what was sent, one per line, for comparison.</summary>
    public static string Describe(ReadOnlySpan<byte> sent)
    {
        StringBuilder text = new();
        while (sent.Length >= FrameHeader.Bytes)
        {
            FrameHeader header = FrameHeader.Read(sent);
            ReadOnlySpan<byte> payload = sent.Slice(FrameHeader.Bytes, header.Length);
            sent = sent[(FrameHeader.Bytes + header.Length)..];
            text.Append(Line(header, payload)).Append('\n');
        }

        return text.ToString();
    }

    private static string Line(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        string end = header.Has(FrameFlags.EndStream) ? " END" : "";
        return header.Type switch
        {
            FrameType.Data => $"DATA {header.StreamId} {payload.Length}{end}",
            FrameType.Headers => $"HEADERS {header.StreamId}{end}",
            FrameType.RstStream => $"RST_STREAM {header.StreamId} {Code(payload)}",
            FrameType.WindowUpdate =>
                $"WINDOW_UPDATE {header.StreamId} {BinaryPrimitives.ReadUInt32BigEndian(payload)}",
            FrameType.GoAway => $"GOAWAY {BinaryPrimitives.ReadUInt32BigEndian(payload)} {Code(payload[4..])}",
            FrameType.Settings or FrameType.Ping =>
                $"{header.Type.ToString().ToUpperInvariant()}{(header.Has(FrameFlags.Ack) ? " ACK" : "")}",
            _ => string.Create(CultureInfo.InvariantCulture,
                $"{header.Type.ToString().ToUpperInvariant()} {header.StreamId} {payload.Length}"),
        };
    }

    private static Http2ErrorCode Code(ReadOnlySpan<byte> payload) =>
        (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload);

    private static void Literal(List<byte> block, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        byte[] length = new byte[6];
        int written = FastMesh.Protocols.Hpack.HpackInteger.Encode(length, 0, 0, 7, bytes.Length);
        block.AddRange(length.Take(written));
        block.AddRange(bytes);
    }
}
