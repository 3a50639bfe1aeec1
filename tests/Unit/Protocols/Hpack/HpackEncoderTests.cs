using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Hpack;

/// <summary>What the encoder writes, a decoder reads; and it is small.</summary>
public sealed class HpackEncoderTests
{
    private readonly HpackScratch _scratch = new();
    private readonly byte[] _block = new byte[1 << 20];

    [Fact]
    public void Blocks_OfRandomFields_AreReadAsTheyWere()
    {
        Random random = new(11);
        HpackEncoder encoder = new(4096);
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        for (int i = 0; i < 3000; i++)
        {
            if (random.Next(100) == 0)
            {
                int limit = random.Next(5000);
                encoder.SetPeerLimit(limit);
                decoder.SetSizeLimit(limit);
            }

            if (random.Next(200) == 0)
            {
                encoder.Trim();
            }

            HttpFields fields = RandomFields(random);
            int length = HeadWriter.Write(encoder, fields, _scratch, _block);
            Assert.InRange(length, 0, HeadWriter.Measure(fields));
            Assert.Equal(Expected(fields), Decode(decoder, length));
            Assert.Equal(encoder.Table.Size, decoder.Table.Size);
        }
    }

    [Fact]
    public void Response_SentAgain_IsAFewBytes()
    {
        HpackEncoder encoder = new(4096);
        ResponseHead head = new() { StatusCode = 200, Body = BodyLength.Counted(100) };
        head.Fields.Append(KnownField.ContentType, "text/plain; charset=utf-8"u8);
        head.Fields.Append(KnownField.Server, "fastmesh"u8);
        head.Fields.Append(KnownField.Date, "Mon, 02 Nov 2026 10:00:00 GMT"u8);
        head.Fields.Append("x-powered-by"u8, "something"u8);
        int first = HeadWriter.Write(encoder, head, _scratch, _block);
        int second = HeadWriter.Write(encoder, head, _scratch, _block);
        Assert.InRange(first, 60, 120);
        Assert.InRange(second, 5, 10);
    }

    [Theory]
    [InlineData("authorization", "Bearer x", true)]
    [InlineData("proxy-authorization", "Basic x", true)]
    [InlineData("cookie", "short=1", true)]
    [InlineData("cookie", "long=0123456789abcdef0123456789abcdef", false)]
    [InlineData("set-cookie", "short=1", true)]
    public void Field_IsACredential_IsNotIndexed(string name, string value, bool never)
    {
        HpackEncoder encoder = new(4096);
        HttpFields fields = new();
        fields.Append(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        HeadWriter.Write(encoder, fields, _scratch, _block);
        Assert.Equal(0, encoder.Table.Count);
        Assert.Equal(never ? 0x10 : 0, _block[0] & 0xF0);
    }

    [Fact]
    public void Field_CameNeverIndexed_GoesOnNeverIndexed()
    {
        HttpFields received = new();
        HeadSink sink = HeadSink.Into(received, Http2Limits.Default);
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Assert.Equal(Http2Fault.None, decoder.Decode("\u0010\u0005token\u0001x"u8, ref sink));
        HttpFields copy = new();
        copy.CopyFrom(received);
        HpackEncoder encoder = new(4096);
        int length = HeadWriter.Write(encoder, copy, _scratch, _block);
        HpackDecoder next = new(new HpackScratch(), 4096);
        Assert.Equal("!token: x", Decode(next, length));
        Assert.Equal(0, encoder.Table.Count);
    }

    [Fact]
    public void Fields_OfTheConnection_AreNotWritten()
    {
        HpackEncoder encoder = new(4096);
        RequestHead head = new();
        head.SetMethod(HttpMethod.Get);
        head.SetAuthority("a"u8);
        head.SetPath("/"u8);
        head.Fields.Append("Connection"u8, "close"u8);
        head.Fields.Append("Keep-Alive"u8, "1"u8);
        head.Fields.Append("Upgrade"u8, "h2c"u8);
        head.Fields.Append("Transfer-Encoding"u8, "chunked"u8);
        head.Fields.Append("Content-Length"u8, "77"u8);
        head.Fields.Append("TE"u8, "Trailers"u8);
        head.Fields.Append("X-Upper"u8, "Case"u8);
        head.Body = BodyLength.Counted(3);
        int length = HeadWriter.Write(encoder, head, _scratch, _block);
        Assert.Equal(":method: GET\n:scheme: http\n:path: /\n:authority: a\nte: trailers\nx-upper: Case\n"
            + "content-length: 3", Decode(new HpackDecoder(new HpackScratch(), 4096), length));
    }

    [Fact]
    public void Value_HasALineEnd_BlockIsNotSentAndTheTableStaysRight()
    {
        HpackEncoder encoder = new(4096);
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        HttpFields fields = new();
        fields.Append("x-one"u8, "1"u8);
        Decode(decoder, HeadWriter.Write(encoder, fields, _scratch, _block));
        fields.Append("x-two"u8, "a\r\nb: c"u8);
        Assert.Equal(-1, HeadWriter.Write(encoder, fields, _scratch, _block));
        fields.Remove("x-two"u8);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("x-one: 1", Decode(decoder, HeadWriter.Write(encoder, fields, _scratch, _block)));
        }
    }

    [Fact]
    public void Limit_GoesDownAndUpBetweenBlocks_BothAreAnnounced()
    {
        HpackEncoder encoder = new(4096);
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        HttpFields fields = new();
        fields.Append("x-one"u8, "1"u8);
        Decode(decoder, HeadWriter.Write(encoder, fields, _scratch, _block));
        encoder.SetPeerLimit(0);
        encoder.SetPeerLimit(2000);
        decoder.SetSizeLimit(2000);
        int length = HeadWriter.Write(encoder, fields, _scratch, _block);
        Assert.Equal(0x20, _block[0]);
        Assert.Equal(0x3F, _block[1]);
        Assert.Equal("x-one: 1", Decode(decoder, length));
    }

    private string Decode(HpackDecoder decoder, int length)
    {
        List<string> fields = [];
        HpackListSink sink = new(fields);
        Assert.Equal(Http2Fault.None, decoder.Decode(_block.AsSpan(0, length), ref sink));
        return string.Join('\n', fields);
    }

    private static string Expected(HttpFields fields)
    {
        List<string> lines = [];
        for (int i = 0; i < fields.Count; i++)
        {
            string name = Encoding.Latin1.GetString(fields.Name(i));
            string value = Encoding.Latin1.GetString(fields.Value(i));
            bool never = name == "authorization" || (name == "cookie" && value.Length < HpackPolicy.ShortCookieBytes);
            lines.Add($"{(never ? "!" : "")}{name}: {value}");
        }

        return string.Join('\n', lines);
    }

    private static HttpFields RandomFields(Random random)
    {
        string[] names = ["authorization", "cookie", "server", "date", "x-a", "x-b", "x-long-name-of-a-field", "etag",
            "accept-encoding", "vary", "content-type"];
        HttpFields fields = new();
        for (int i = random.Next(12); i > 0; i--)
        {
            string name = names[random.Next(names.Length)];
            int length = random.Next(10) == 0 ? random.Next(5000) : random.Next(6);
            byte[] value = Enumerable.Range(0, length).Select(_ => (byte)"ab\u00e9z"[random.Next(4)]).ToArray();
            fields.Append(Encoding.ASCII.GetBytes(name), value);
        }

        return fields;
    }
}
